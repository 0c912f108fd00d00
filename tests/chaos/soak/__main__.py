"""`make soak`: submit for hours under faults, then check D365's books. Exits with 1 if a promise was broken."""

import asyncio
import random
import shutil
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from tests.chaos import world
from tests.chaos.__main__ import fresh_folder
from tests.chaos.books import AWAY
from tests.chaos.soak import report
from tests.chaos.soak.generator import Generator
from tests.chaos.soak.ledger import Books, adds_up, judge, waiting
from tests.chaos.soak.memory import LONGEST_SAMPLE_SECONDS, Memory
from tests.chaos.soak.storm import LONGEST_CALM_SECONDS, Storm
from tests.chaos.world import World
from tests.support.progress import Progress, progress_from_now

SUBMISSIONS, MINUTES, AHEAD = 1_000_000, 105.0, 20_000
_SHOW_SECONDS = 10.0
_SETTLED_WITHIN_SECONDS = 600.0
# For a million cases: no waits, few logs, and rare polls, each of which reads again what changed in ten minutes.
_SETTINGS = {
    "SANDBOX_LATENCY_SECONDS": "0",
    "D365_POLL_SECONDS": "600",
    "RESEND_FIRST_SECONDS": "60",
    "RATE_LIMIT_CLIENT_PER_MINUTE": "0",
    "RATE_LIMIT_DEALER_PER_MINUTE": "0",
    "RETENTION_PAYLOAD_DAYS": "0.01",
    "RETENTION_SWEEP_SECONDS": "60",
    "LOG_LEVEL": "WARNING",
}


@dataclass(frozen=True)
class Asked:
    """What is asked for."""

    submissions: int = SUBMISSIONS
    minutes: float = MINUTES
    ahead: int = AHEAD
    seed: int = 1

    @property
    def calm_seconds(self) -> float:
        """The time between two faults: shorter in a short soak, so that some come."""
        return min(LONGEST_CALM_SECONDS, self.minutes * 60 / 10)

    @property
    def command(self) -> str:
        """The command that repeats this soak: what differs from the defaults is in ARGS."""
        usual = asdict(Asked())
        given = [f"--{name} {value}" for name, value in asdict(self).items() if value != usual[name]]
        return "make soak" + (f' ARGS="{" ".join(given)}"' if given else "")


def main(
    submissions: Annotated[int, typer.Option(help="How many to submit.", min=1)] = SUBMISSIONS,
    minutes: Annotated[float, typer.Option(help="When to stop, however many there are by then.", min=0.2)] = MINUTES,
    ahead: Annotated[int, typer.Option(help="How many may wait for D365 at a time.", min=100)] = AHEAD,
    seed: Annotated[int, typer.Option(help="Decides the order and the times of the faults.")] = 1,
    write: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write the report.")] = None,
    keep: Annotated[Path, typer.Option(metavar="DIR", help="Where the logs of a failed soak go.")] = Path(".chaos"),
) -> None:
    """Submit under faults, and compare with D365's books. The short form: --submissions 2000 --minutes 1."""
    asked = Asked(submissions, minutes, ahead, seed)
    with fresh_folder() as folder:
        soaked = uvloop.run(soak(folder, asked))
        if not soaked.passed:
            _keep_logs(folder, keep / "soak")
    text = report.document(soaked)
    print(text)
    if write:
        write.write_text(text)
    raise typer.Exit(0 if soaked.passed else 1)


async def soak(folder: Path, asked: Asked) -> report.Soaked:
    """Run it in `folder`."""
    progress = progress_from_now()
    async with world.running(folder, _SETTINGS) as system, AsyncExitStack() as stack:
        books = Books(folder / "sandbox.sqlite3")
        memory = Memory(system, min(LONGEST_SAMPLE_SECONDS, asked.minutes))
        generator = Generator(system, books, asked.submissions, asked.ahead)
        storm = Storm(system, books, random.Random(asked.seed), progress, generator.over, asked.calm_seconds)
        progress("the system is ready")
        begun = time.monotonic()
        for work in (books.keep(), memory.keep(), _show(generator, storm, books, progress)):
            stack.push_async_callback(_cancel, asyncio.create_task(work))
        striking = asyncio.create_task(storm.run())
        striking.add_done_callback(lambda _: generator.over.set())  # if it fails, the soak ends now, not in hours
        ending = asyncio.create_task(_end(generator.over, asked.minutes * 60))
        await generator.run()
        seconds = time.monotonic() - begun
        ending.cancel()
        await striking
        await storm.end()
        progress("no more faults, no more submissions")
        settled = await _settle(system, progress)
        verdict = await judge(system, books, generator.acknowledged, generator.unknown)
        return report.Soaked(
            command=asked.command,
            seconds=seconds,
            settled_seconds=settled,
            calm_seconds=asked.calm_seconds,
            verdict=verdict,
            unknown=len(generator.unknown),
            surprises=generator.surprises,
            struck=storm.struck,
            memory=memory.fifths(),
            grown=memory.grown(),
        )


async def _end(over: asyncio.Event, seconds: float) -> None:
    await asyncio.sleep(seconds)
    over.set()


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _show(generator: Generator, storm: Storm, books: Books, progress: Progress) -> None:
    """Show how far it has come."""
    began, before = time.monotonic(), 0
    while True:
        await asyncio.sleep(_SHOW_SECONDS)
        done = len(generator.acknowledged)
        mean = done / (time.monotonic() - began)
        left = (generator.wanted - done) / mean / 60 if mean else float("inf")
        line = f"{done:,} acknowledged ({(done - before) / _SHOW_SECONDS:.0f}/s), {books.arrived:,} in D365"
        progress(f"{line}, {left:.0f} min left; fault {len(storm.struck) + 1}: {storm.now or 'calm'}")
        before = done


async def _settle(system: World, progress: Progress) -> float:
    """Wait until nothing is on its way, and the read model has all; return how long that took."""
    began = time.monotonic()
    while (waited := time.monotonic() - began) < _SETTLED_WITHIN_SECONDS:
        try:
            left = await waiting(system)
            if not left and await adds_up(system):
                break
            progress(f"{left:,} on their way")
        except AWAY as error:
            progress(f"a part does not answer: {error!r}")
        await asyncio.sleep(2)
    return waited


def _keep_logs(folder: Path, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for log in folder.glob("*.log"):
        shutil.copy(log, place)
    print(f"logs: {place}")


if __name__ == "__main__":
    typer.run(main)
