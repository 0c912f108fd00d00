"""A link is done, or refused, before whoever ordered it stops waiting."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock

import pytest

from case_shared.d365.models import D365Case, LookUpAnswer
from case_shared.words.actor import Actor
from case_shared.words.category_types import CategoryTypes
from d365_sync.app.link import Link
from d365_sync.app.operator_actions import Order, Standing
from d365_sync.domain.document import Cause, DocumentId, State
from d365_sync.domain.permissions import Situation

ID = DocumentId("W7EYE9WTNV", 1)


async def test_both_reads_share_one_time_out() -> None:
    waited: list[float] = []
    case = D365Case(data_area_id="usmf", case_id="C1", customer_account="US-001")

    async def read(*_: Any, timeout: float, **__: Any) -> Any:  # noqa: ASYNC109
        waited.append(timeout)
        await asyncio.sleep(0.2)
        return (case,)

    async def find(*_: Any, timeout: float, **__: Any) -> Any:  # noqa: ASYNC109
        waited.append(timeout)
        return LookUpAnswer({}, {})

    d365, actions = AsyncMock(), AsyncMock()
    d365.read_cases_by_case_id, d365.find_by_web_case_id = read, find
    now = Situation(State.FAILED, leased=False, emptied=False)
    actions.standing.return_value = Standing(now, 1, "usmf", "US-001", look_up_pending=False, cause=Cause.FOUND_TWICE)
    link = Link(d365, actions, CategoryTypes.parse(None), timeout_seconds=30)

    await link(Order(ID, 1, Actor("olga", "o", "i"), "a test"), "C1")

    actions.link.assert_awaited_once()
    assert waited[0] == pytest.approx(30, abs=0.1)
    assert waited[1] < 29.9
