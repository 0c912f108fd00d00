"""Whether a case found in D365 is the one that was sent (docs/design.md#when-is-a-case-in-d365-the-one-we-sent)."""

from case_shared.d365.models import CaseToCreate, D365Case
from case_shared.d365.texts import REPLACEMENT, readable

# Compared if D365 keeps no submission ID. Notes are not among them: we never read them.
_SENT_FIELDS = (
    "category",
    "category_type",
    "priority",
    "description",
    "contact_name",
    "contact_email",
    "contact_phone",
    "created_by",
)


def is_ours(found: D365Case, sent: CaseToCreate, *, by_submission_id: bool) -> bool:
    """Return whether legal entity, customer and submission ID match; without the latter in D365, every field sent.

    `by_submission_id` is `Mapping.has_submission_id`. Keys compare without case, as D365 compares them.
    """
    same_place = same_key(found.data_area_id, sent.data_area_id) and same_key(
        found.customer_account, sent.customer_account
    )
    same_number = same_key(found.web_case_id, sent.web_case_id)
    return same_place and same_number and _same_submission(found, sent, by_submission_id)


def _same_submission(found: D365Case, sent: CaseToCreate, by_submission_id: bool) -> bool:
    if by_submission_id:
        return found.submission_id == sent.submission_id
    # D365 may lack a field; a text that it shortened starts as it was sent.
    kept = (field for field in _SENT_FIELDS if field in found.model_fields_set)
    return all(same_or_shortened(getattr(found, field), getattr(sent, field)) for field in kept)


def same_key(found: str | None, sent: str) -> bool:
    """Whether the two are the same key to D365: case and surrounding blanks do not count."""
    return readable(found or "").strip().casefold() == readable(sent).strip().casefold()


def same_or_shortened(found: str | None, sent: str | None) -> bool:
    """Whether D365 has a text as it was sent (`same_text`), or its beginning, with whichever line ends."""
    beginning = "\n".join(_lines((found or "").rstrip(REPLACEMENT)))
    return same_text(found, sent) or bool(beginning and sent and "\n".join(_lines(sent)).startswith(beginning))


def same_text(found: str | None, sent: str | None) -> bool:
    """Whether D365 has a text as it was sent; blanks at the ends of lines, and the kind of line ends, do not count."""
    # A field that was not sent may have got a default; D365 keeps neither trailing blanks nor our line ends.
    return not sent or _lines(found or "") == _lines(sent)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in readable(text).strip().splitlines()]
