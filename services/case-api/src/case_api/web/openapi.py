"""What FastAPI does not see in the routes: headers without 422 when missing, more media types, links."""

from pydantic import BaseModel

from case_api.web.conditions import KEY_PATTERN
from case_api.web.examples import EXAMPLES
from case_api.web.problems import CATALOG
from case_api.web.schemas import CaseInput
from case_shared.web.openapi import ALWAYS, REFERENCE, Contract, header, link, problem_responses
from case_shared.words.json_object import Json

IF_MATCH = header(
    "If-Match", "The case's ETag. If the case has changed since, the answer is 412.", '"3"', None, required=True
)
KEY = header(
    "Idempotency-Key",
    "Makes the request safe to repeat: a repetition gets the same answer, with `Idempotency-Replayed: true`, and has "
    "no further effect.",
    "9f1c2c5e-6f0b-4f0e-8f57-2d9a1b1c7a10",
    KEY_PATTERN,
)
IF_NONE_MATCH = header(
    "If-None-Match", "The ETag of the version you have. If it is still current, the answer is 304.", 'W/"6f1c"', None
)
NOT_MODIFIED: dict[int | str, Json] = {
    304: {"description": "Not modified: you have the current version (`If-None-Match`)."}
}
LAST_EVENT_ID = header(
    "Last-Event-ID", "The last `id` you received. The stream continues after it.", "12-0-3.31-28-40", None
)
ACCEPT_LANGUAGE = header(
    "Accept-Language",
    "The reader's languages. They decide the alphabet for `sort` and, in a CSV file, the default `separator`. A cursor "
    "is valid only with the language of its list.",
    "de-AT, en;q=0.9",
    None,
)
PREFER = header("Prefer", "`wait=N`: wait for the outcome, up to N seconds (30 at most).", "wait=10", None)


def body(model: type[BaseModel], *media_types: str) -> Json:
    """Return the media types of a request body besides the one that FastAPI shows."""
    schema = {"schema": {"$ref": REFERENCE.format(model=model.__name__)}}
    return {"requestBody": {"required": True, "content": {media_type: dict(schema) for media_type in media_types}}}


def problems(*types: str | int) -> dict[int | str, Json]:
    """Return the problems that a route may answer with, by type or status, besides those that every route may."""
    return problem_responses(CATALOG, (*ALWAYS, *types))


_CASE = {"dealer": "$request.path.dealer", "web_case_id": "$response.body#/web_case_id"}
_VERSION = {"header.If-Match": "$response.header.ETag"}
_SAME_CASE = {"dealer": "$request.path.dealer", "web_case_id": "$request.path.web_case_id"}
_OF_A_CASE = {
    "get": link("get_case", "Get the case.", _CASE),
    "timeline": link("get_timeline", "Get its timeline.", _CASE),
    "copy": link("copy_case", "Copy it to a new draft.", _CASE),
}
_OF_A_DRAFT = {
    **_OF_A_CASE,
    "edit": link("edit_case", "Change it.", {**_CASE, **_VERSION}),
    "delete": link("delete_case", "Delete it.", {**_CASE, **_VERSION}),
    "submit": link("submit_case", "Submit it. This cannot be undone.", {**_CASE, **_VERSION}),
}
_OF_A_SUBMISSION = {
    "get": link("get_submission", "Get its progress.", _SAME_CASE),
    "case": link("get_case", "Get the case.", _SAME_CASE),
    "timeline": link("get_timeline", "Get the case's timeline.", _SAME_CASE),
}
_TAGGED = ("list_dealers", "list_categories", "list_priorities", "list_lengths", "get_timeline")
CONTRACT = Contract(
    CATALOG,
    tags={
        "cases": "Drafts, the list of cases, and the history of each case.",
        "submission": "Submit a case, and follow its progress. A submission cannot be undone.",
        "lists": "What a dealer can choose from.",
    },
    models=(CaseInput,),
    examples=EXAMPLES,
    headers={
        **{(name, "201"): ("Location", "ETag", "Idempotency-Replayed") for name in ("create_case", "copy_case")},
        **{(name, status): ("ETag",) for name in _TAGGED for status in ("200", "304")},
        **{("get_submission", status): ("ETag", "Preference-Applied") for status in ("200", "304")},
        ("list_cases", "200"): ("Vary",),
        ("export_cases", "200"): ("Content-Disposition", "Vary"),
        ("get_case", "200"): ("ETag",),
        ("edit_case", "200"): ("ETag",),
        ("submit_case", "202"): ("Location", "Preference-Applied", "Idempotency-Replayed"),
    },
    links={
        ("create_case", "201"): _OF_A_DRAFT,
        ("copy_case", "201"): _OF_A_DRAFT,
        ("get_case", "200"): _OF_A_CASE,
        ("edit_case", "200"): _OF_A_DRAFT,
        ("submit_case", "202"): _OF_A_SUBMISSION,
    },
)
