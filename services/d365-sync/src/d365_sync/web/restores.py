"""Routes of D365 restores: report that D365 was restored to an earlier time, and follow the look-ups."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.web.problems import FieldError, Problem, invalid
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope
from d365_sync.app.restore_d365 import RestoreOrder
from d365_sync.web.context import context_of
from d365_sync.web.models import Page
from d365_sync.web.openapi import problems
from d365_sync.web.requests import NoQuery, ReasonInput, Time, no_query_on_orders

router = APIRouter(
    prefix="/v1/d365/restores", tags=["delivery"], dependencies=[Depends(no_query_on_orders)], route_class=TokenFirst
)
Reader = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_READ))]
Writer = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_WRITE))]
_MOST = 20
_SHOWN = ("restore_id", "since", "dry_run", "state", "reason", "ordered_at", "changed_at", "ended_at", "held_up_by")
_COUNTS = ("documents", "there", "queued", "not_sure", "under_way", "remaining")


class RestoreInput(ReasonInput):
    """D365 was restored to the time `since`. A dry run changes nothing."""

    since: Time
    dry_run: StrictBool = False


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class RestoreCounts(_Document):
    """The number of documents that were delivered since then, and what D365 shows for them."""

    documents: int
    there: int
    queued: int = Field(description="Surely absent from D365, and delivered again (in a dry run: would be).")
    not_sure: int = Field(description="Left as they are. `unsure` says why.")
    under_way: int = Field(description="No longer delivered when they were looked up.")
    remaining: int


class UnsureDocument(_Document):
    """A document that could not be judged."""

    document: str
    why: str | None


class RestoreDocument(_Document):
    """A restore of D365 that an operator reported, and the progress of its look-ups."""

    restore_id: UUID
    since: datetime
    dry_run: bool
    state: str = Field(description="running or completed.", pattern="^(running|completed)$")
    reason: str
    ordered_by: str
    ordered_by_subject: str | None
    ordered_by_issuer: str | None
    ordered_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    held_up_by: str | None = Field(description="Why it is waiting.")
    counts: RestoreCounts
    unsure: list[UnsureDocument] = Field(description="The first 100 of them.")


class RestoresDocument(Page):
    """The newest 20 restores of D365, on a single page."""

    items: list[RestoreDocument]


@router.get(
    "",
    operation_id="list_d365_restores",
    summary="List restores of D365",
    response_model=RestoresDocument,
    responses=problems("invalid-request"),
)
async def newest_restores(request: Request, _reader: Reader, _query: Annotated[NoQuery, Query()]) -> Json:
    """Return the newest 20 restores that operators reported, dry runs too, newest first."""
    rows = await context_of(request).restores.newest(_MOST)
    return {"items": [_document(row) for row in rows], "next": None, "has_more": False}


@router.post(
    "",
    operation_id="order_d365_restore",
    summary="Report that D365 was restored",
    status_code=202,
    response_model=RestoreDocument,
    responses=problems("restore-runs", "invalid-request"),
)
async def order(request: Request, response: Response, writer: Writer, body: RestoreInput) -> Json:
    """Look up in the background every document that was delivered since then.

    Cases that are surely absent from D365 are delivered again, once; the others stay as they are. Repeating the request
    while the restore is running returns the same restore.
    """
    if body.since > datetime.now(UTC):
        raise invalid(
            [
                FieldError(
                    pointer="/since", detail="This time is in the future. Give the time that D365 was restored to."
                )
            ]
        )
    wanted = RestoreOrder(body.since, body.dry_run, writer.actor, body.reason)
    restore_id = await context_of(request).order_restore(wanted)
    response.headers["Location"] = f"/v1/d365/restores/{restore_id}"
    return await _shown(request, restore_id)


@router.get(
    "/{restore}",
    operation_id="get_d365_restore",
    summary="Get a restore of D365",
    response_model=RestoreDocument,
    responses=problems("not-found", "invalid-request"),
)
async def one_restore(request: Request, _reader: Reader, restore: str, _query: Annotated[NoQuery, Query()]) -> Json:
    """Return its progress, with the first 100 documents that could not be judged."""
    try:
        restore_id = UUID(restore)
    except ValueError:
        raise _unknown(restore) from None
    return await _shown(request, restore_id)


async def _shown(request: Request, restore_id: UUID) -> Json:
    row = await context_of(request).restores.shown(restore_id)
    if row is None:
        raise _unknown(str(restore_id))
    return _document(row)


def _document(row: Json) -> Json:
    counts = {name: row[name] for name in _COUNTS}
    return {
        **{name: row[name] for name in _SHOWN},
        "ordered_by": row["actor"],
        "ordered_by_subject": row["actor_subject"],
        "ordered_by_issuer": row["actor_issuer"],
        "counts": counts,
        "unsure": row["unsure"],
    }


def _unknown(restore: str) -> Problem:
    return Problem(404, "not-found", "Not found", f"Restore {restore} does not exist.")
