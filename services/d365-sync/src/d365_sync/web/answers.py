"""What operators get: documents and lists as JSON, refusals as problems."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request, Response

from case_shared.events import CaseContent, Contact
from case_shared.problems import FieldError, Problem
from d365_sync.app.operating import D365Unreachable, DocumentChanged, DocumentNotFound, NotAllowed
from d365_sync.app.preview import Preview, edits
from d365_sync.app.replays import CountDiffers, KeyReused, ReplayNotAllowed, ReplayNotFound
from d365_sync.app.search_d365 import DealerNotFound
from d365_sync.domain.document import DocumentId, State, allowed_actions
from d365_sync.domain.permissions import permissions
from d365_sync.domain.replay import allowed_replay_actions

Json = dict[str, Any]
_AS_THEY_ARE = (
    "web_case_id",
    "submission_no",
    "submission_id",
    "dealer",
    "data_area_id",
    "customer_account",
    "state",
    "cause",
    "reason",
    "detail",
    "given_reason",
    "case_id",
    "attempts",
    "created_by",
    "created_at",
    "submitted_at",
    "delivered_at",
    "changed_at",
    "next_attempt_at",
    "revision",
    "replay_id",
)


def document(row: Json) -> Json:
    """A document (DESIGN section 7), and what an operator may do with it."""
    return {
        "id": str(DocumentId(row["web_case_id"], row["submission_no"])),
        **{name: row[name] for name in _AS_THEY_ARE},
        "payload": row["content"] and payload(row["content"]),
        "allowed_actions": allowed_actions(State(row["state"])),
    }


def whole_document(row: Json, preview: Preview, *, may_write: bool) -> Json:
    """A document's own page: what stands in its way, what is sent for it, what operators changed, and its notes."""
    emptied, edited = row["content"] is None, edits(row)
    may = permissions(State(row["state"]), leased=row["leased"], emptied=emptied, may_write=may_write)
    return {
        **document(row),
        "other_case_ids": row["other_case_ids"],
        "actions": [{**asdict(one), "allowed": one.obstacle is None, "why": one.why} for one in may],
        "request": preview.request(row),
        "submitted_payload": row["submitted"] and payload(row["submitted"]),
        "changes": None if edited is None else [asdict(change) for change in edited],
        "notes": row["notes"],
    }


def payload(content: Json) -> Json:
    """What the dealer wrote, with every field, so that it can be edited and sent back."""
    contact = content.get("contact")
    return {
        **{name: content.get(name) for name in CaseContent.model_fields},
        "contact": contact and {name: contact.get(name) for name in Contact.model_fields},
    }


def page(items: Sequence[Json], limit: int, cursor_of: Callable[[Json], str]) -> Json:
    """A list's page; `items` has one more than `limit` where there is another page."""
    shown = list(items[:limit])
    more = len(items) > limit
    return {"items": shown, "next": cursor_of(shown[-1]) if more else None, "has_more": more}


def answer(content: Json, status: int = 200, **headers: str) -> Response:
    """`content` as JSON; `headers` by their names."""
    return Response(orjson.dumps(content, default=str, option=orjson.OPT_UTC_Z), status, headers, "application/json")


def install_refusals(app: FastAPI) -> None:
    """Answer each refusal with its problem."""
    for kind, word in _WORDING.items():
        app.add_exception_handler(kind, _handler(word))


def _handler(word: Callable[[Any], Problem]) -> Callable[[Request, Exception], Any]:
    async def handle(_request: Request, error: Exception) -> Response:
        return word(error).response()

    return handle


def _changed(error: DocumentChanged) -> Problem:
    current = f'"{error.revision}"'
    detail = f"The document is at {current} now. Fetch it, and decide again."
    return Problem(412, "version-changed", "The document has changed", detail, headers={"ETag": current})


def _not_allowed(error: NotAllowed) -> Problem:
    return _refused("The document's state does not permit this", error, allowed_actions(error.state))


def _replay_not_allowed(error: ReplayNotAllowed) -> Problem:
    return _refused("The replay's state does not permit this", error, allowed_replay_actions(error.state))


def _refused(title: str, error: Exception, allowed: Sequence[str]) -> Problem:
    offered = f" Allowed now: {', '.join(allowed)}." if allowed else " Nothing can be done with it now."
    return Problem(409, "not-allowed", title, f"{error}.{offered}", allowed_actions=allowed)


def _key_reused(_error: KeyReused) -> Problem:
    detail = "Take a new key for a new replay; the same request may be repeated with the same key."
    title = "The Idempotency-Key was used for another request"
    error = FieldError(pointer="Idempotency-Key", detail=detail)
    return Problem(422, "idempotency-key-reused", title, detail, errors=[error])


def _count_differs(error: CountDiffers) -> Problem:
    detail = f"{error}. Look at them again, and confirm that number."
    title = "Another number of documents matches"
    return Problem(409, "count-differs", title, detail, documents=error.documents)


def _unavailable(error: Exception) -> Problem:
    detail = str(error) if isinstance(error, D365Unreachable) else "The database does not answer. Repeat the request."
    return Problem(503, "unavailable", "Not available now", detail, headers={"Retry-After": "5"})


_WORDING: dict[type[Exception], Callable[[Any], Problem]] = {
    DocumentNotFound: lambda error: Problem(404, "not-found", "Not found", f"{error}."),
    DocumentChanged: _changed,
    NotAllowed: _not_allowed,
    ReplayNotFound: lambda error: Problem(404, "not-found", "Not found", f"{error}."),
    ReplayNotAllowed: _replay_not_allowed,
    KeyReused: _key_reused,
    CountDiffers: _count_differs,
    DealerNotFound: lambda error: Problem(404, "not-found", "Not found", f"{error}."),
    D365Unreachable: _unavailable,
    OSError: _unavailable,
    TimeoutError: _unavailable,
    asyncpg.InterfaceError: _unavailable,
    asyncpg.InternalClientError: _unavailable,
    asyncpg.PostgresConnectionError: _unavailable,
    asyncpg.OperatorInterventionError: _unavailable,
}
