"""Operators in a real browser, on the whole local stack."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Page

from tests.e2e.browser.conftest import Visitors
from tests.e2e.browser.world import done
from tests.support.eventually import eventually
from tests.support.stack import Stack

DEALER = "usmf-us-001"


@dataclass(frozen=True)
class Operators:
    """Operators in their browsers, and what a test needs around them."""

    visitors: Visitors

    @property
    def stack(self) -> Stack:
        """The stack behind the console."""
        return self.visitors.stack

    @asynccontextmanager
    async def signed_in(self, user: str = "olga", to: str = "/console", **options: Any) -> AsyncIterator[Page]:
        """A browser in which `user` is signed in, at `to`."""
        async with self.visitors.visitor(user, **options) as page:
            await page.goto(to)
            yield page

    async def failed(self, count: int = 1, message: str = "Warranty is closed.") -> list[str]:
        """Create `count` documents that D365 has refused and would accept now; returns their IDs."""
        async with self.stack.dealer(DEALER) as dealer, self.stack.clerk() as clerk:
            fault = {"kind": "reject", "operation": "create", "id": f"f-{uuid4()}", "message": message}
            done(await clerk.http.post("/_sandbox/faults", json=fault))
            await dealer.category()
            texts = [f"The pump leaks, {number}." for number in range(count)]
            sent = await asyncio.gather(
                *(dealer.submitted(uuid4().hex, description=text, notes="Call first.") for text in texts)
            )
            found = [case["web_case_id"] for case in sent]
            for one in found:  # in turn: so many clients at once may be one user's too many requests
                await dealer.until(one, submission_state="failed")
            done(await clerk.http.delete(f"/_sandbox/faults/{fault['id']}"))
        return [f"{web_case_id}-1" for web_case_id in found]

    async def state(self, document: str) -> str:
        """The document's state."""
        async with self.stack.operator() as operator:
            return str((await operator.get(f"/v1/documents/{document}")).json()["state"])

    async def until(self, document: str, state: str) -> None:
        """Wait until the document is in `state`."""
        await eventually(lambda: self.state(document), lambda now: now == state, within_seconds=30)


@pytest.fixture
def operators(visitors: Visitors) -> Operators:
    """Operators."""
    return Operators(visitors)
