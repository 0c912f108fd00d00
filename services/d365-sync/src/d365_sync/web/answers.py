"""What operators get: documents and lists as JSON, refusals as problems."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from case_shared.web.problems import FieldError, Problem, no_version
from case_shared.words.events import CaseContent, Contact
from case_shared.words.json_object import Json
from d365_sync.app.category_type import CategoryAmbiguous
from d365_sync.app.erase_personal_data import NothingOfTheirs, OnTheirWay
from d365_sync.app.operator_actions import D365Unreachable, DocumentChanged, DocumentNotFound, NotAllowed, PayloadNeeded
from d365_sync.app.preview import Preview, edits
from d365_sync.app.replays import KeyReused, NotADryRun, ReplayNotAllowed, ReplayNotFound
from d365_sync.app.restore_d365 import RestoreRuns
from d365_sync.app.search_d365 import DealerNotFound
from d365_sync.domain.document import Alarm, DocumentId, State
from d365_sync.domain.permissions import Situation, allowed_actions, permissions
from d365_sync.domain.replay import allowed_replay_actions

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
    "attempt_count",
    "attempts",
    "created_by",
    "created_by_subject",
    "created_by_issuer",
    "created_at",
    "submitted_at",
    "delivered_at",
    "changed_at",
    "next_attempt_at",
    "revision",
    "replay_id",
)


def document(row: Json, *, may_write: bool) -> Json:
    """A document, and what the caller may do with it."""
    return {
        "id": str(DocumentId(row["web_case_id"], row["submission_no"])),
        **{name: row[name] for name in _AS_THEY_ARE},
        "payload": row["content"] and payload(row["content"]),
        "alarm": next((alarm for alarm in Alarm if alarm in row["alarms"]), None),
        "alarm_since": row["alarm_since"],
        "differences": row.get("differences") or [],
        "allowed_actions": allowed_actions(_situation(row, may_write=may_write)),
    }


def whole_document(row: Json, preview: Preview, *, may_write: bool) -> Json:
    """A document's own page: why actions are not allowed, what is sent, what operators changed, and its notes."""
    edited, may = edits(row), permissions(_situation(row, may_write=may_write))
    return {
        **document(row, may_write=may_write),
        "other_case_ids": row["other_case_ids"],
        "case": row["case_now"],
        "actions": [{**asdict(one), "allowed": one.obstacle is None, "why": one.why} for one in may],
        "request": preview.request(row),
        "submitted_payload": row["submitted"] and payload(row["submitted"]),
        "changes": None if edited is None else [asdict(change) for change in edited],
        "notes": row["notes"],
    }


def _situation(row: Json, *, may_write: bool) -> Situation:
    return Situation(
        State(row["state"]),
        row["leased"],
        row["content"] is None,
        bool(row["alarms"]),
        may_write,
        doubled=Alarm.SECOND_CASE in row["alarms"],
    )


def payload(content: Json) -> Json:
    """What the dealer wrote, with every field, so that it can be edited and sent back."""
    contact = content.get("contact")
    return {
        **{name: content.get(name) for name in CaseContent.model_fields},
        "contact": contact and {name: contact.get(name) for name in Contact.model_fields},
    }


def page(items: Sequence[Json], limit: int, cursor_of: Callable[[Json], str]) -> Json:
    """A list's page; `items` has one more than `limit` if there is another page."""
    shown = list(items[:limit])
    more = len(items) > limit
    return {"items": shown, "next": cursor_of(shown[-1]) if more else None, "has_more": more}


def _changed(error: DocumentChanged) -> Problem:
    current = f'"{error.revision}"'
    detail = f"Its ETag is now {current}. Fetch the document, and decide again." if error.named else no_version(current)
    headers = {"ETag": current}
    return Problem(412, "version-changed", "The document has changed", detail, headers=headers, current_etag=current)


def _not_allowed(error: NotAllowed) -> Problem:
    return _refused("The document's state does not allow this", error, error.allowed)


def _payload_needed(error: PayloadNeeded) -> Problem:
    field = FieldError(pointer="/payload", detail=f"{error}.")
    return Problem(422, "invalid-request", "The replay needs a payload", f"/payload: {error}.", errors=[field])


def _replay_not_allowed(error: ReplayNotAllowed) -> Problem:
    return _refused("The replay's state does not allow this", error, allowed_replay_actions(error.state))


def _refused(title: str, error: Exception, allowed: Sequence[str]) -> Problem:
    offered = f" Allowed now: {', '.join(allowed)}." if allowed else " No action is possible now."
    return Problem(409, "not-allowed", title, f"{error}.{offered}", allowed_actions=allowed)


def _on_their_way(error: OnTheirWay) -> Problem:
    named = ", ".join(error.web_case_ids[:20])
    detail = (
        "Wait until D365 has answered for these cases and try again, or erase the other cases one by one. On their "
        f"way: {named}."
    )
    return Problem(409, "case-on-its-way", "A case is on its way to D365", detail, web_case_ids=error.web_case_ids)


def _key_reused(_error: KeyReused) -> Problem:
    detail = "Use a new key for a new replay. Use the same key only to repeat the same request."
    title = "The Idempotency-Key was used for another request"
    error = FieldError(pointer="Idempotency-Key", detail=detail)
    return Problem(422, "idempotency-key-reused", title, detail, errors=[error])


def _category_ambiguous(error: CategoryAmbiguous) -> Problem:
    field = FieldError(pointer="/payload/category_type", detail=f"{error}.")
    title = "The category needs a type"
    return Problem(422, "invalid-request", title, f"/payload/category_type: {error}.", errors=[field])


def _not_a_dry_run(error: NotADryRun) -> Problem:
    field = FieldError(pointer="/replay_id", detail=f"{error}.")
    return Problem(422, "invalid-request", "This dry run cannot be replayed", f"/replay_id: {error}.", errors=[field])


def _restore_runs(error: RestoreRuns) -> Problem:
    return Problem(
        409,
        "restore-runs",
        "Another restore of D365 is running",
        f"{error}. GET /v1/d365/restores/{error.restore_id} shows its progress.",
        restore_id=str(error.restore_id),
    )


def _unavailable(error: D365Unreachable) -> Problem:
    return Problem(503, "unavailable", "Temporarily unavailable", str(error), headers={"Retry-After": "5"})


# How each refusal is answered.
WORDING: dict[type[Exception], Callable[[Any], Problem]] = {
    OnTheirWay: _on_their_way,
    NothingOfTheirs: lambda error: Problem(404, "not-found", "Not found", f"{error}."),
    DocumentNotFound: lambda error: Problem(404, "not-found", "Not found", f"{error}."),
    DocumentChanged: _changed,
    NotAllowed: _not_allowed,
    PayloadNeeded: _payload_needed,
    CategoryAmbiguous: _category_ambiguous,
    ReplayNotFound: lambda error: Problem(404, "not-found", "Not found", f"{error}."),
    ReplayNotAllowed: _replay_not_allowed,
    KeyReused: _key_reused,
    NotADryRun: _not_a_dry_run,
    DealerNotFound: lambda error: Problem(404, "not-found", "Not found", f"{error}."),
    D365Unreachable: _unavailable,
    RestoreRuns: _restore_runs,
}
