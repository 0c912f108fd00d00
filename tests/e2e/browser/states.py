"""A page in a state: its user, and the way to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Page

from tests.e2e.browser.world import World
from tests.support.stack import Stack

Way = Callable[[Page, World], Awaitable[None]]
During = Callable[[Stack, World], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class At:
    """The way to an address, in which `{draft}` and the like come from the world."""

    path: str

    async def __call__(self, page: Page, world: World) -> None:
        """Go there."""
        await page.goto(self.path.format(**world.__dict__))


@asynccontextmanager
async def nothing(_stack: Stack, _world: World) -> AsyncIterator[None]:
    """The world without changes."""
    yield


@dataclass(frozen=True)
class State:
    """A page in a state. `user` None: nobody is signed in; `during`: what happens while it is shown.

    `drawn`: take a screenshot; `whole`: of the full length; `phone`: also one at a phone's width.
    `like`: the state that looks the same but for its data; the page in this one is then checked at night only.
    """

    name: str
    user: str | None
    way: Way
    during: During = nothing
    drawn: bool = True
    whole: bool = False
    phone: bool = False
    like: str = ""
