"""Labels of entities, fields and symbols: their IDs in the metadata, their texts in the metadata service.

D365's own label files are not fully public, so IDs and texts are derived from the names, in one language.
"""

import re
from collections.abc import Iterable

from d365_sandbox.entities import EntitySet

LANGUAGE = "en-us"
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
TEXTS = {"dataAreaId": "Company", "NoYes": "No Yes"}


def label_id(*names: str) -> str:
    """The ID of a label, such as `@Sandbox:DealerPortalCase_CaseId`."""
    return f"@Sandbox:{'_'.join(names)}"


def text_of(name: str) -> str:
    """`CustomerAccount` as `Customer account`."""
    first, *rest = WORDS.findall(name) or [name]
    lowered = (word if word.isupper() and len(word) > 1 else word.lower() for word in rest)
    return TEXTS.get(name, " ".join([first[:1].upper() + first[1:], *lowered]))


def build_labels(entities: Iterable[EntitySet], enumerations: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """The text of every label by its ID."""
    labels = {label_id(name): text_of(name) for name in enumerations}
    for name, symbols in enumerations.items():
        labels |= {label_id(name, symbol): text_of(symbol) for symbol in symbols}
    for entity in entities:
        labels[label_id(entity.type_name)] = entity.label
        labels |= {label_id(entity.type_name, field.name): text_of(field.name) for field in entity.public}
    return labels
