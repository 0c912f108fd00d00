"""The check: its steps in order, each run if the earlier ones allow it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack

import structlog

from case_shared.d365.check.entities import entities
from case_shared.d365.check.events import EventWatch, NoKafka, events, events_so_far, watch_topic
from case_shared.d365.check.load import status_symbols, throttling
from case_shared.d365.check.network import network, network_of
from case_shared.d365.check.queries import clock as compare_clocks
from case_shared.d365.check.queries import queries
from case_shared.d365.check.report import Finding, Report, State, Step, StepId, failed, ok, skipped, unreachable
from case_shared.d365.check.rights import companies, privileges
from case_shared.d365.check.settings_step import addresses_without, judge_settings
from case_shared.d365.check.signing_in import service, token
from case_shared.d365.check.target import Asked, Target, open_target
from case_shared.d365.check.writing import Writing, not_written
from case_shared.d365.errors import D365Error, D365Throttled, D365Unavailable
from case_shared.d365.settings import D365Settings
from case_shared.kafka.event_hub import Inbound
from case_shared.process.clock import Clock

log = structlog.get_logger(__name__)
Judge = Callable[[Target], Awaitable[list[Finding]]]
Opening = Callable[[AsyncExitStack], Awaitable[EventWatch]]
_TRIES = 3
_LONGEST_WAIT_SECONDS = 30.0
_SHORTEST_WAIT_SECONDS = 1.0


class Stopped(Exception):
    """The step lacks what it needs; an earlier step says why."""

    def __init__(self, step: StepId) -> None:
        super().__init__(step)
        self.step = step


class Check:
    """One run against one D365."""

    def __init__(self, target: Target, open_watch: Opening | None, why_no_watch: str) -> None:
        self._target = target
        self._open_watch = open_watch
        self._why_no_watch = why_no_watch
        self._steps: dict[StepId, Step] = {}

    async def run(self) -> Report:
        """Run all steps. Raises nothing because of D365 or the network."""
        await self._judge(StepId.NETWORK, network)
        await self._judge(StepId.TOKEN, token)
        await self._judge(StepId.SERVICE, service)
        await self._judge(StepId.ENTITIES, entities)
        await self._judge(StepId.PRIVILEGES, privileges)
        await self._judge(StepId.COMPANIES, companies)
        await self._judge(StepId.QUERIES, queries)
        await self._judge(StepId.CLOCK, compare_clocks)
        await self._write()
        await self._judge(StepId.THROTTLING, throttling)
        await self._judge(StepId.STATUS_SYMBOLS, status_symbols)
        learned = self._target.learned
        return Report(tuple(self._steps.values()), learned.proof, learned.or_terms)

    async def _judge(self, step: StepId, judge: Judge) -> None:
        try:
            self._can_be_judged(step)
            self._found(step, await _patiently(self._target, judge))
        except Stopped as stopped:
            self._found(step, [skipped("skipped", step=stopped.step)])

    def _found(self, step: StepId, findings: Iterable[Finding]) -> None:
        self._steps[step] = Step(step, tuple(findings))

    def _can_be_judged(self, step: StepId) -> None:
        """Raise Stopped, with the step that is in the way, if the earlier steps do not allow this one."""
        learned = self._target.learned
        match step:
            case StepId.SETTINGS | StepId.NETWORK:
                return
            case StepId.TOKEN:
                if not learned.sees_token_endpoint:
                    raise Stopped(StepId.NETWORK)
            case StepId.SERVICE:
                self._needs(StepId.TOKEN)
                if not learned.sees_d365:
                    raise Stopped(StepId.NETWORK)
            case _:
                self._needs(StepId.SERVICE)
                self._needs_entities(step)

    def _needs_entities(self, step: StepId) -> None:
        mapping, learned = self._target.mapping, self._target.learned
        if step is StepId.COMPANIES:
            read = mapping.customers.entity_set
        elif step in {StepId.QUERIES, StepId.WRITE, StepId.THROTTLING}:
            read = mapping.case.entity_set
        else:
            return
        if read in learned.forbidden:
            raise Stopped(StepId.PRIVILEGES)
        if read in learned.unfit:
            raise Stopped(StepId.ENTITIES)

    def _needs(self, step: StepId) -> None:
        """Raise Stopped unless the step was judged and did not fail."""
        before = self._steps[step]
        if before.state is State.SKIPPED:
            raise Stopped(StepId(before.findings[0].values["step"]))
        if before.state is State.FAILED:
            raise Stopped(step)

    async def _write(self) -> None:
        """Run steps `write` and `events`: one marked case serves both."""
        target = self._target
        try:
            self._can_be_judged(StepId.WRITE)
        except Stopped as stopped:
            self._found(StepId.WRITE, [skipped("skipped", step=stopped.step)])
            self._found(StepId.EVENTS, [skipped("skipped", step=stopped.step)])
            return
        if not target.asked.write or target.asked.company is None:
            self._found(StepId.WRITE, not_written(target))
            self._found(StepId.EVENTS, events_so_far(target))
            return
        async with AsyncExitStack() as stack:
            watch, why = await self._watch(stack)
            writing = Writing(target, target.asked.company)
            await self._write_and_watch(writing, watch, why)
        self._judge_creation(created=bool(writing.case_ids))

    async def _watch(self, stack: AsyncExitStack) -> tuple[EventWatch | None, str]:
        if self._open_watch is None:
            return None, self._why_no_watch
        try:
            return await self._open_watch(stack), ""
        except NoKafka as error:
            return None, str(error)

    async def _write_and_watch(self, writing: Writing, watch: EventWatch | None, why: str) -> None:
        written: list[Finding] = []
        try:
            written += await _patiently(self._target, lambda _target: writing.run())
            if writing.case_ids and writing.case:
                ids = [*writing.case_ids, writing.case.web_case_id]
                self._found(StepId.EVENTS, await events(self._target, watch, ids, why))
            else:
                self._found(StepId.EVENTS, [skipped("skipped", step=StepId.WRITE)])
        except (Exception, asyncio.CancelledError):
            _log_interrupted(await writing.finish())
            raise
        written += await _finish(writing)
        events_step = self._steps.pop(StepId.EVENTS)
        self._found(StepId.WRITE, written)
        self._steps[StepId.EVENTS] = events_step

    def _judge_creation(self, *, created: bool) -> None:
        """Correct what earlier steps could not know: whether D365 creates a case, and numbers it."""
        kept = self._without(StepId.PRIVILEGES, "create_not_tried")
        if created:
            self._found(StepId.PRIVILEGES, [*kept, ok("may_create")])
            self._found(StepId.ENTITIES, self._without(StepId.ENTITIES, "number_sequence_unknown"))
        elif any(one.code == "lacks_maintain" for one in self._steps[StepId.WRITE].findings):
            # Step `write` says so.
            self._found(StepId.PRIVILEGES, kept)

    def _without(self, step: StepId, code: str) -> list[Finding]:
        return [one for one in self._steps[step].findings if one.code != code]


async def _finish(writing: Writing) -> list[Finding]:
    """Clean up what the check created, to the end even if somebody stops the check meanwhile."""
    finishing = asyncio.ensure_future(writing.finish())
    try:
        return await asyncio.shield(finishing)
    except asyncio.CancelledError:
        _log_interrupted(await finishing)
        raise


def _log_interrupted(left: Sequence[Finding]) -> None:
    """Log what is left: nobody gets the report that would say so."""
    log.warning("check_interrupted", left=" ".join(one.message for one in left) or "nothing was created")


async def _patiently(target: Target, judge: Judge) -> list[Finding]:
    """Run a step, and again after a 429; return its findings. A refusal or a missing answer becomes a finding."""
    for attempt in range(_TRIES):
        try:
            return await judge(target)
        except D365Throttled as error:
            if attempt < _TRIES - 1:
                await asyncio.sleep(min(error.retry_after or _SHORTEST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS))
        except D365Unavailable as error:
            return [unreachable("unavailable", why=error.why)]
        except D365Error as error:
            return [failed("refused", why=error.why)]
    return [failed("throttled_now", client_id=target.settings.d365_client_id)]


async def check_network_only(problems: Sequence[Finding]) -> Report:
    """Return the report for settings with `problems`: only the addresses among them can be tried."""
    found = {StepId.SETTINGS: tuple(problems)}
    if addresses := addresses_without(problems):
        found[StepId.NETWORK] = tuple(await network_of(addresses))
    skips = (skipped("skipped", step=StepId.SETTINGS),)
    return Report(tuple(Step(step, found.get(step, skips)) for step in StepId))


async def run_check(settings: D365Settings, asked: Asked, clock: Clock, *, inbound: Inbound | str) -> Report:
    """Check the D365 that the settings name; `inbound`: where events come in, or why that is unknown."""
    problems = judge_settings(settings)
    async with open_target(settings, asked, clock) as target:
        if isinstance(inbound, str):
            check = Check(target, None, inbound)
        else:
            kafka, topic = inbound.kafka, inbound.topic
            check = Check(target, lambda stack: stack.enter_async_context(watch_topic(kafka, topic, clock)), "")
        report = await check.run()
    return Report((Step(StepId.SETTINGS, tuple(problems)), *report.steps), report.proof, report.or_terms)
