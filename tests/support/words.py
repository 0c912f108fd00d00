"""The texts of the portal's pages, found in its sources; run it to add new ones to the catalogs (`make words`)."""

from collections.abc import Sequence
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

import portal_web.web
from case_shared.d365.check.texts import TEXTS
from portal_web.web.words import LANGUAGES

VERSION = (Path(__file__).parents[2] / "VERSION").read_text().strip()
WEB = Path(portal_web.web.__file__).parent
TRANSLATED = sorted(set(LANGUAGES) - {"en"})
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "N_": None, "words": None, "self": None, "many": (1, 2)}


def texts() -> Catalog:
    """All texts."""
    found = Catalog(fuzzy=False)
    options = {"**.html": {"trimmed": "true", "silent": "false"}}
    for said in (said for one in TEXTS.values() for said in one if said):
        found.add(said)
    for _, _, text, _, _ in extract_from_dir(WEB, method_map=METHODS, options_map=options, keywords=KEYWORDS):
        found.add(text)
    return found


def catalog(language: str) -> Catalog:
    """The translations of a language."""
    with (WEB / "locale" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def by_text(found: Catalog) -> dict[str, Message]:
    """The messages by their text; by the singular if they have a plural."""
    return {one(message.id): message for message in found if message.id}


def one(text: str | Sequence[str]) -> str:
    """A text, or its singular if it has a plural."""
    return text if isinstance(text, str) else text[0]


def update() -> None:
    """Add new texts, untranslated, and delete unused ones."""
    for language in TRANSLATED:
        known = catalog(language)
        known.version = VERSION
        known.update(texts(), no_fuzzy_matching=True, update_creation_date=False)
        known.obsolete.clear()
        with (WEB / "locale" / f"{language}.po").open("wb") as file:
            write_po(file, known, width=120, no_location=True, sort_output=True)


if __name__ == "__main__":
    update()
