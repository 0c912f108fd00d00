"""A claim of the dispatcher: how long it takes with 100,000 documents waiting, as a ratio to a short queue."""

import statistics
import time
from collections.abc import Sequence

from benchmarks.measure import Benchmark, Figures, Goal, World
from case_shared.database.postgres import Pool, create_pool
from case_shared.process.clock import SystemClock
from d365_sync.app.ports import Leader, Result
from d365_sync.domain.decision import Decision
from d365_sync.domain.document import Claim
from d365_sync.postgres.documents import PostgresDocuments

BACKLOG, SHORT = 100_000, 10_000
CLAIMS, DOCUMENTS = 200, 20
D365_URL = "https://d365.example"
LEADER = Leader("dispatcher", 1)
# Half of all documents belong to one dealer.
FILL = """
INSERT INTO d365_sync.documents (
    web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by,
    submitted_at, read_back_first, published_revision
)
SELECT 'W' || lpad(n::text, 9, '0'), 1, gen_random_uuid(), CASE n % 2 WHEN 0 THEN 'large' ELSE 'dealer-' || n % 300 END,
    'usmf', 'US-001', '{"category": "Warranty"}', 'dora', now(), false, 1
FROM generate_series(1, $1::integer) n
"""
LEAD = f"""
TRUNCATE d365_sync.documents CASCADE;
UPDATE d365_sync.delivery_control SET paused = false, d365_url = '{D365_URL}';
DELETE FROM d365_sync.leases;
INSERT INTO d365_sync.leases VALUES ('{LEADER.name}', 'benchmark', {LEADER.token}, now() + interval '1 hour');
"""


async def play(world: World) -> Figures:
    """Play one round: the short queue, then the long one."""
    pool = await create_pool(world.database.url("d365_sync"), schema="d365_sync", name="benchmark", size=2)
    short = await _claims(world, pool, SHORT)
    long = await _claims(world, pool, BACKLOG)
    await pool.close()
    connection = await world.superuser()
    await connection.execute("DELETE FROM d365_sync.leases; TRUNCATE d365_sync.documents CASCADE")
    await connection.close()
    middle = statistics.median(long)
    return {
        "p50 ms": middle,
        "p99 ms": statistics.quantiles(long, n=100)[98],
        "short queue p50 ms": statistics.median(short),
        "ratio": middle / statistics.median(short),
    }


async def _claims(world: World, pool: Pool, waiting: int) -> list[float]:
    """Return the milliseconds that each claim took; what it returns counts as delivered at once."""
    connection = await world.superuser()
    await connection.execute(LEAD)
    await connection.execute(FILL, waiting)
    await connection.execute("VACUUM ANALYZE d365_sync.documents")
    await connection.execute("CHECKPOINT")
    await connection.close()
    documents, taken, after = PostgresDocuments(pool, SystemClock(), D365_URL), [], ""
    for _ in range(CLAIMS):
        began = time.perf_counter()
        claimed = await documents.claim_to_deliver(
            LEADER, limit=DOCUMENTS, per_dealer=DOCUMENTS, after_dealer=after, lease_seconds=60
        )
        taken.append((time.perf_counter() - began) * 1000)
        assert len(claimed.claims) == DOCUMENTS
        after = claimed.next_after
        await documents.store(_delivered(claimed.claims), log_failures=False)
    return taken


def _delivered(claims: Sequence[Claim]) -> list[Result]:
    return [Result(claim, Decision.delivered(case_id=f"C-{claim.id}")) for claim in claims]


BENCHMARK = Benchmark("claim", play, (Goal("p99 ms", at_most=50), Goal("ratio", at_most=1.5)))
