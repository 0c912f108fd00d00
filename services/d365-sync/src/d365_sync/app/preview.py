"""What would be sent to D365 for a document, and what an edited payload would change; nothing is sent or stored."""

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from pydantic import ValidationError

from case_shared.d365.models import CaseToCreate
from case_shared.events import CaseContent
from d365_sync.app.replay_dry_run import wrong_choice
from d365_sync.app.replays import Choices
from d365_sync.domain.changes import Change, changes
from d365_sync.domain.document import DocumentId, case_to_create

Json = dict[str, Any]


class Describes(Protocol):
    """The D365 client, as far as it is used here."""

    def describe_creation(self, case: CaseToCreate) -> tuple[str, Json]: ...


class Lists(Protocol):
    """D365's lists of a legal entity."""

    async def choices(self, data_area_id: str) -> Choices: ...


@dataclass(frozen=True, slots=True)
class Foreseen:
    """`request` is what D365 would get; `problem` is what of it is in none of D365's lists, as far as known."""

    changes: list[Change]
    request: Json
    problem: str | None


@dataclass(frozen=True)
class Preview:
    """`document` is its row; all of it is shown to operators, contact and notes included, for they mend them."""

    d365: Describes
    lists: Lists

    async def __call__(self, document: Json, edited: CaseContent | None) -> Foreseen | None:
        """What a replay would send, with `edited` in place of the payload; None where there is no payload to send."""
        stored = content_of(document["content"])
        content = edited or stored
        if content is None:
            return None
        case = _case(document, content)
        changed = changes(stored, content) if stored else []
        return Foreseen(changed, self._request(case), wrong_choice(case, await self.lists.choices(case.data_area_id)))

    def request(self, document: Json) -> Json | None:
        """What is sent for it as it stands; None where there is no payload that can be sent."""
        content = content_of(document["content"])
        return self._request(_case(document, content)) if content else None

    def _request(self, case: CaseToCreate) -> Json:
        url, body = self.d365.describe_creation(case)
        return {"method": "POST", "url": url, "body": body}


def edits(document: Json) -> list[Change] | None:
    """What operators changed of what was submitted; None where one of the two is no more."""
    submitted, stored = content_of(document["submitted"]), content_of(document["content"])
    return changes(submitted, stored) if submitted and stored else None


def content_of(stored: Json | None) -> CaseContent | None:
    """A stored payload; None where it was emptied, or cannot be read."""
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
