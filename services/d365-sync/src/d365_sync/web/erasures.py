"""Route of the erasure of personal data."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope
from d365_sync.app.erase_personal_data import Whose
from d365_sync.web.context import context_of
from d365_sync.web.models import Document
from d365_sync.web.openapi import problems
from d365_sync.web.requests import ReasonInput, no_query_on_orders

router = APIRouter(
    prefix="/v1/erasures", tags=["personal data"], dependencies=[Depends(no_query_on_orders)], route_class=TokenFirst
)
Eraser = Annotated[Principal, Depends(Authenticated(Scope.PERSONAL_DATA_ERASE))]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254, pattern=r"^[^\x00]*$")]


class ErasureInput(ReasonInput):
    """Whose personal data to erase: that of one case, of the cases of a user, or of the cases with a contact.

    With `dry_run`, nothing is erased; the answer names the cases.
    """

    dealer: Annotated[_Text, Field(examples=["usmf-us-001"])]
    web_case_id: _Text | None = None
    user: Annotated[_Text | None, Field(description="Username or subject.")] = None
    contact: Annotated[
        _Text | None, Field(description="Name, email address or phone number, in upper or lower case.")
    ] = None
    dry_run: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.web_case_id, self.user, self.contact)) != 1:
            raise PydanticCustomError("whose", "Give exactly one of web_case_id, user and contact.")
        return self


class ErasureDocument(Document):
    """The cases whose personal data was erased, or would be in a dry run."""

    dry_run: bool
    count: int
    web_case_ids: list[str]


@router.post(
    "",
    operation_id="erase_personal_data",
    summary="Erase personal data",
    response_model=ErasureDocument,
    responses=problems("not-found", "case-on-its-way", "invalid-request"),
)
async def erase(request: Request, eraser: Eraser, body: ErasureInput) -> Json:
    """Empty contact, notes, description and all their copies, in any state. IDs, status and times stay.

    If one of the cases is on its way to D365, nothing is erased (409). The request is safe to repeat. The record in
    D365 stays.
    """
    whose = Whose(body.dealer, body.web_case_id, body.user, body.contact)
    ids = await context_of(request).erase(whose, eraser.actor, body.reason, dry_run=body.dry_run)
    return {"dry_run": body.dry_run, "count": len(ids), "web_case_ids": ids}
