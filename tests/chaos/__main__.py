"""`make chaos`: run seeds, print each result, write the report. Exits with 1 if a promise was broken.

`--resume` leaves out seeds that have passed with the same code: a hundred seeds take an hour, and a run may be
interrupted.
"""

import asyncio
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tests.chaos import report, world
from tests.chaos.books import rows_of
from tests.chaos.checker import Kind
from tests.chaos.run import Verdict, run
from tests.chaos.summary import Passed, Summary

# Seeds per world at most: a failing seed then has few predecessors, and the same world can be built again.
_SEEDS_A_WORLD = 10


def main(
    seeds: Annotated[str, typer.Option(metavar="1-100,7", help="Which seeds to run.")] = "1-100",
    worlds: Annotated[int, typer.Option(min=1, max=4, help="How many whole systems to strike at a time.")] = 1,
    write: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write the report.")] = None,
    keep: Annotated[Path, typer.Option(metavar="DIR", help="Where histories and logs of failing seeds go.")] = Path(
        ".chaos"
    ),
    resume: Annotated[bool, typer.Option(help="Leave out seeds that have passed with the same code.")] = False,
) -> None:
    """Strike the whole system with seeded faults, and check every promise afterwards."""
    passed = Passed(keep)
    numbers = parse(seeds)
    before = passed.load(numbers) if resume else []
    if before:
        print(f"{len(before)} of {len(numbers)} seeds have passed with this code before", flush=True)
    left = sorted({*numbers} - {one.seed for one in before})
    ran = asyncio.run(run_all(left, worlds, keep, passed))
    again = late(ran) if worlds > 1 else []
    if again:
        print(f"late beside another system, again alone: {again}", flush=True)
        alone = {one.seed: one for one in asyncio.run(run_all(again, 1, keep, passed))}
        ran = [alone.get(one.seed, one) for one in ran]
    summaries = sorted([*before, *ran], key=lambda one: one.seed)
    if write:
        report.write(write, f"make chaos{'' if worlds == 1 else f' WORLDS={worlds}'}", summaries)
    broken = [one.seed for one in summaries if one.broken]
    print(f"{len(summaries)} seeds, broken promises in {len(broken)}" + (f": {broken}" if broken else ""))
    raise typer.Exit(1 if broken else 0)


def late(summaries: list[Summary]) -> list[int]:
    """Seeds that fail only because a recovery took too long: systems that share two cores start more slowly."""
    return [one.seed for one in summaries if {*one.broken} == {Kind.SLOW}]


def parse(seeds: str) -> list[int]:
    """The numbers of "1-3,7". Raises typer.BadParameter."""
    try:
        ranges = [part.partition("-") for part in seeds.split(",")]
        numbers = [seed for first, _, last in ranges for seed in range(int(first), int(last or first) + 1)]
    except ValueError:
        raise typer.BadParameter(f"{seeds!r}: write numbers and ranges, as in 1-100,7") from None
    if not numbers or len(set(numbers)) < len(numbers):
        # A world has already seen the seed's Idempotency-Keys when it is repeated.
        raise typer.BadParameter(f"{seeds!r}: write each seed once; run the same again by another make chaos")
    return numbers


async def run_all(seeds: list[int], worlds: int, keep: Path, passed: Passed) -> list[Summary]:
    """Run these seeds, and return their summaries; each world serves a few of them."""
    if not seeds:
        return []
    share = min(_SEEDS_A_WORLD, -(-len(seeds) // worlds))
    waiting = deque(seeds[place : place + share] for place in range(0, len(seeds), share))
    summaries: list[Summary] = []

    def ended(verdict: Verdict) -> None:
        summary = Summary.of(verdict)
        passed.store(summary)
        summaries.append(summary)

    async def serve() -> None:
        while waiting:
            with fresh_folder() as folder:
                await run_some(waiting.popleft(), folder, keep, ended)

    await asyncio.gather(*(serve() for _ in range(worlds)))
    return summaries


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """A folder for one world, deleted afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="casebridge-chaos-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def run_some(seeds: list[int], folder: Path, keep: Path, ended: Callable[[Verdict], None]) -> None:
    """Run these seeds on one world, and report each verdict to `ended`; keep the evidence of a failing one."""
    began = time.monotonic()
    async with world.running(folder) as running:
        print(f"world ready after {time.monotonic() - began:.0f} s", flush=True)
        for seed in seeds:
            verdict = await run(running, seed)
            ended(verdict)
            show(verdict)
            if verdict.violations:
                place = keep_evidence(verdict, folder, keep)
                names = {violation.web_case_id for violation in verdict.violations if violation.web_case_id}
                rows = await rows_of(running, sorted(names))
                (place / "rows.jsonl").write_text("".join(f"{row}\n" for row in rows))


def show(verdict: Verdict) -> None:
    """Print one line per run, and one for each broken promise."""
    recoveries = ", ".join(f"{one.fault} {one.seconds:.1f} s" for one in verdict.history.recoveries)
    print(f"seed {verdict.seed}: {verdict.seconds:.0f} s, settled after {verdict.settled_seconds:.1f} s; {recoveries}")
    for violation in verdict.violations[:20]:
        print(f"  BROKEN: {violation.kind}: {violation.web_case_id or ''} {violation.detail}")
    print(end="", flush=True)


def keep_evidence(verdict: Verdict, folder: Path, keep: Path) -> Path:
    """Keep the history and every part's log, and print how to run the seed again."""
    place = keep / f"seed-{verdict.seed}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    verdict.history.write(place / "history.jsonl")
    for log in folder.glob("*.log"):
        shutil.copy(log, place)
    print(f"  again: make chaos SEEDS={verdict.seed}   history and logs: {place}", flush=True)
    return place


if __name__ == "__main__":
    typer.run(main)
