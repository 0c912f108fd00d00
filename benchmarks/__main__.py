"""`make bench`: measures the figures of docs/benchmarks.md again on this machine."""

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from benchmarks import claim, consume, deliver, http, live, outbox, report, round_trip, search, submit
from benchmarks.measure import Benchmark, Result, World, measured
from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED
from case_shared.web.service import collect_garbage_less_often
from casebridge import servers
from tests.support import brokers, databases

SIZES = "1000000,5000000"
BENCHMARKS = {
    one.name: one
    for one in (
        submit.BENCHMARK,
        http.BENCHMARK,
        outbox.DELAY,
        outbox.DRAIN,
        consume.BENCHMARK,
        claim.BENCHMARK,
        deliver.BENCHMARK,
        live.BENCHMARK,
        round_trip.BENCHMARK,
        search.BENCHMARK,
    )
}


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Which: {', '.join(BENCHMARKS)}; none: all.")] = None,
    rounds: Annotated[int, typer.Option(help="Rounds; the median counts.", min=1)] = 5,
    seconds: Annotated[float, typer.Option(help="How long a timed round lasts.", min=1)] = 4,
    cases: Annotated[
        str, typer.Option(help="How many cases `search` is measured on; several, ascending, by comma.")
    ] = SIZES,
    write: Annotated[Path | None, typer.Option(help="Write the report to this file, if all were measured.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the medians as JSON.")] = False,
) -> None:
    """Measure, print a table, and exit with 1 if a goal is missed. Differences under 15 % mean nothing."""
    unknown = set(names or ()) - set(BENCHMARKS)
    if unknown:
        raise typer.BadParameter(f"no such benchmark: {', '.join(sorted(unknown))}")
    chosen = [BENCHMARKS[name] for name in names or BENCHMARKS]
    collect_garbage_less_often()
    results = uvloop.run(_run(chosen, rounds, seconds, [int(size) for size in cases.split(",")]))
    if as_json:
        print(json.dumps({result.name: dict(result.medians) for result in results}))
    else:
        print(report.table(results))
    if write and not names:  # a report of one benchmark would erase the others' results
        write.write_text(_document(results, rounds), encoding="utf-8")
    missed = [
        goal
        for result in results
        for goal in result.goals
        if goal.figure in result.medians and not goal.is_reached(result.medians[goal.figure])
    ]
    raise typer.Exit(1 if missed else 0)


async def _run(chosen: list[Benchmark], rounds: int, seconds: float, cases: list[int]) -> list[Result]:
    with tempfile.TemporaryDirectory() as name:
        folder = _folders(Path(name))
        # As a server with this many cases has.
        postgres = servers.start_postgres(folder / "postgres", settings={"shared_buffers": "2GB"})
        kafka = servers.start_kafka(folder / "kafka")
        try:
            template = await databases.create_template(postgres.address)
            results = []
            for one in chosen:
                # A database and topics for each: what one benchmark leaves behind does not slow the next.
                async with databases.cloned(postgres.address, template) as database:
                    broker = await _broker(kafka.address, one.name)
                    results.append(await measured(one, World(database, broker, folder, seconds, cases), rounds, show))
            return results
        finally:
            kafka.stop()
            postgres.stop()


async def _broker(address: str, name: str) -> brokers.Broker:
    settings = KafkaSettings(
        kafka_bootstrap_servers=address, kafka_topic_prefix=f"{name}.", kafka_group_prefix=f"{name}."
    )
    broker = brokers.Broker(settings)
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED)
    return broker


def show(line: str) -> None:
    """Print progress, apart from the result."""
    print(line, file=sys.stderr)


def _folders(root: Path) -> Path:
    # If this user is root, PostgreSQL runs as another one.
    root.chmod(0o755)
    for part in ("postgres", "kafka"):
        (root / part).mkdir()
    return root


def _document(results: list[Result], rounds: int) -> str:
    return f"""# Benchmarks

Made by `make bench` at commit {report.commit()} on {datetime.now(UTC):%Y-%m-%d}:
{report.machine()};
PostgreSQL 18 and Kafka 4.4 of the local stack, fsync on, client and servers on the same cores.
Medians of {rounds} rounds, each of which plays the subject and its ceiling in turn; use the ratios, differences under
15 % mean nothing.

{report.table(results)}

- **submit**: case-api's one statement by 32 callers on a pool of 16, against pgbench's BEGIN, UPDATE, INSERT, COMMIT by
  32 clients. A submission writes four rows and ten index entries (the case, its submission, its state, its event),
  pgbench's transaction two rows and two entries.
- **http**: case-api as it runs (FastAPI, tokens, dealers, limits, metrics, tracing) on {http.CONNECTIONS} connections,
  against bare Starlette that checks the same tokens, counts the same limits, validates the same body and runs the same
  SQL; one process each, the load from a third.
- **outbox-delay**: from the submit's commit to Kafka's acknowledgement at 100 submissions a second.
- **outbox-drain**: 50,000 rows published and deleted, against aiokafka sending the same records from memory.
- **consume**: 50,500 records into the document queue, offsets committed, against getmany, one `unnest` insert and a
  commit of offsets.
- **claim**: {claim.DOCUMENTS} documents claimed with {claim.BACKLOG:,} waiting, half of them one dealer's, against a
  queue of {claim.SHORT:,}.
- **deliver**: {deliver.DOCUMENTS:,} documents of one dealer, delivered by the process as it runs (intents, outcomes,
  events) to a D365 that takes 100 ms and {deliver.IN_FLIGHT} requests at once (500/s), against a client loop of as
  many. What bounds it is CPU: a document costs two to three times what its bare request does, and PostgreSQL, Kafka and
  the stand-in for D365 live on the same cores; where those are free, it stays within a tenth of the loop.
- **search**: the list of {search.DEALERS:,} dealers of very unequal size; the largest has an eighth of all cases. A
  list is a search of one character or more, by each of the five sorts whose columns the index has; it may take
  {search.TIMES} times a bare index-only scan of the dealer's cases and {search.PLUS_MS} ms: its bound. Lists are equal
  when their first two pages are those of a plain look at every case. Status changes are those of status-sync, with
  the list's index and without it.
- **live**: {live.DEALERS * live.STREAMS_PER_DEALER:,} open streams ({live.DEALERS} dealers) on one case-api,
  {live.CHANGES_PER_SECOND} changes a second, each sent to {live.STREAMS_PER_DEALER} streams. From before the case's row
  is changed (so before its Kafka record) to its client's socket; the clients are a process of their own. The bare
  consumer does nothing with the same records: what it waits for is the machine.
- **round-trip**: {round_trip.RATE_PER_SECOND} clicks a second on "Submit", then as many changes in D365, with one
  replica of each service as deployed and the sandbox as a D365 that answers at once; ten dealers have a stream each.
  A click ends when the stream shows the Case ID. The hops are parts of the same ways, by the time that Kafka wrote
  each record and that D365 got each request. A poll of D365 falls into both measurements.
"""


if __name__ == "__main__":
    typer.run(main)
