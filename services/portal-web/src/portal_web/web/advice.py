"""What to do about a field of a case's form that the API refuses."""

from collections.abc import Mapping

from case_shared.d365.texts import utf16_length
from portal_web.domain.content import LENGTHS, Content
from portal_web.web.words import Words


def advice(field: str, content: Content, words: Words, kept: Mapping[str, int]) -> str:
    """What to do about a field, in the user's language."""
    if field == "category":
        if not content.category:
            return words("Choose a category.")
        return words("D365 no longer has this category. Choose another one.")
    if field == "priority":
        return words("D365 no longer has this priority. Choose another one.")
    if field == "contact_email":
        return words("This is not an email address. Enter one such as name@example.com.")
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
