"""What the form to write a case shows."""

import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from portal_web.app.save_draft import Unrelated
from portal_web.domain.case_api import CaseDocument
from portal_web.domain.cases import Versioned
from portal_web.domain.content import Content


@dataclass(frozen=True)
class Form:
    """What the form shows. `draft`: the case as it is saved, None if nothing is saved (or if that is unknown).

    `web_case_id` and `etag` identify the draft to save; `theirs` is what somebody else saved meanwhile. A form for a
    new case has a `key`, and `tab` identifies this load of it; `unrelated` is what prevents saving it.
    """

    content: Content
    web_case_id: str = ""
    etag: str = ""
    draft: CaseDocument | None = None
    key: str = ""
    tab: str = ""
    unrelated: Unrelated | None = None
    errors: dict[str, str] | None = None
    theirs: Content | None = None
    came_back: bool = False
    gone: bool = False
    trouble: str | None = None

    @classmethod
    def of(cls, draft: Versioned, content: Content | None = None, **more: Any) -> "Form":
        """The form of a draft; `content` if it shows something else than what is saved."""
        case = draft.case
        return cls(content or Content.of_case(case), case.web_case_id, draft.etag, case, **more)

    @classmethod
    def new(cls, content: Content, **more: Any) -> "Form":
        """A form that makes a new case, with a key of its own."""
        return cls(content, key=uuid.uuid4().hex, tab=secrets.token_hex(8), **more)

    @property
    def unsaved(self) -> bool:
        """Whether it shows more than is saved."""
        saved = Content.of_case(self.draft) if self.draft else Content()
        return self.content != saved
