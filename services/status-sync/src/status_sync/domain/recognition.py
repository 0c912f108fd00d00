"""Which case a business event of D365 names. Nothing else of it is used: an event is a notification, not data."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from case_shared.d365.keys import is_key
from case_shared.d365.mapping import Mapping
from case_shared.d365.texts import parse_json
from case_shared.words.errors import UnreadableRecord
from status_sync.domain.due_reads import CaseKey, KeyKind
from status_sync.domain.shapes import Fields, fields_of, name_of

ENVELOPE_FIELD = "BusinessEventId"
# D365 sends this one when an administrator sets up an endpoint; its control number is the lowest possible.
TEST_EVENT = "BusinessEventsTestEndpointContract"
_TEST_CONTROL_NUMBERS = (-(2**63), str(-(2**63)))
_LEGAL_ENTITIES = ("BusinessEventLegalEntity", "dataAreaId")
# The wrapper's names for the event, if D365's own name did not survive the wrapping.
_WRAPPERS_NAMES = ("MessageName", "eventType", "type")


@dataclass(frozen=True, slots=True)
class Recognized:
    """An event of D365; `case` is None if it names none, `expected`: the mapping lists its ID.

    `unusable`: it names a case by a key that D365 must not be asked for. `web_case_id` is the one that it names besides
    the case, in upper case. `test`: it is D365's test of an endpoint. `environment` is the host of another D365
    environment, if the event says that it comes from one.
    """

    case: CaseKey | None
    expected: bool
    unusable: bool = False
    legal_entity: str = ""
    web_case_id: str = ""
    test: bool = False
    environment: str | None = None


@dataclass(frozen=True)
class Recognition:
    """Reads events in each shape of `shapes`; `environments` are the addresses of our own D365."""

    mapping: Mapping
    environments: Collection[str] = ()

    def read(self, value: bytes | None) -> Recognized:
        """Find the case in a record's value. Raises: `UnreadableRecord` if it is not an event of D365."""
        if value is None:
            raise UnreadableRecord("the record has no value")
        try:
            return self.recognize(parse_json(value))
        except ValueError as error:
            raise UnreadableRecord(f"the value is not valid JSON: {error}") from None

    def recognize(self, event: Any) -> Recognized:
        """Find the case in one event. Raises: `UnreadableRecord` if it is not an event of D365."""
        fields = check_envelope(event)
        names = self.mapping.case.fields
        legal_entity = _text(fields, *_LEGAL_ENTITIES)
        case_id = _text(fields, names.case_id, "CaseId")
        web_case_id = _text(fields, names.web_case_id, "WebCaseId")
        case = _case(*(text if is_key(text) else None for text in (legal_entity, case_id, web_case_id)))
        names_one = bool(legal_entity and (case_id or web_case_id))
        return Recognized(
            case,
            _text(fields, ENVELOPE_FIELD) in self.mapping.events.business_event_ids,
            unusable=names_one and case is None,
            legal_entity=legal_entity.lower() if is_key(legal_entity) else "",
            web_case_id=web_case_id.upper() if is_key(web_case_id) else "",
            test=_is_test(fields),
            environment=another_environment(fields, self.environments),
        )


def check_envelope(event: Any) -> Fields:
    """Return the fields of `event` if it is one of D365's. Raises: `UnreadableRecord`, naming what is missing."""
    if not isinstance(event, dict):
        raise UnreadableRecord(f"the value is not a JSON object, so it has no {ENVELOPE_FIELD}")
    fields = fields_of(event)
    named = _text(fields, ENVELOPE_FIELD) or _is_test(fields) or (_text(fields, *_WRAPPERS_NAMES) and _names(fields))
    if not named:
        raise UnreadableRecord(f"field {ENVELOPE_FIELD} is missing or empty")
    return fields


def another_environment(fields: Fields, ours: Collection[str]) -> str | None:
    """Return the host of another D365 environment that the event names as its own; None if it names ours or none.

    Fields with `environment` in their name count, and a CloudEvent's `source` if its host shares a domain with ours.
    """
    own = {host for url in ours if (host := _host(url))}
    if not own:
        return None
    for name in fields:
        for host in filter(None, map(_host, _texts(fields, [name]))):
            foreign = "environment" in name or (name == "source" and any(_beside(host, one) for one in own))
            if foreign and host not in own:
                return host
    return None


def _host(text: str) -> str:
    """Return an address's host and port, in lower case; empty if `text` is not an address."""
    if "://" not in text:
        return ""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return ""
    usual = {"http": 80, "https": 443}.get(parts.scheme.lower())
    host = parts.hostname or ""
    return host if not host or port in (None, usual) else f"{host}:{port}"


def _beside(host: str, own: str) -> bool:
    """Whether both are names in one domain, as D365's environments are: contoso and contoso-uat."""
    domain = own.partition(".")[2]
    return "." in domain and host.partition(".")[2] == domain


def _is_test(fields: Fields) -> bool:
    by_name = _text(fields, ENVELOPE_FIELD).casefold() == TEST_EVENT.casefold()
    return by_name or any(one in _TEST_CONTROL_NUMBERS for one in fields.get(name_of("ControlNumber"), ()))


def _names(fields: Fields) -> bool:
    """Whether it names a legal entity and a case, under the names that D365's events use."""
    return bool(_text(fields, *_LEGAL_ENTITIES) and _text(fields, "CaseId", "WebCaseId"))


def _case(legal_entity: str | None, case_id: str | None, web_case_id: str | None) -> CaseKey | None:
    if legal_entity is None:
        return None
    # One read is enough if both are given, and the Case ID is D365's own key.
    if case_id is not None:
        return CaseKey(legal_entity.lower(), KeyKind.CASE_ID, case_id)
    if web_case_id is not None:
        return CaseKey(legal_entity.lower(), KeyKind.WEB_CASE_ID, web_case_id)
    return None


def _text(fields: Fields, *names: str) -> str:
    """Return the first text among these fields."""
    return next(_texts(fields, names), "")


def _texts(fields: Fields, names: Collection[str]) -> Iterator[str]:
    for name in names:
        for value in fields.get(name_of(name), ()):
            if isinstance(value, str) and value.strip():
                yield value.strip()
