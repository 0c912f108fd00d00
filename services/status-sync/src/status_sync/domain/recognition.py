"""Which case a business event of D365 names. Nothing else of it is used: an event is a doorbell, not data."""

from dataclasses import dataclass
from typing import Any

import orjson

from case_shared.d365.mapping import Mapping
from case_shared.errors import UnreadableRecord
from status_sync.domain.due_reads import CaseKey, KeyKind

ENVELOPE_FIELD = "BusinessEventId"
_LEGAL_ENTITY = "BusinessEventLegalEntity"
_MAX_KEY_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Recognised:
    """An event of D365; `case` is None where it names none, `expected` tells whether the mapping lists its id."""

    case: CaseKey | None
    expected: bool


@dataclass(frozen=True)
class Recognition:
    """Reads D365's flat envelope (reference: a captured one); the case's numbers stand beside it on the top level."""

    mapping: Mapping

    def read(self, value: bytes | None) -> Recognised:
        """Find the case in a record's value. Raises `UnreadableRecord` where it is no event of D365."""
        event = envelope(value)
        fields = self.mapping.case.fields
        legal_entity = _key(event, _LEGAL_ENTITY)
        case_id = _key(event, fields.case_id) or _key(event, "CaseId")
        web_case_id = _key(event, fields.web_case_id) or _key(event, "WebCaseId")
        expected = event[ENVELOPE_FIELD] in self.mapping.events.business_event_ids
        return Recognised(_case(legal_entity, case_id, web_case_id), expected)


def envelope(value: bytes | None) -> dict[str, Any]:
    """Read an event's JSON object. Raises `UnreadableRecord`, naming what is missing."""
    if value is None:
        raise UnreadableRecord("the record has no value")
    try:
        return check_envelope(orjson.loads(value))
    except orjson.JSONDecodeError as error:
        raise UnreadableRecord(f"the value is no JSON: {error}") from None


def check_envelope(event: Any) -> dict[str, Any]:
    """Return `event` where it is D365's envelope. Raises `UnreadableRecord`."""
    if not isinstance(event, dict):
        raise UnreadableRecord(f"the value is no JSON object, so it has no {ENVELOPE_FIELD}")
    if not isinstance(event.get(ENVELOPE_FIELD), str) or not event[ENVELOPE_FIELD].strip():
        raise UnreadableRecord(f"field {ENVELOPE_FIELD} is missing or empty")
    return event


def _case(legal_entity: str | None, case_id: str | None, web_case_id: str | None) -> CaseKey | None:
    if legal_entity is None:
        return None
    # One read is enough where both are given, and the Case ID is D365's own key.
    if case_id is not None:
        return CaseKey(legal_entity.lower(), KeyKind.CASE_ID, case_id)
    if web_case_id is not None:
        return CaseKey(legal_entity.lower(), KeyKind.WEB_CASE_ID, web_case_id)
    return None


def _key(event: dict[str, Any], field: str) -> str | None:
    """The field's text where it can be a key: what D365 would refuse as a filter must not fail everyone's read."""
    value = event.get(field)
    text = value.strip() if isinstance(value, str) else ""
    return text if text and len(text) <= _MAX_KEY_CHARACTERS and text.isprintable() else None
