"""What to do about a field of a case's form that the API refuses."""

from collections.abc import Mapping

from case_shared.d365.texts import utf16_length
from portal_web.app.choices import Choices
from portal_web.domain.content import LENGTHS, Content, kept_lengths
from portal_web.web.words import Words


def advice(field: str, content: Content, words: Words, choices: Choices) -> str:
    """What to do about a field, in the user's language."""
    if field == "category":
        return _of_category(content.category, words, choices)
    if field == "priority":
        return words("D365 no longer has this priority. Choose another one.")
    if field == "contact_email":
        return words("This is not an email address. Enter one such as name@example.com.")
    return _of_text(field, content, words, kept_lengths(choices.lengths))


def _of_category(chosen: str, words: Words, choices: Choices) -> str:
    kind, _, name = chosen.partition(":")
    if not name:
        return words("Choose a category.")
    if not kind and name in choices.ambiguous:
        return words("Several types have this category. Choose one of them.")
    return words("D365 no longer has this category. Choose another one.")


def _of_text(field: str, content: Content, words: Words, kept: Mapping[str, int]) -> str:
    if len(getattr(content, field)) > LENGTHS[field]:
        return words("This is too long. Use at most %(number)s characters.", number=words.number(LENGTHS[field]))
    if utf16_length(getattr(content, field)) > kept.get(field, LENGTHS[field]):
        return words("This is too long. D365 stores at most %(number)s characters.", number=words.number(kept[field]))
    if field in {"notes", "contact_name"} and "notes" in kept and content.contact_and_notes_length() > kept["notes"]:
        return words(
            "This is too long. D365 stores contact and notes together, at most %(number)s characters.",
            number=words.number(kept["notes"]),
        )
    return words("This text contains characters that cannot be stored. Type it again without pasted formatting.")
