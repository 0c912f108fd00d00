"""What the OpenAPI document says beside what FastAPI sees: refusals, examples, and the shared secret."""

from case_shared.openapi import Contract, problem_responses
from case_shared.problems import COMMON, Kind

CATALOGUE = {
    "not-an-event": Kind(400, "The body is no business event of D365"),
    **{name: kind for name, kind in COMMON.items() if name not in {"forbidden", "invalid-request"}},
    "events-off": Kind(503, "This endpoint is off"),
}
SECURITY: list[dict[str, list[str]]] = [{"secret": []}, {"code": []}]
CONTRACT = Contract(
    CATALOGUE,
    tags={"D365": "what D365 calls"},
    examples={"EventsAccepted": {"accepted": 1}},
    security_schemes={
        "secret": {"type": "http", "scheme": "bearer", "description": "the shared secret, D365_EVENTS_SECRET"},
        "code": {
            "type": "apiKey",
            "in": "query",
            "name": "code",
            "description": "the same, where D365 can set no header",
        },
    },
)
PROBLEMS = problem_responses(
    CATALOGUE, ("not-an-event", "unauthorized", "too-large", "internal-error", "events-off", "unavailable")
)
