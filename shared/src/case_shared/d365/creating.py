"""Creating a case: the body that is sent, and what an answer to it proves.

docs/design.md#what-does-each-answer-from-d365-mean lists every answer.
"""

from typing import Any

import orjson

from case_shared.d365.answers import (
    CreateAnswer,
    Created,
    Exchange,
    Forbidden,
    Misconfigured,
    Rejected,
    Throttled,
    Unauthorized,
    Unknown,
)
from case_shared.d365.echo import differences
from case_shared.d365.mapping import CaseFields
from case_shared.d365.matching import same_key
from case_shared.d365.models import CaseToCreate, is_case_id
from case_shared.d365.odata import retry_after_seconds
from case_shared.d365.reasons import full_text, inner_message, other_text, reason_for_dealers
from case_shared.d365.texts import REPLACEMENT, readable
from case_shared.d365.wire import Answer

CONTACT_LABEL = "Contact: "
_PERSONAL = ("notes", "contact_name", "contact_email", "contact_phone")
_BLANK = "[blanked]"
_MAX_BODY_CHARACTERS = 16 * 1024
_REFUSALS = frozenset({400, 409, 412, 422})


class CaseBody:
    """Turns a case into D365's JSON, and bodies into what an attempt's record may keep."""

    def __init__(self, fields: CaseFields, *, contact_into_notes: bool = False) -> None:
        self._contact_into_notes = contact_into_notes
        self.case_id_field = fields.case_id
        self.web_case_id_field = fields.web_case_id
        names = fields.by_ours()
        self.sent = tuple((ours, theirs) for ours, theirs in names.items() if ours in CaseToCreate.model_fields)
        self._personal = frozenset(names[ours] for ours in _PERSONAL if ours in names)

    def of(self, case: CaseToCreate) -> dict[str, Any]:
        """Return the fields that have a value, by D365's names."""
        if self._contact_into_notes:
            case = case.model_copy(update={"notes": contact_and_notes(case)})
        values = ((theirs, getattr(case, ours)) for ours, theirs in self.sent)
        return {theirs: value for theirs, value in values if value is not None}

    def record(self, document: dict[str, Any]) -> str:
        """Return a body as an attempt's record keeps it: bounded, with contact and notes blanked."""
        blanked = {key: _BLANK if value and key in self._personal else value for key, value in document.items()}
        return orjson.dumps(blanked).decode()[:_MAX_BODY_CHARACTERS]

    def record_answer(self, answer: Answer) -> str:
        """Return an answer as an attempt's record keeps it; as text if it is not JSON."""
        if answer.document is not None:
            return self.record(answer.document)
        return answer.body[:_MAX_BODY_CHARACTERS].decode(errors="replace").replace("\0", REPLACEMENT)


def contact_and_notes(case: CaseToCreate) -> str | None:
    """Put the contact before the notes; if the result is too long, its end is cut off. submit_cases.sql measures it."""
    contact = ", ".join(text for text in (case.contact_name, case.contact_email, case.contact_phone) if text)
    return f"{CONTACT_LABEL}{contact}\n\n{case.notes or ''}".strip() if contact else case.notes


def judge(answer: Answer, sent: CaseToCreate, body: CaseBody, exchange: Exchange) -> CreateAnswer:
    """Return what a whole answer to the POST proves; by status and form only, never by text."""
    match answer.status:
        case status if 200 <= status < 300:
            return _created(answer, sent, body, exchange)
        case 401:
            return Unauthorized("D365 rejects a new token; check the Entra application in D365 and D365_URL", exchange)
        case 403:
            return Forbidden(*_reasons(answer, "D365 answered 403"), exchange)
        case 404:
            return Misconfigured(
                "D365 answered 404: it has no such entity set; check [case] entity_set and D365_URL", exchange
            )
        case 429:
            return Throttled(retry_after_seconds(answer.headers), exchange)
        case status if _is_refusal(answer):
            reason, text = _reasons(answer, f"D365 answered {status} without a reason")
            return Rejected(status, reason, text, retry_once=status == 500, exchange=exchange)
        case status:
            return Unknown(f"the answer {status} does not prove anything", status, exchange)


def _reasons(answer: Answer, nothing_said: str) -> tuple[str, str]:
    """Return the reason for dealers, and all that was said: they read only what D365's OData says."""
    said = full_text(answer.document)
    return reason_for_dealers(said or nothing_said), said or other_text(answer) or nothing_said


def _is_refusal(answer: Answer) -> bool:
    if answer.status == 500:
        return inner_message(answer.document) is not None
    return answer.status in _REFUSALS and not answer.is_html


def _created(answer: Answer, sent: CaseToCreate, body: CaseBody, exchange: Exchange) -> CreateAnswer:
    document = answer.document or {}
    case_id, web_case_id = document.get(body.case_id_field), document.get(body.web_case_id_field)
    case_id = readable(case_id).strip() if isinstance(case_id, str) else ""
    if not is_case_id(case_id):
        return Unknown(f"D365 answered {answer.status} without a usable Case ID", answer.status, exchange)
    if isinstance(web_case_id, str) and web_case_id.strip() and not same_key(web_case_id, sent.web_case_id):
        return Unknown(f"D365 answered {answer.status} with another case's Web Case ID", answer.status, exchange)
    return Created(case_id, exchange, differences(body.sent, body.of(sent), document))
