"""`make capacity`: how much memory, CPU and space the system needs a case, and a year; writes docs/capacity.md."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from benchmarks.capacity import report
from benchmarks.capacity.storm import storm
from benchmarks.capacity.system import Plan, System, counted, running
from benchmarks.capacity.usage import Used
from benchmarks.clicks import at_once, at_rate, delays
from tests.support import drafts
from tests.support.progress import Progress, progress_from_now

CLIENTS = 32
CATEGORY, CATEGORY_TYPE = "Warranty", "Service"
IDLE_SECONDS = 15.0
# Of the run's time: how long statuses change in D365, and how long they change by SQL alone.
CHANGES_SHARE, STORM_SHARE = 0.2, 0.2
# A queue of 20,000 drains in a minute or two; this is for a machine that is shared.
DRAIN_SECONDS = 1800.0
_MOVABLE = """
SELECT c.web_case_id, c.data_area_id, c.case_id
FROM d365_sync.documents AS d JOIN case_api.cases AS c USING (web_case_id)
WHERE d.state = 'delivered' AND c.case_id IS NOT NULL ORDER BY d.submitted_at DESC LIMIT $1
"""
_NOT_SHOWN = "SELECT count(*) FROM case_api.cases WHERE web_case_id = ANY ($1::text[]) AND status <> 'in_process'"


def main(
    minutes: Annotated[float, typer.Option(help="How long submissions come at the rate.", min=0.1)] = 10,
    rate: Annotated[float, typer.Option(help="Submissions a second.", min=1)] = 50,
    waiting: Annotated[int, typer.Option(help="Documents that wait when they begin.", min=1)] = 20_000,
    cases: Annotated[int, typer.Option(help="Cases that are there before.", min=1000)] = 1_000_000,
    dealers: Annotated[int, typer.Option(help="Dealers.", min=2)] = 2000,
    write: Annotated[Path | None, typer.Option(help="Write the report to this file.")] = None,
) -> None:
    """Measure, and print or write the report. The short form: --minutes 1 --waiting 500 --cases 20000 --dealers 20."""
    plan = Plan(minutes, rate, waiting, cases, dealers)
    with _folder() as folder:
        measured = uvloop.run(_measured(plan, folder))
    text = report.document(plan, measured, _command(plan))
    if write:
        write.write_text(text, encoding="utf-8")
    else:
        print(text)


def _command(plan: Plan) -> str:
    """The command that repeats this run: what differs from the defaults is in ARGS."""
    usual = {"minutes": 10, "rate": 50, "waiting": 20_000, "cases": 1_000_000, "dealers": 2000}
    given = [f"--{name} {getattr(plan, name)}" for name, value in usual.items() if getattr(plan, name) != value]
    return "make capacity" + (f' ARGS="{" ".join(given)}"' if given else "")


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for everything, in CAPACITY_DIR if that is set; deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="casebridge-capacity-", dir=os.environ.get("CAPACITY_DIR")) as name:
        Path(name).chmod(0o755)  # PostgreSQL may run as another user
        yield Path(name)


async def _measured(plan: Plan, folder: Path) -> report.Measured:
    progress = progress_from_now(sys.stderr)
    async with running(plan, folder, progress) as system:
        return await _Run(system, progress).measured()


class _Run:
    """The phases, one after the other."""

    def __init__(self, system: System, progress: Progress) -> None:
        self.system, self.plan, self.progress = system, system.plan, progress
        self.meter = system.meter

    async def measured(self) -> report.Measured:
        """Run every phase."""
        at_rest = await self.meter.read()
        idle = await self._idle()
        before = await self.meter.read()
        accepted = await self._backlog()
        content = await self._content_bytes()
        answers, drained = await self._steady()
        submitted = (await self.meter.read()).since(before)
        changes, changed = await self._changes()
        self.progress(f"changing statuses by SQL for {self.plan.minutes * 60 * STORM_SHARE:.0f} s")
        async with self.meter.watching("storm"):
            vacuumed = await storm(self.system.database.superuser_url, self.plan.minutes * 60 * STORM_SHARE)
        counts = await self.system.counts()
        return report.Measured(
            at_rest=at_rest,
            idle=idle,
            submitted=submitted,
            changed=changed,
            changes=changes,
            counts=counts,
            accepted_rate=accepted,
            drained=drained,
            answers=answers,
            content_bytes=content,
            most=self.meter.most,
            vacuumed=vacuumed,
        )

    async def _idle(self) -> dict[str, float]:
        """CPU seconds a second of each part, without any work."""
        self.progress("idle")
        before = await self.meter.read()
        async with self.meter.watching("idle"):
            await asyncio.sleep(IDLE_SECONDS)
        used = (await self.meter.read()).since(before)
        return {name: seconds / IDLE_SECONDS for name, seconds in used.cpu_seconds.items()}

    async def _drafts(self, count: int) -> list[tuple[str, str]]:
        """Insert drafts, which is not measured."""
        made: list[tuple[str, str]] = []
        while len(made) < count:
            made += await drafts.insert_for(
                self.system.connection, self.system.dealers, min(10_000, count - len(made)), CATEGORY, CATEGORY_TYPE
            )
        return made

    async def _backlog(self) -> float:
        """Submit while delivery is paused; return how many a second were accepted."""
        cases = await self._drafts(self.plan.waiting)
        await self.system.pause(paused=True)
        self.progress(f"submitting {len(cases):,}, delivery is paused")
        async with self.meter.watching("backlog"):
            began = time.perf_counter()
            await at_once(self.system.clicks.submit, cases, CLIENTS)
            return len(cases) / (time.perf_counter() - began)

    async def _content_bytes(self) -> float:
        """What retention empties later: the mean size of a waiting document's content, which submissions have, too."""
        mean: float = await self.system.connection.fetchval(
            "SELECT avg(pg_column_size(content))::float8 FROM d365_sync.documents WHERE content IS NOT NULL"
        )
        return mean

    async def _steady(self) -> tuple[list[float], float]:
        """Resume delivery, and submit at the rate; return the delays of the answers, and when no document waited."""
        cases = await self._drafts(int(self.plan.rate * self.plan.minutes * 60))
        self.progress(f"submitting {len(cases):,} at {self.plan.rate:g} a second, {self.plan.waiting:,} wait")
        await self.system.pause(paused=False)
        began = time.perf_counter()
        drained: list[float] = []
        async with self.meter.watching("steady"):
            watching = asyncio.create_task(self._drain(began, drained))
            await at_rate(self.system.clicks.submit, cases, self.plan.rate)
            await self.system.until_delivered(DRAIN_SECONDS)
            await watching
        clicks = self.system.clicks
        return delays({name for name, _ in cases}, clicks.clicked, clicks.answered), drained[0]

    async def _drain(self, began: float, drained: list[float]) -> None:
        """Note after how many seconds the queue was as short as a second's submissions."""
        async with self.system.database.connect() as connection:
            while not drained:
                counts = await counted(connection)
                self.progress(
                    f"{counts['delivered']:,} delivered, {counts['waiting']:,} wait, {counts['failed']:,} failed"
                )
                if counts["waiting"] <= self.plan.rate:
                    drained.append(time.perf_counter() - began)
                await asyncio.sleep(5)

    async def _changes(self) -> tuple[int, Used]:
        """Let D365's clerk change statuses at the rate; return how many, and what that used."""
        count = int(self.plan.rate * self.plan.minutes * 60 * CHANGES_SHARE)
        rows = await self.system.connection.fetch(_MOVABLE, count)
        places = {row["web_case_id"]: row["case_id"] for row in rows}
        cases = [(row["web_case_id"], row["data_area_id"]) for row in rows]
        self.progress(f"changing {len(cases):,} statuses in D365")

        async def move(name: str, area: str) -> None:
            await self.system.d365.move(area, places[name], "InProcess")

        before = await self.meter.read()
        async with self.meter.watching("changes"):
            await at_rate(move, cases, self.plan.rate)
            await self._until_shown(list(places))
        return len(cases), (await self.meter.read()).since(before)

    async def _until_shown(self, names: list[str]) -> None:
        deadline = time.monotonic() + DRAIN_SECONDS
        while await self.system.connection.fetchval(_NOT_SHOWN, names):
            assert time.monotonic() < deadline, "the changes do not arrive"
            await asyncio.sleep(1)


if __name__ == "__main__":
    typer.run(main)
