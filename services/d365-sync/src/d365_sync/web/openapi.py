"""What the OpenAPI document says beyond what FastAPI finds: refusals, examples, headers, links."""

from case_shared.web.openapi import ALWAYS, Contract, header, link, problem_responses
from case_shared.web.problems import COMMON, Kind
from case_shared.words.json_object import Json
from d365_sync.domain.document import Action
from d365_sync.web.examples import EXAMPLES

CATALOG = {
    **COMMON,
    "case-on-its-way": Kind(409, "A case is on its way to D365"),
    "not-allowed": Kind(409, "The state does not allow this"),
    "restore-runs": Kind(409, "Another restore of D365 is running"),
    "version-changed": Kind(412, "The document has changed"),
    "idempotency-key-reused": Kind(422, "The Idempotency-Key was used for another request"),
    "version-required": Kind(428, "If-Match is missing"),
}
# The routes read it themselves, so that a missing one gives 428.
IF_MATCH = {
    "parameters": [
        header(
            "If-Match",
            "The document's ETag. If the document has changed since, the answer is 412.",
            '"3"',
            required=True,
        )
    ]
}
_ORDERS = tuple(Action)
_DOCUMENT, _REPLAY = {"document": "$response.body#/id"}, {"replay": "$response.body#/replay_id"}
_OF_A_DOCUMENT = {
    name: link(f"{name}_document", description, {**_DOCUMENT, "header.If-Match": "$response.header.ETag"})
    for name, description in (
        ("replay", "Replay it."),
        ("link", "Link it to a case in D365."),
        ("verify", "Look it up in D365."),
        ("return", "Return it to its dealer."),
        ("discard", "Discard it."),
        ("restore", "Restore it after a discard."),
        ("acknowledge", "Acknowledge its alarm."),
    )
}
_OF_A_REPLAY = {
    "get": link("get_replay", "Get its progress.", _REPLAY),
    **{name: link(f"{name}_replay", f"{name.capitalize()} it.", _REPLAY) for name in ("pause", "resume", "cancel")},
}
ACCEPT_LANGUAGE = header(
    "Accept-Language",
    "The reader's languages. They decide the default `separator` of a CSV file.",
    "de-AT, en;q=0.9",
)
_SHOW_DOCUMENTS = ("get_document", *(f"{name}_document" for name in _ORDERS))
CONTRACT = Contract(
    CATALOG,
    tags={
        "documents": "The document queue: why cases failed, and what operators can do about it.",
        "replays": "Bulk replays: many dead letters at once.",
        "delivery": "Delivery as a whole.",
        "dealers": "Dealers and their cases in D365.",
        "personal data": "Erase personal data before its retention time is over.",
        "records": "Unreadable records, the audit and the ledger.",
    },
    examples=EXAMPLES,
    headers={
        **{(name, "200"): ("ETag",) for name in _SHOW_DOCUMENTS},
        ("export_audit", "200"): ("Content-Disposition", "Vary"),
        ("order_replay", "202"): ("Location",),
        ("order_d365_restore", "202"): ("Location",),
    },
    links={("get_document", "200"): _OF_A_DOCUMENT, ("order_replay", "202"): _OF_A_REPLAY},
)


def problems(*types: str | int) -> dict[int | str, Json]:
    """The problems that a route may answer with, by type or by status, besides those of every route."""
    return problem_responses(CATALOG, (*ALWAYS, *types))
