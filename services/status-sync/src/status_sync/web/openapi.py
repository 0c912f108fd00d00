"""What the OpenAPI document says besides what FastAPI sees: refusals, examples, and the shared secret."""

from case_shared.web.openapi import Contract, problem_responses
from case_shared.web.problems import COMMON, Kind
from case_shared.words.json_object import Json
from status_sync.domain.recognition import ENVELOPE_FIELD

CATALOG = {
    "not-an-event": Kind(400, "The body is not a business event of D365"),
    **{name: kind for name, kind in COMMON.items() if name not in {"forbidden", "invalid-request"}},
    "events-off": Kind(503, "This endpoint is off"),
}
SECURITY: list[dict[str, list[str]]] = [{"secret": []}, {"functions_key": []}, {"code": []}]
CONTRACT = Contract(
    CATALOG,
    tags={"D365": "What D365 calls."},
    examples={
        "EventsAccepted": {"accepted": 1, "unreadable": 0},
        "SubscriptionValidated": {"validationResponse": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6"},
    },
    security_schemes={
        "secret": {"type": "http", "scheme": "bearer", "description": "The shared secret, D365_EVENTS_SECRET."},
        "functions_key": {
            "type": "apiKey",
            "in": "header",
            "name": "x-functions-key",
            "description": "The same secret, as Dataverse webhooks send it.",
        },
        "code": {
            "type": "apiKey",
            "in": "query",
            "name": "code",
            "description": "The same secret, for D365 versions that cannot set a header. Proxies may log the address.",
        },
    },
)
PROBLEMS = problem_responses(CATALOG, [name for name in CATALOG if name not in {"not-found", "method-not-allowed"}])
# Also those of the server, which refuses a body that is too large whatever the method.
_HANDSHAKE_PROBLEMS = {"unauthorized", "request-timeout", "too-large", "too-many-requests", "headers-too-large"}
HANDSHAKE_PROBLEMS = problem_responses(CATALOG, [*_HANDSHAKE_PROBLEMS, "internal-error", "events-off", "unavailable"])

_ENVELOPE = {
    "type": "object",
    "required": [ENVELOPE_FIELD],
    "properties": {
        ENVELOPE_FIELD: {"type": "string", "pattern": r"\S", "examples": ["CaseStatusChangedBusinessEvent"]},
        "BusinessEventLegalEntity": {"examples": ["usmf"]},
        "CaseId": {"examples": ["C-000123"]},
        "WebCaseId": {"examples": ["W7K3M9QX2T"]},
    },
    "additionalProperties": True,
    "description": "D365's flat envelope. An event that names no case is accepted and ignored.",
}
_WRAPPED = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": _ENVELOPE},
    "additionalProperties": True,
    "description": "A CloudEvent, or an event in Event Grid's schema.",
}
_DATAVERSE = {
    "type": "object",
    "required": ["InputParameters"],
    "properties": {
        "InputParameters": {
            "type": "array",
            "contains": {
                "type": "object",
                "required": ["key", "value"],
                "properties": {"key": {"const": ENVELOPE_FIELD}, "value": {"type": "string", "pattern": r"\S"}},
            },
            "items": {"type": "object", "properties": {"key": {"type": "string"}, "value": {}}},
        }
    },
    "additionalProperties": True,
    "description": "Dataverse's RemoteExecutionContext.",
}
_EVENT: Json = {"anyOf": [_ENVELOPE, _WRAPPED, _DATAVERSE]}
_SCHEMA = {"oneOf": [_EVENT, {"type": "array", "items": _EVENT, "minItems": 1, "maxItems": 1000}]}
_EXAMPLE = {
    ENVELOPE_FIELD: "CaseStatusChangedBusinessEvent",
    "BusinessEventLegalEntity": "usmf",
    "CaseId": "C-000123",
    "WebCaseId": "W7K3M9QX2T",
    "CaseStatus": "InProcess",
}
BODY: Json = {
    "security": SECURITY,
    "requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA, "example": _EXAMPLE}}},
}
# A source may ask before it knows the secret.
HANDSHAKE: Json = {
    "security": [{}, *SECURITY],
    "responses": {
        "200": {
            "description": "The source may send events.",
            "headers": {
                name: {"description": text, "schema": {"type": "string"}}
                for name, text in {
                    "WebHook-Allowed-Origin": "The source that asked.",
                    "WebHook-Allowed-Rate": "The number of requests per minute that it may send.",
                }.items()
            },
        }
    },
}
