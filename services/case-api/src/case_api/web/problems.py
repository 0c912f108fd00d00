"""The problems that case-api answers with (RFC 9457, docs/problems.md), and the wording of each refusal."""

from collections.abc import Callable
from typing import Any

from case_api.domain import errors
from case_shared.web.problems import COMMON, FieldError, Kind, Problem, invalid, no_version
from case_shared.words.errors import Transient

CATALOG = {
    **COMMON,
    "case-submitted": Kind(409, "The case is submitted"),
    "case-not-submitted": Kind(404, "The case was never submitted"),
    "idempotency-key-in-use": Kind(409, "Another request with this Idempotency-Key is running", retry=True),
    "draft-deleted": Kind(410, "The draft was deleted"),
    "version-changed": Kind(412, "The case has changed"),
    "unsupported-media-type": Kind(415, "The body is not valid JSON"),
    "idempotency-key-reused": Kind(422, "The Idempotency-Key was used for another request"),
    "case-incomplete": Kind(422, "The case cannot be submitted yet"),
    "version-required": Kind(428, "If-Match is missing"),
    "too-many-streams": Kind(429, "Too many live streams", retry=True),
    "streams-taken": Kind(503, "No live stream is free", retry=True),
    "lists-unknown": Kind(503, "D365's categories are not known yet", retry=True),
    "list-too-slow": Kind(503, "The list took too long", retry=True),
}


def problem(slug: str, detail: str, **more: Any) -> Problem:
    """Make a problem of the catalog."""
    kind = CATALOG[slug]
    return Problem(kind.status, slug, kind.title, detail, **more)


def not_found() -> Problem:
    """Make the 404, the same for what does not exist and for what is another dealer's."""
    return problem("not-found", "No such dealer or case, or you have no access.")


def version_required() -> Problem:
    """Make the 428 for a missing If-Match."""
    return problem(
        "version-required", "Send the case's ETag in If-Match. It keeps you from overwriting somebody else's change."
    )


def unsupported_media_type(expected: str) -> Problem:
    """Make the 415 for another media type."""
    return problem("unsupported-media-type", f"Send JSON with Content-Type: {expected}.")


def encoded_body() -> Problem:
    """Make the 415 for a compressed body."""
    headers = {"Accept-Encoding": "identity"}  # RFC 9110, 15.5.16
    return problem("unsupported-media-type", "Send the body without Content-Encoding.", headers=headers)


def wrong_parameter(pointer: str, detail: str) -> Problem:
    """Make a 422 for a query parameter (`?limit`) or a header."""
    return invalid([FieldError(pointer=pointer, detail=detail)])


def _incomplete(error: errors.IncompleteCase) -> Problem:
    fields = [FieldError(pointer=pointer, detail=detail) for pointer, detail in error.fields]
    return problem("case-incomplete", "Correct the fields that errors names, and submit again.", errors=fields)


def _wrong_version(error: errors.WrongVersion) -> Problem:
    current = f'"{error.current}"'
    detail = f"Its ETag is now {current}. Fetch the case, and decide again." if error.named else no_version(current)
    return problem("version-changed", detail, headers={"ETag": current}, current_etag=current)


def _too_many_streams(policy: str, most: int) -> Problem:
    detail = (
        f"This {policy} already has {most} live streams, which is the limit. Close streams that nobody reads: one "
        "stream shows all cases of a dealer. Until one is free, fetch the list from time to time."
    )
    return problem("too-many-streams", detail, headers=_LATER, policy=policy)


_SOON = {"Retry-After": "1"}
_LATER = {"Retry-After": "5"}
# How each refusal of the domain is answered.
WORDING: dict[type[Exception], Callable[[Any], Problem]] = {
    errors.CaseNotFound: lambda _: not_found(),
    errors.WrongVersion: _wrong_version,
    errors.IncompleteCase: _incomplete,
    errors.NotADraft: lambda _: problem("case-submitted", "Only drafts can be changed. Copy the case to a new draft."),
    errors.OnceSubmitted: lambda _: problem(
        "case-submitted", "A case that was submitted, even once, cannot be deleted."
    ),
    errors.NotSubmitted: lambda _: problem("case-not-submitted", "The case has no submission. Submit it first."),
    errors.KeyReused: lambda _: problem("idempotency-key-reused", "Use a new key for a new request."),
    errors.DraftDeleted: lambda _: problem(
        "draft-deleted", "The draft that this Idempotency-Key created was deleted. Use a new key for a new draft."
    ),
    errors.KeyInUse: lambda _: problem("idempotency-key-in-use", "Try again in a moment.", headers=_SOON),
    errors.ListsUnknown: lambda _: problem(
        "lists-unknown",
        "Casebridge has not read the categories of this dealer's legal entity from D365 yet. The draft is saved. "
        "Submit it later.",
        headers={"Retry-After": "30"},
    ),
    errors.TooManyStreamsOfUser: lambda error: _too_many_streams("user", error.most),
    errors.TooManyStreamsOfDealer: lambda error: _too_many_streams("dealer", error.most),
    errors.TooManyStreams: lambda _: problem(
        "streams-taken", "All live streams are in use. Connect again in a moment.", headers=_LATER
    ),
    errors.ListTooSlow: lambda _: problem(
        "list-too-slow",
        "Narrow the list (status, created_by, created_from, more characters in q) or sort it by created_at, and try "
        "again.",
        headers={"Retry-After": "10"},
    ),
    Transient: lambda _: problem("unavailable", "Try again in a moment.", headers=_SOON),
}
