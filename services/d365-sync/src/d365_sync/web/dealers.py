"""Routes of dealers, and of their cases in D365."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from case_shared.d365.keys import D365SearchText
from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope
from d365_sync.app.search_d365 import FoundCase
from d365_sync.web.answers import page
from d365_sync.web.context import context_of
from d365_sync.web.openapi import problems
from d365_sync.web.requests import Body, PageQuery, TextFilter

router = APIRouter(prefix="/v1", tags=["dealers"], route_class=TokenFirst)
Reader = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_READ))]
_TEXT = r"^[^\x00]*$"


class DealersQuery(PageQuery):
    """Filters: `q` is part of the slug, name or customer account; `failed=true` selects dealers with dead letters."""

    q: TextFilter = None
    active: bool | None = None
    failed: bool | None = None


class D365CasesQuery(Body):
    """The dealer and the search text. Without `q`, the newest cases."""

    dealer: Annotated[str, Field(min_length=1, max_length=100, pattern=_TEXT)]
    q: D365SearchText = ""


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class DealerDocument(_Document):
    """A dealer with its numbers of documents: `open` are on their way, `failed` are dead letters."""

    dealer: str
    name: str | None
    data_area_id: str
    customer_account: str
    active: bool
    first_seen_at: datetime
    seen_at: datetime
    open: int
    failed: int
    oldest_age_seconds: float | None


class DealersDocument(_Document):
    """One page of dealers, sorted by slug."""

    items: list[DealerDocument]
    next: str | None
    has_more: bool


class D365CaseDocument(_Document):
    """A case in D365. `document` is the document that is linked to it."""

    case_id: str
    web_case_id: str | None
    status: str | None
    category: str | None
    priority: str | None
    description: str | None
    modified_at: datetime | None
    document: str | None


class D365CasesDocument(_Document):
    """Cases in D365, last modified first."""

    items: list[D365CaseDocument]
    next: None
    has_more: bool


@router.get(
    "/dealers",
    operation_id="list_dealers",
    summary="List dealers",
    response_model=DealersDocument,
    responses=problems("invalid-request"),
)
async def dealers(request: Request, _reader: Reader, query: Annotated[DealersQuery, Query()]) -> Json:
    """Return the dealers that Casebridge knows, sorted by slug, with their numbers of documents."""
    cursors = context_of(request).cursors
    behind = cursors.decode(query.cursor, "dealers", str)
    rows = await context_of(request).dealers.page(
        query.q, str(behind[0]) if behind else None, query.limit + 1, active=query.active, failed=query.failed
    )
    return page(rows, query.limit, lambda row: cursors.encode("dealers", row["dealer"]))


@router.get(
    "/d365/cases",
    operation_id="search_d365_cases",
    summary="Search a dealer's cases in D365",
    response_model=D365CasesDocument,
    responses=problems("not-found", "invalid-request"),
)
async def d365_cases(request: Request, _reader: Reader, query: Annotated[D365CasesQuery, Query()]) -> Json:
    """Find the case to link to a document.

    `q` is part of the Case ID, Web Case ID or description. The search covers only the dealer's legal entity and
    customer account, and returns at most 25 cases, last modified first. The answer is 503 while D365 does not answer,
    or while too many searches are running.
    """
    found, more = await context_of(request).search_d365(query.dealer, query.q)
    return {"items": [_case(one) for one in found], "next": None, "has_more": more}


def _case(found: FoundCase) -> Json:
    names = ("case_id", "web_case_id", "status", "category", "priority", "description", "modified_at")
    shown: Json = {name: getattr(found.case, name) for name in names}
    return {**shown, "document": str(found.document) if found.document else None}
