"""What the pages have to show: a dealer's cases in every state."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.stack import DealerClient, Stack

CONTENT = {
    "priority": "High",
    "description": "Excavator EX-220: the boom cylinder leaks since Monday, some two litres a day. The machine stands.",
    "contact": {"name": "Jóna Jónsdóttir", "email": "jona@contoso.example", "phone": "+354 555 1234"},
    "notes": "Please call before noon. The machine is at the quarry, gate 3.",
}


@dataclass(frozen=True)
class World:
    """Web Case IDs by what they are."""

    draft: str
    incomplete: str
    delivered: str
    in_process: str
    closed: str
    failed: str


@asynccontextmanager
async def populated(stack: Stack, dealer: str) -> AsyncIterator[World]:
    """Fill the dealer's list."""
    async with stack.dealer(dealer) as api, stack.clerk() as clerk:
        category = (await api.category())["category"]
        draft = await saved(api, category=category, **CONTENT)
        incomplete = await saved(api, description="Asked on the phone; category to be found out.")
        delivered, in_process, closed = [
            (await api.submitted(f"world-{name}", **{**CONTENT, "description": text}))["web_case_id"]
            for name, text in (
                ("delivered", "Spare part: bucket teeth, set of ten"),
                ("in-process", "Software update for the cab display fails at 60 %"),
                ("closed", "Warranty: paint peels off the counterweight"),
            )
        ]
        failed = await saved(api, category=category, **CONTENT)
        rule = {"kind": "reject", "operation": "create", "web_case_id": failed, "message": "The number is not valid."}
        fault = (await clerk.http.post("/_sandbox/faults", json=rule)).json()["id"]
        await api.call("POST", f"/cases/{failed}/submission", headers={"If-Match": '"1"'})
        await api.until(failed, submission_state="failed")
        await clerk.http.delete(f"/_sandbox/faults/{fault}")
        for case, moves in ((in_process, ["InProcess"]), (closed, ["InProcess", "Closed"])):
            known = await api.until(case, submission_state="delivered")
            for move in moves:
                await clerk.move("usmf", known["case_id"], move)
        await api.until(delivered, submission_state="delivered")
        await api.until(in_process, status="in_process")
        await api.until(closed, status="closed")
        yield World(draft, incomplete, delivered, in_process, closed, failed)


async def saved(api: DealerClient, **content: Any) -> str:
    """A draft; returns its Web Case ID."""
    answer = await api.call("POST", "/cases", json=content)
    assert answer.status_code == 201, answer.text
    web_case_id: str = answer.json()["web_case_id"]
    return web_case_id
