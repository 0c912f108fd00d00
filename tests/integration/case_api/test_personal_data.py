"""Neither a dealer's texts nor tokens get into case-api's logs (at the most verbose level) or traces."""

from pathlib import Path

import aiohttp

from case_shared.kafka.topics import CASE_DELIVERY, CASE_SUBMITTED
from tests.integration.case_api.conftest import CASES, DEALER, DRAFT, fill_lists
from tests.integration.case_api.test_service import serving
from tests.support import issuer
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.traces import collector

MARK = "Zx9Personal"
EMAIL = f"{MARK}@dealer.example"
CONTENT = {
    **DRAFT,
    "description": f"{MARK} leaks",
    "contact": {"name": f"Ann {MARK}", "email": EMAIL, "phone": f"+{MARK}"},
    "notes": f"call {MARK}",
}


async def write(dealer: aiohttp.ClientSession) -> None:
    """Save, change and submit a case, correctly and in many wrong ways."""
    async with dealer.post(CASES, json=CONTENT, headers={"Idempotency-Key": f"key-{MARK}"}) as answer:
        assert answer.status == 201
        case = f"{CASES}/{(await answer.json())['web_case_id']}"
    match = {"If-Match": '"1"'}
    calls = [
        ("POST", CASES, 422, {"json": {**CONTENT, "category": [MARK]}}),
        ("POST", CASES, 422, {"json": {MARK: EMAIL}}),
        ("POST", CASES, 422, {"data": f'{{"notes": "{MARK}'.encode(), "headers": {"Content-Type": "application/json"}}),
        ("POST", CASES, 415, {"data": MARK.encode(), "headers": {"Content-Type": f"text/{MARK}"}}),
        ("POST", CASES, 422, {"json": CONTENT | {"notes": MARK * 4000}}),
        ("GET", f"{CASES}?cursor={MARK}", 422, {}),
        ("GET", f"{CASES}?{MARK}=1", 422, {}),
        ("PATCH", case, 412, {"json": {"notes": MARK}, "headers": {"If-Match": f'"{MARK}"'}}),
        ("PATCH", case, 200, {"json": {"contact": {"email": EMAIL}}, "headers": match}),
        ("POST", f"{case}/submission", 412, {"headers": match}),
        ("POST", f"{case}/submission", 202, {"headers": {"If-Match": '"2"', "Prefer": f"wait=0, {MARK}"}}),
        ("GET", f"{case}/timeline", 200, {}),
        ("GET", case, 401, {"headers": {"Authorization": f"Bearer {MARK}.{MARK}.{MARK}"}}),
        ("GET", case, 401, {"headers": {"Authorization": f"Basic {MARK}"}}),
    ]
    for method, path, status, request in calls:
        async with dealer.request(method, path, **request) as answer:  # type: ignore[arg-type]
            assert answer.status == status, (method, path, await answer.text())


async def test_what_dealers_write_is_neither_logged_nor_traced(
    database: Database, broker: Broker, tmp_path: Path
) -> None:
    await fill_lists(database)
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY)
    async with collector() as traces:
        settings = {**broker.environment(), "LOG_LEVEL": "DEBUG", "OTEL_EXPORTER_OTLP_ENDPOINT": traces.url}
        async with serving(database, settings, tmp_path / "log") as process:
            token = issuer.token(process.environment["OIDC_ISSUER"], DEALER)
            async with aiohttp.ClientSession(process.url, headers={"Authorization": f"Bearer {token}"}) as dealer:
                await write(dealer)
                # A database that refuses a row: its message must not reveal the row.
                await break_cases(database)
                async with dealer.post(CASES, json=CONTENT) as answer:
                    assert answer.status == 500
            await eventually(broker.submissions)
            assert await process.stop() == 0
        logged, traced = process.output(), b"".join(traces.bodies)
    assert "case_submitted" in logged
    assert "request_failed" in logged
    assert CASES.encode() in traced
    for secret in (MARK, token, token.rpartition(".")[2]):
        assert secret not in logged, [line for line in logged.splitlines() if secret in line]
        place = traced.find(secret.encode())
        assert place < 0, traced[max(0, place - 1000) : place + 100]


async def break_cases(database: Database) -> None:
    """Make every new case violate a check; PostgreSQL reports that with the failing row."""
    async with database.connect() as connection:
        await connection.execute(
            "ALTER TABLE case_api.cases ADD CONSTRAINT broken CHECK (notes IS NULL OR origin = 'd365') NOT VALID"
        )
