"""Route of the erasure of personal data."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.words.scopes import Scope
from d365_sync.app.erase_personal_data import Whose
from d365_sync.web.answers import answer
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
    """Whose personal data: of a case, of what a user wrote or submitted, or of a contact.

    With `dry_run` the cases are only found.
    """

    dealer: Annotated[_Text, Field(examples=["usmf-us-001"])]
    web_case_id: _Text | None = None
    user: Annotated[_Text | None, Field(description="name or subject")] = None
    contact: Annotated[_Text | None, Field(description="name, e-mail address or phone number; case ignored")] = None
    dry_run: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.web_case_id, self.user, self.contact)) != 1:
            raise PydanticCustomError("whose", "Give one of web_case_id, user and contact.")
        return self


class ErasureDocument(Document):
    """Whose cases were emptied, or would be."""

    dry_run: bool
    count: int
    web_case_ids: list[str]


@router.post(
    "",
    operation_id="erase_personal_data",
    summary="Erase personal data at once",
    responses={200: {"model": ErasureDocument}, **problems("not-found", "case-on-its-way", "invalid-request")},
)
async def erase(request: Request, eraser: Eraser, body: ErasureInput) -> Response:
    """Contact, notes, description and every copy of them are emptied, whatever the state; ids, status and times stay.

    Where one of the cases is on its way to D365, nothing is erased (409). Safe to repeat. D365's own record stays.
    """
    whose = Whose(body.dealer, body.web_case_id, body.user, body.contact)
    ids = await context_of(request).erase(whose, eraser.actor, body.reason, dry_run=body.dry_run)
    return answer({"dry_run": body.dry_run, "count": len(ids), "web_case_ids": ids})
