"""What would be sent to D365 for a document, and what an edited payload would change; nothing is sent or stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from pydantic import ValidationError

from case_shared.d365.creating import contact_and_notes
from case_shared.d365.mapping import CONTACT_AND_NOTES
from case_shared.d365.models import CaseToCreate
from case_shared.d365.texts import utf16_length
from case_shared.words.category_types import CategoryTypes
from case_shared.words.events import CaseContent
from case_shared.words.json_object import Json
from d365_sync.app.category_type import CategoryAmbiguous, with_category_type
from d365_sync.app.replay_dry_run import wrong_choice
from d365_sync.app.replays import Choices
from d365_sync.domain.changes import Change, changes
from d365_sync.domain.document import DocumentId, case_to_create


class Describes(Protocol):
    """The part of the D365 client used here."""

    def describe_creation(self, case: CaseToCreate) -> tuple[str, Json]: ...


class Lists(Protocol):
    """D365's lists of a legal entity."""

    async def choices(self, data_area_id: str) -> Choices: ...


@dataclass(frozen=True, slots=True)
class Foreseen:
    """`request` is what D365 would get; `problem`: a value that is not in D365's lists, or that D365 would shorten."""

    changes: list[Change]
    request: Json
    problem: str | None


@dataclass(frozen=True)
class Preview:
    """`document` is its row. Operators see all of it, contact and notes included, because they correct them."""

    d365: Describes
    lists: Lists
    category_types: CategoryTypes
    lengths: Mapping[str, int] = field(default_factory=dict)

    async def __call__(self, document: Json, edited: CaseContent | None) -> Foreseen | None:
        """What a replay would send, with `edited` in place of the payload; None without a payload to send."""
        stored = content_of(document["content"])
        content, problem = edited or stored, None
        if content is None:
            return None
        choices = await self.lists.choices(document["data_area_id"])
        if edited:
            try:
                content = with_category_type(edited, choices, self.category_types)
            except CategoryAmbiguous as error:
                problem = f"/payload/category_type: {error}"
        case = _case(document, content)
        changed = changes(stored, content) if stored else []
        return Foreseen(changed, self._request(case), problem or wrong_choice(case, choices) or self._too_long(case))

    def request(self, document: Json) -> Json | None:
        """The request for its current payload; None if it has no payload that can be sent."""
        content = content_of(document["content"])
        return self._request(_case(document, content)) if content else None

    def _too_long(self, case: CaseToCreate) -> str | None:
        for name, most in self.lengths.items():
            if name == CONTACT_AND_NOTES:
                over = utf16_length(contact_and_notes(case) or "") - most
                if over > 0:
                    return (
                        f"/payload/notes: D365 keeps contact and notes in one field of {most:,} characters. Shorten "
                        f"them by {over:,}"
                    )
            elif utf16_length(getattr(case, name) or "") > most:
                return (
                    f"/payload/{name.replace('contact_', 'contact/')}: D365 keeps only {most:,} characters. Shorten "
                    "the text"
                )
        return None

    def _request(self, case: CaseToCreate) -> Json:
        url, body = self.d365.describe_creation(case)
        return {"method": "POST", "url": url, "body": body}


def edits(document: Json) -> list[Change] | None:
    """What operators changed in what was submitted; None if either payload is gone."""
    submitted, stored = content_of(document["submitted"]), content_of(document["content"])
    return changes(submitted, stored) if submitted and stored else None


def content_of(stored: Json | None) -> CaseContent | None:
    """A stored payload; None if it was emptied or cannot be read."""
    try:
        return CaseContent.model_validate(stored) if stored else None
    except ValidationError:
        return None


def _case(document: Json, content: CaseContent) -> CaseToCreate:
    key = DocumentId(document["web_case_id"], document["submission_no"])
    submission_id = UUID(int=document["submission_id"].int)
    return case_to_create(
        key, submission_id, document["data_area_id"], document["customer_account"], content, document["created_by"]
    )
