"""Millions of cases, created in SQL: dealers of very different sizes (Zipf), each with its own users, every status."""

from functools import partial
from typing import Any

from tests.support.eventually import eventually

# Users of a dealer, the first with most cases; no other text of a case contains these names.
USERS = [f"{first}.{last}@example.com" for first in ("ann", "bob", "eve", "ida", "leo", "mia", "zoe", "jón")
         for last in ("berg", "cole", "diaz", "kohl", "lund")]  # fmt: skip
CATEGORIES = ["Warranty", "Parts", "Repair", "Recall", "Training", "Transport", "Invoice", "Other"]
PRIORITIES = ["Low", "Normal", "High"]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# The factor is odd, so that every number gives a different one of 40 bits.
_DIGITS = [f"((((n * 726117451) & 1099511627775) >> {5 * (7 - place)}) & 31)::integer" for place in range(8)]
_CHECK = f"({' + '.join(f'{2 * place + 1} * {digit}' for place, digit in enumerate(_DIGITS))}) % 32"
_WEB_CASE_ID = "'W' || " + " || ".join(f"substr('{_ALPHABET}', {digit} + 1, 1)" for digit in [*_DIGITS, _CHECK])
# $1 first number, $2 last number, $3 count of all numbers, $4 ends of the dealers' shares float[], $5 users,
# $6 categories, $7 priorities
_CASES = f"""
INSERT INTO case_api.cases (
    web_case_id, dealer, data_area_id, customer_account, origin, phase, category, priority, description, contact_name,
    notes, created_by, created_at, updated_at, submitted_at, submission_no, submitted_version, case_id, d365_status,
    d365_status_mapped, status_as_of, d365_category, d365_priority, d365_description, read_began_at
)
SELECT
    {_WEB_CASE_ID}, 'dealer-' || dealer, 'usmf', 'US-' || dealer, CASE WHEN born THEN 'd365' ELSE 'portal' END,
    CASE WHEN draft THEN 'draft' ELSE 'submitted' END,
    CASE WHEN NOT born THEN category END, CASE WHEN NOT born THEN priority END,
    CASE WHEN NOT born THEN description END, CASE WHEN NOT born THEN 'Dora Dealer' END,
    CASE WHEN NOT born THEN description END,
    CASE WHEN NOT born THEN ($5::text[])[1 + floor(least(40, 4 + 400 / dealer) * by ^ 2)::integer] END,
    at, at + age * 0.2, CASE WHEN NOT draft THEN at + age * 0.1 END, CASE WHEN draft OR born THEN 0 ELSE 1 END,
    CASE WHEN NOT draft AND NOT born THEN 1 END,
    CASE WHEN read THEN 'CAS-' || lpad(n::text, 8, '0') END, CASE WHEN read THEN mapped END,
    CASE WHEN read THEN mapped END, CASE WHEN read THEN at + age * 0.3 END, CASE WHEN read THEN category END,
    CASE WHEN read THEN priority END, CASE WHEN read THEN description END, CASE WHEN read THEN at + age * 0.3 END
FROM (
    SELECT
        n, dealer, by, at, age, state < 0.03 AS draft, state >= 0.05 AND random() < 0.1 AS born, state >= 0.05 AS read,
        CASE WHEN state < 0.06 THEN 'submitted' WHEN state < 0.14 THEN 'in_process' WHEN state < 0.25 THEN 'open'
            WHEN state < 0.93 THEN 'closed' ELSE 'canceled' END AS mapped,
        ($6::text[])[1 + floor(8 * random() ^ 2)::integer] AS category,
        ($7::text[])[1 + floor(3 * random())::integer] AS priority,
        CASE WHEN random() < 0.98 THEN 'Machine ' || n % 9973 || repeat(' leaks oil at the main seal;', 3) END
            AS description
    FROM (
        SELECT
            n, 1 + width_bucket(random(), $4::float[]) AS dealer, random() AS by, random() AS state,
            now() - ($3::bigint - n) * interval '20 seconds' AS at, ($3::bigint - n) * interval '20 seconds' AS age
        FROM generate_series($1::bigint, $2::bigint) AS n
    ) AS drawn
) AS made
"""
# Half of those without a Case ID are delivered: status-sync has not linked them yet.
_STATES = """
INSERT INTO case_api.submission_states (web_case_id, submission_no, state, case_id, resend_at)
SELECT
    web_case_id, 1, CASE WHEN given IS NULL THEN 'pending' ELSE 'delivered' END, given, 'infinity'
FROM case_api.cases
CROSS JOIN LATERAL (
    SELECT coalesce(case_id, CASE WHEN ascii(right(web_case_id, 1)) % 2 = 0 THEN 'NEW-' || web_case_id END) AS given
) AS d365
WHERE submission_no = 1
ON CONFLICT DO NOTHING
"""
_INDEXES = """
SELECT relname AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i JOIN pg_class ON pg_class.oid = i.indexrelid
WHERE indrelid = 'case_api.cases'::regclass AND NOT indisprimary
"""
_CHUNK = 100_000


def shares(dealers: int) -> list[float]:
    """The end of each dealer's share of all cases, except the last one's: the n-th has 1/n of the first one's."""
    weights = [1 / number for number in range(1, dealers + 1)]
    total, ends = 0.0, []
    for weight in weights[:-1]:
        total += weight / sum(weights)
        ends.append(total)
    return ends


async def insert(connection: Any, count: int, dealers: int, *, first: int = 1, of: int | None = None) -> None:
    """Insert the cases `first` to `count`, finally `of` cases, of `dealer-1`, the largest, to `dealer-{dealers}`.

    The newest has the highest number. Builds indexes at the end, like a migration.
    """
    # A vacuum treats a row as visible to all only once its commit is in the log.
    await connection.execute("SET synchronous_commit = on; SELECT setseed(0.5)")
    indexes = await connection.fetch(_INDEXES)
    await connection.execute("ALTER TABLE case_api.cases DISABLE TRIGGER USER")
    await connection.execute("".join(f"DROP INDEX case_api.{index['name']};" for index in indexes))
    for begin in range(first, count + 1, _CHUNK):
        end = min(begin + _CHUNK - 1, count)
        await connection.execute(_CASES, begin, end, of or count, shares(dealers), USERS, CATEGORIES, PRIORITIES)
    await connection.execute(_STATES)
    await connection.execute("".join(f"{index['definition']};" for index in indexes))
    await connection.execute("ALTER TABLE case_api.cases ENABLE TRIGGER USER")
    for table in ("cases", "submission_states"):
        await eventually(partial(_vacuumed, connection, table))


async def _vacuumed(connection: Any, table: str) -> bool:
    """Vacuum; whether all rows are visible to all now, which a snapshot of autovacuum's own analysis prevents."""
    await connection.execute(f"VACUUM (ANALYZE) case_api.{table}")
    whole: bool = await connection.fetchval(
        f"SELECT relallvisible > (SELECT coalesce((max(ctid)::text::point)[0], -1) FROM case_api.{table})"
        " FROM pg_class WHERE oid = $1::regclass",
        f"case_api.{table}",
    )
    return whole
