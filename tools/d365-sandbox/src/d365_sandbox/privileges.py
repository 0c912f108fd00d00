"""What the service user may do: whether it is registered, and what its role lacks."""

from dataclasses import dataclass

from d365_sandbox.entities import EntitySet
from d365_sandbox.odata_errors import Answer, ODataError, error_body
from d365_sandbox.setup import Setup

READS = frozenset({"GET", "HEAD"})


class PrivilegeMissing(ODataError):
    """The role lacks a privilege on the entity; one source says 401, another 403."""

    def __init__(self, status: int, entity: EntitySet, action: str) -> None:
        super().__init__(status, f"Access denied: the user lacks the privilege to {action} {entity.label}.")

    def answer(self) -> Answer:
        """401 comes without a body, as for a refused token."""
        if self.status == 401:
            return Answer(401, headers={"WWW-Authenticate": "Bearer"})
        return Answer(self.status, error_body(self.message, "System.UnauthorizedAccessException"))


@dataclass(frozen=True, slots=True)
class Privileges:
    """The rights of the service user under a set-up."""

    setup: Setup

    def check(self, method: str, entity: EntitySet) -> None:
        """Raises `PrivilegeMissing` if the role may not do this with the entity."""
        action = "read" if method in READS else "delete" if method == "DELETE" else "change"
        if entity.name in self._lacking(action):
            raise PrivilegeMissing(self.setup.missing_privilege_status, entity, action)

    def _lacking(self, action: str) -> tuple[str, ...]:
        setup = self.setup
        if action == "read":
            return setup.lacks_view
        return setup.lacks_maintain + setup.lacks_delete if action == "delete" else setup.lacks_maintain

    def check_company(self, company: object) -> None:
        """Raises `ODataError` if a write names a legal entity that the service user cannot see."""
        if str(company).lower() in {hidden.lower() for hidden in self.setup.hidden_companies}:
            raise ODataError(400, f"The user does not have access to the company '{company}'.")
