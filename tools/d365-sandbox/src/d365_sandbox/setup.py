"""The set-up: how an administrator configured D365 and its application in Entra, and what D365 refuses."""

from dataclasses import replace
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from d365_sandbox.entities import CASES, EntitySet, Kind, build_catalog
from d365_sandbox.entities import Field as EntityField
from d365_sandbox.entra_errors import BY_CODE
from d365_sandbox.event_shapes import Shape


class Setup(BaseModel):
    """The set-up; by default that of a live environment that is configured correctly.

    Fields are named `EntitySet.Field`, except in settings that concern only the case entity.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # What D365 refuses
    text_comparison: bool = Field(
        False, description="Whether gt, ge, lt and le work on text. Otherwise, the answer is 400."
    )
    max_filter_nodes: int = Field(
        100, ge=0, le=10_000, description="The most nodes in a $filter. For more, the answer is 400; 0 means no limit."
    )
    max_page_size: int = Field(10_000, ge=1, le=10_000, description="The most records on a page.")
    lengths: dict[str, int] = Field({}, description="Other lengths for case fields, as JSON.")
    too_long: Literal["refuse", "cut"] = Field(
        "refuse", description="Whether a text that is too long is rejected or cut."
    )
    duplicate_status: int = Field(400, ge=400, le=599, description="The HTTP status for a duplicate.")

    # The entities, as they were deployed
    unique_web_case_id: bool = Field(True, description="Whether a second case with the same Web Case ID is rejected.")
    mandatory_fields: tuple[str, ...] = Field((), description="Further mandatory fields of the case, as JSON.")
    private_fields: tuple[str, ...] = Field((), description="Hidden fields, as JSON: EntitySet.Field.")
    unfilterable_fields: tuple[str, ...] = Field(
        (), description="Fields that are returned but rejected in query options, as JSON: EntitySet.Field."
    )
    extra_statuses: tuple[str, ...] = Field(
        ("OnHold",), description="Further case statuses, which no mapping contains, as JSON."
    )
    number_sequence: bool = Field(
        True, description="Whether D365 assigns the Case ID. Otherwise, the request must contain one."
    )

    # The service user and its role
    registered: bool = Field(
        True, description="Whether the application is registered in D365. Otherwise, the answer to every token is 401."
    )
    default_company: str = Field(
        "usmf",
        pattern=r"^[A-Za-z0-9]{1,4}$",
        description="The legal entity that is visible without cross-company=true.",
    )
    hidden_companies: tuple[str, ...] = Field(
        (), description="Legal entities that the service user cannot see, as JSON."
    )
    lacks_view: tuple[str, ...] = Field((), description="Entity sets that the role may not read, as JSON.")
    lacks_maintain: tuple[str, ...] = Field((), description="Entity sets that the role may not change, as JSON.")
    lacks_delete: tuple[str, ...] = Field((), description="Entity sets that the role may not delete from, as JSON.")
    missing_privilege_status: Literal[401, 403] = Field(403, description="The HTTP status for a missing privilege.")

    # The environment
    inactive_events: tuple[str, ...] = Field(
        (), description="Legal entities for which business events are not active, as JSON."
    )
    events_shape: Shape = Field(Shape.PLAIN, description="The format of business events by HTTPS.")
    events_secret_as: Literal["bearer", "code", "x-functions-key"] = Field(
        "bearer", description="Where to put the secret of business events: in a bearer token, a header or the address."
    )
    clock_offset_seconds: float = Field(0, description="How far D365's clock is off.")
    sign_in_page: bool = Field(False, description="Whether every address below /data returns an HTML page.")

    # The application in Entra
    environment_url: str = Field(
        "",
        pattern=r"^(https?://[^/]+)?$",
        description="The audience that tokens must have. Default: the address of the request.",
    )
    tenant_id: str = Field("", description="The tenant. All others are rejected. If empty, every tenant is accepted.")
    token_error: int | None = Field(None, description="The AADSTS error for every token request. Default: none.")

    @model_validator(mode="after")
    def _names_what_there_is(self) -> Self:
        catalog = build_catalog()
        for name in (*self.private_fields, *self.unfilterable_fields):
            _check_field(name, catalog)
        for name in (*self.mandatory_fields, *self.lengths):
            _check_field(f"{CASES}.{name}", catalog)
        for name in (*self.lacks_view, *self.lacks_maintain, *self.lacks_delete):
            if name not in catalog:
                raise ValueError(f"unknown entity set '{name}'")
        if self.token_error is not None and self.token_error not in BY_CODE:
            raise ValueError(f"token_error must be one of {', '.join(map(str, sorted(BY_CODE)))}")
        return self


def _check_field(name: str, catalog: dict[str, EntitySet]) -> None:
    entity_set, _, field = name.partition(".")
    if entity_set not in catalog or field not in catalog[entity_set].names:
        raise ValueError(f"unknown field '{name}': write EntitySet.Field")


def catalog_of(setup: Setup) -> dict[str, EntitySet]:
    """The entity sets under a set-up."""
    return {
        name: replace(entity, fields=tuple(_field(setup, entity, field) for field in entity.fields))
        for name, entity in build_catalog().items()
    }


def _field(setup: Setup, entity: EntitySet, field: EntityField) -> EntityField:
    full, is_case = f"{entity.name}.{field.name}", entity.name == CASES
    mandatory = field.mandatory or (is_case and field.name in setup.mandatory_fields)
    symbols = field.symbols + setup.extra_statuses if field.enum == "CaseStatus" else field.symbols
    return replace(
        field,
        length=setup.lengths.get(field.name, field.length) if is_case and field.kind is Kind.STRING else field.length,
        mandatory=mandatory,
        # An optional private field exists only if an administrator made it mandatory
        private=full in setup.private_fields or (field.private and not mandatory),
        filterable=full not in setup.unfilterable_fields,
        symbols=symbols,
    )
