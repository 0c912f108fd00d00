"""One run: clients and faults in parallel, then calm, then the checker's verdict. The seed decides everything."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.chaos import faults
from tests.chaos.books import AWAY, gather
from tests.chaos.checker import Kind, Violation, check
from tests.chaos.clients import Clerk, Operator, Portal, every
from tests.chaos.faults import Fault, Measured
from tests.chaos.history import REFUSED, History, Outcome, Recovery, Ticket
from tests.chaos.staff import Staff
from tests.chaos.world import World
from tests.support.patience import PATIENCE

CASES = 100
SECONDS = 30.0
# Clients create cases for this long, or until the last fault if that takes longer.
_LOAD_SECONDS = 22.0
_BETWEEN_FAULTS_SECONDS = 2.0
_SETTLED_WITHIN_SECONDS = 60.0 * PATIENCE
_CANARY_SECONDS = 1.0
_RECOVERS_WITHIN_SECONDS = 45.0 * PATIENCE


@dataclass(frozen=True)
class Verdict:
    """The result of a run; `seconds`: the whole run, `settled_seconds`: from the last fault to the last case's end."""

    seed: int
    faults: Sequence[str]
    history: History
    violations: Sequence[Violation]
    seconds: float
    settled_seconds: float


async def run(world: World, seed: int) -> Verdict:
    """Run the seed on a running world, and leave the world without faults."""
    rng = random.Random(seed)
    world.history = history = History(seed)
    portals = {dealer: Portal(world, history, dealer, random.Random(rng.random())) for dealer in world.dealers}
    operator = Operator(world, history, random.Random(rng.random()))
    clerk = Clerk(world, history, random.Random(rng.random()))
    staff = Staff(world, history, random.Random(f"staff {seed}"))
    plan = faults.drawn(seed)
    over = asyncio.Event()
    background = [
        asyncio.create_task(every(0.7, clerk.move_one, over)),
        asyncio.create_task(every(1.5, operator.work, over)),
        asyncio.create_task(every(0.7, staff.work, over)),
        *(asyncio.create_task(every(1.0, visit(portal, history), over)) for portal in portals.values()),
    ]
    streams = [asyncio.create_task(portal.listen()) for portal in portals.values()]
    try:
        seconds = max(_LOAD_SECONDS, sum(fault.seconds + _BETWEEN_FAULTS_SECONDS for fault in plan))
        load = asyncio.create_task(_load(portals, history, rng, seconds))
        await _storm(world, history, _Canaries(history, clerk, portals), plan)
        await load
    finally:
        over.set()
        await asyncio.gather(*background)
    try:
        violations, waited = await settled(world, history)
        names = [fault.name for fault in plan]
        return Verdict(seed, names, history, violations, history.now(), waited)
    finally:
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)


def visit(portal: Portal, history: History) -> Callable[[], Awaitable[None]]:
    """What a dealer does again and again: look around, and send again what an operator has returned."""

    async def looks() -> None:
        tickets = list(history.tickets.values())
        await portal.look_around(tickets)
        await portal.follow_up(tickets)

    return looks


def new_ticket(history: History, rng: random.Random, dealer: str) -> Ticket:
    """A dealer's next case; some D365 refuses, and some are only drafts."""
    number = len(history.tickets)
    token = history.new_token({dealer})
    words = f"Case {number} of run {history.seed}: {token}" + (f" {REFUSED}" if rng.random() < 0.08 else "")
    ticket = Ticket(f"{history.seed}-{number}-{rng.random()}", dealer, words, rng.random() >= 0.07)
    history.tickets[ticket.key] = ticket
    return ticket


async def _load(portals: dict[str, Portal], history: History, rng: random.Random, seconds: float) -> None:
    """Every case at its own time; some are only drafts, clicked twice, edited, or refused by D365."""
    async with asyncio.TaskGroup() as group:
        for _ in range(CASES):
            dealer = rng.choice(list(portals))
            ticket = new_ticket(history, rng, dealer)
            clicks, edited = 2 if rng.random() < 0.15 else 1, rng.random() < 0.15
            at = rng.uniform(0, seconds)
            group.create_task(_later(at, portals[dealer], ticket, clicks=clicks, edited=edited))


async def _later(seconds: float, portal: Portal, ticket: Ticket, *, clicks: int, edited: bool) -> None:
    await asyncio.sleep(seconds)
    await portal.take(ticket, clicks=clicks, edited=edited)


async def _storm(world: World, history: History, canaries: "_Canaries", plan: Sequence[Fault]) -> None:
    """One fault after another, each with its recovery."""
    await asyncio.sleep(1)  # some cases are on their way when the first fault strikes
    for fault in plan:
        began = time.monotonic()
        history.note("strike", fault=fault.name)
        try:
            await fault.strike(world)
        except AWAY as error:
            history.note("not struck", fault=fault.name, error=repr(error))
        struck = time.monotonic() if fault.name.startswith(("kill -9 at", "freeze at")) else began
        waiting = None
        if fault.measured is Measured.STRIKE:
            waiting = asyncio.create_task(canaries.recovered(fault, since=struck))
        await asyncio.sleep(fault.seconds)
        await fault.heal(world)
        history.note("heal", fault=fault.name)
        if waiting is None:
            waiting = asyncio.create_task(canaries.recovered(fault, since=time.monotonic()))
        await waiting
    await asyncio.sleep(max(0.0, SECONDS - history.now()))


@dataclass
class _Canaries:
    """Cases sent to see whether the flow moves in both directions, until the status of one in D365 is shown."""

    history: History
    clerk: Clerk
    portals: dict[str, Portal]
    sent: int = 0

    async def recovered(self, fault: Fault, since: float) -> None:
        """Send one per second until one has arrived, and record how long that took."""
        tasks: set[asyncio.Task[None]] = set()
        deadline = since + _RECOVERS_WITHIN_SECONDS
        arrived = asyncio.Event()
        while not arrived.is_set() and time.monotonic() < deadline:
            tasks.add(asyncio.create_task(self._send(arrived)))
            try:
                async with asyncio.timeout(_CANARY_SECONDS):
                    await arrived.wait()
            except TimeoutError:
                continue
        seconds = time.monotonic() - since
        self.history.recoveries.append(Recovery(fault.name, seconds, fault.limit_seconds * PATIENCE))
        self.history.note("recovered", fault=fault.name, seconds=round(seconds, 2))
        await asyncio.gather(*tasks)

    async def _send(self, arrived: asyncio.Event) -> None:
        self.sent += 1
        key = f"canary-{self.history.seed}-{self.sent}-{time.monotonic()}"
        portal = list(self.portals.values())[self.sent % len(self.portals)]
        ticket = self.history.tickets[key] = Ticket(key, portal.dealer, f"Canary {key}", to_submit=True)
        await portal.take(ticket, clicks=1, edited=False)
        while ticket.submission is Outcome.OK and not arrived.is_set():
            answer = await portal.ask("GET", f"/cases/{ticket.web_case_id}")
            shown = answer.body if answer.status == 200 else {}
            if shown.get("status") not in {None, "submitted"}:
                arrived.set()
            elif shown.get("case_id"):
                await self.clerk.move(
                    ticket.dealer.partition("-")[0], shown["case_id"], shown["web_case_id"], "InProcess"
                )
            await asyncio.sleep(0.1)


async def settled(world: World, history: History) -> tuple[list[Violation], float]:
    """What is wrong once nothing is, or once the time is up; and after how many seconds that was."""
    began = time.monotonic()
    history.note("peace")
    while True:
        violations = await _wrong(world, history)
        waited = time.monotonic() - began
        if all(one.kind is Kind.SLOW for one in violations) or waited > _SETTLED_WITHIN_SECONDS:
            return violations, waited
        await asyncio.sleep(0.5)


async def _wrong(world: World, history: History) -> list[Violation]:
    """What is wrong now; checks the events' order and the ledger against D365 last, because they are slow."""
    try:
        violations = check(history, await gather(world, history))
        if any(one.kind is not Kind.SLOW for one in violations):
            return violations
        return check(history, await gather(world, history, against_d365=True))
    except AWAY as error:
        return [Violation(Kind.STUCK, None, f"a part does not answer: {error!r}")]
