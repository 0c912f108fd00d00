"""Which category types dealers may see: D365 keeps HR and audit cases in the same table."""

from dataclasses import dataclass

_NEVER_BY_DEFAULT = frozenset({"humanresources", "fmla", "audit"})


@dataclass(frozen=True, slots=True)
class CategoryTypes:
    """The types of `D365_CATEGORY_TYPES`; None: all but HumanResources, FMLA and Audit."""

    allowed: frozenset[str] | None

    @classmethod
    def of(cls, setting: str | None) -> "CategoryTypes":
        """Read the comma-separated setting; symbols compare without case."""
        names = frozenset(name.strip().casefold() for name in (setting or "").split(",") if name.strip())
        return cls(names or None)

    def allow(self, category_type: str | None) -> bool:
        """A case whose type is not known is not shown: it might be anything."""
        if not category_type:
            return False
        symbol = category_type.casefold()
        return symbol not in _NEVER_BY_DEFAULT if self.allowed is None else symbol in self.allowed
