"""Fill in the category type of an edited payload that names only the category, as a submission does."""

from case_shared.words.category_types import CategoryTypes
from case_shared.words.errors import Refused
from case_shared.words.events import CaseContent
from d365_sync.app.replays import Choices


class CategoryAmbiguous(Refused):
    """The category is in several types, and the payload names none."""

    def __init__(self, types: list[str]) -> None:
        super().__init__(f"Several types have this category. Choose one of: {', '.join(types)}")


def with_category_type(content: CaseContent, choices: Choices, allowed: CategoryTypes) -> CaseContent:
    """Return `content` with its category's type, if the types that dealers see leave only one.

    Unchanged if it names a type, or if no list has the category: then D365 decides. Raises CategoryAmbiguous.
    """
    if content.category_type:
        return content
    wanted = content.category.casefold()
    types = sorted({kind for name, kind in choices.categories if name.casefold() == wanted and allowed.allow(kind)})
    if len(types) > 1:
        raise CategoryAmbiguous(types)
    return content.model_copy(update={"category_type": types[0]}) if types else content
