"""Each part that fails has an alert, which fires within its time and ends once the part is back."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import pytest

from casebridge.oidc.keys import TokenSigner, create_key
from casebridge.oidc.users import DEALER_SCOPES, User
from d365_sync.domain.breaker import FAILURES_TO_OPEN
from tests.alerts.conftest import SERVICES, Watched
from tests.alerts.prometheus import waits
from tests.chaos import acts
from tests.chaos.history import REFUSED
from tests.chaos.links import Weather
from tests.chaos.world import spare
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.processes import free_port
from tests.support.progress import progress_from_now

pytestmark = pytest.mark.timeout(600 * PATIENCE)
# Services count their queues every five seconds, and need a moment to notice what fails.
COUNTED_SECONDS = 10.0
# Prometheus takes changed targets into account every five seconds.
TARGETS_SECONDS = 7.0
# And a service that starts needs some seconds until it answers.
STARTED_SECONDS = TARGETS_SECONDS + 20.0
# What must make progress may take so long (case_shared/database/progress.py), and this is reported every five seconds.
STILL_SECONDS = 120.0 + COUNTED_SECONDS
# A minute is longer than the shortened `for` of every alert but DeliveryPaused's and UniquenessUnproven's.
QUIET_SECONDS = 60.0
ENDS_SECONDS = 90.0

Act = Callable[[Watched], Awaitable[None]]
show = progress_from_now()


@dataclass(frozen=True)
class Failure:
    """What fails, how it is healed, and its alerts, each with the seconds (not shortened) until metrics show it."""

    name: str
    strike: Act
    heal: Act
    alerts: Mapping[str, float]


def on_world(act: acts.Act) -> Act:
    return lambda watched: act(watched.world)


def down(*kinds: str) -> Act:
    """Kill -9 every replica, and leave it dead."""

    async def act(watched: Watched) -> None:
        for name in replicas(watched, kinds):
            part = watched.world.parts.by_name[name]
            part.held = True
            part.kill()

    return act


def up(*kinds: str) -> Act:
    async def act(watched: Watched) -> None:
        found = [watched.world.parts.by_name[name] for name in replicas(watched, kinds)]
        for part in found:
            part.start()
        for part in found:
            await part.ready(60 * PATIENCE)

    return act


def replicas(watched: Watched, kinds: tuple[str, ...]) -> list[str]:
    return [name for kind in kinds for name in (watched.names(kind) if kind in SERVICES else [kind])]


def forgotten(kind: str) -> Act:
    async def act(watched: Watched) -> None:
        watched.scrape(without=kind)

    return act


async def known(watched: Watched) -> None:
    watched.scrape()


async def submit(watched: Watched) -> None:
    await watched.portal.submit(description="The pump leaks.")


async def never_join(watched: Watched) -> None:
    """Start a replica that does not reach Kafka."""
    name = spare(watched.world, "d365-sync")
    part = watched.world.parts.by_name[name]
    nobody = {**part.program.environment, "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}
    part.program = replace(part.program, environment=nobody)
    part.start()
    watched.scrape(more=name)


async def leave(watched: Watched) -> None:
    watched.scrape()
    await watched.world.parts.by_name[spare(watched.world, "d365-sync")].stop()


async def be_refused(watched: Watched) -> None:
    """Submit what D365 refuses."""
    await watched.portal.submit(description=REFUSED)


async def give_back(watched: Watched) -> None:
    listed, _ = await operate(watched, "GET", "/v1/documents?state=failed")
    for document in listed["items"]:
        path = f"/v1/documents/{document['id']}"
        _, etag = await operate(watched, "GET", path)
        await operate(watched, "POST", f"{path}/return", etag, reason="Say more.")


def steer(action: str) -> Act:
    async def act(watched: Watched) -> None:
        await operate(watched, "POST", f"/v1/delivery/{action}", reason="a test")

    return act


async def operate(
    watched: Watched, method: str, path: str, etag: str = "*", **body: str
) -> tuple[dict[str, list[dict[str, str]]], str]:
    """What an operator gets from d365-sync, and its ETag."""
    headers = {"Authorization": f"Bearer {watched.world.token('olga')}", "If-Match": etag}
    url = watched.world.service_url("d365-sync-1") + path
    async with watched.world.session.request(method, url, headers=headers, json=body or None) as answer:
        assert answer.status < 300, await answer.text()
        return await answer.json(), answer.headers.get("ETag", "")


def unknown_key(expected: int) -> Act:
    """Ask with a token of an unknown key until the answer is this: case-api looks whether the provider has the key."""

    async def act(watched: Watched) -> None:
        issuer = watched.world.plan.url("oidc")
        signer = TokenSigner(create_key(watched.prometheus.folder), issuer, "casebridge")
        token = signer.access_token(User("eve", "test", ("usmf-us-001",), DEALER_SCOPES), client_id="casebridge",
                                    scope="", lifetime_seconds=600)  # fmt: skip

        async def status() -> list[int]:
            return [await asked(watched, f"{url}/v1/dealers", token) for url in watched.world.case_api_urls]

        await eventually(status, lambda found: set(found) == {expected}, within_seconds=30, every_seconds=0.5)

    return act


async def asked(watched: Watched, url: str, token: str) -> int:
    async with watched.world.session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
        return answer.status


def then(*every: Act) -> Act:
    async def act(watched: Watched) -> None:
        for one in every:
            await one(watched)

    return act


def includes(alert: str) -> Callable[[set[str]], bool]:
    return lambda firing: alert in firing


def cut_off(kind: str) -> Act:
    """Cut a service off from Kafka."""
    return on_world(acts.change(f"{kind} → kafka", Weather(refused=True)))


def reached(kind: str) -> Act:
    return on_world(acts.change(f"{kind} → kafka", Weather()))


FROZEN = acts.names("d365-sync")
D365_AWAY = on_world(acts.sandbox_faults([{"kind": "outage"}]))
FAILURES = (
    *(Failure(f"every {kind} killed", down(kind), up(kind), {f"ServiceDown {kind}": 0}) for kind in SERVICES),
    *(
        Failure(f"no {kind} known", forgotten(kind), known, {f"ServiceMissing {kind}": TARGETS_SECONDS})
        for kind in SERVICES
    ),
    Failure(
        "every d365-sync frozen",
        on_world(acts.freeze(*FROZEN)),
        on_world(acts.thaw(*FROZEN)),
        {"ServiceDown d365-sync": 0},
    ),
    Failure("PostgreSQL stopped", down("postgres"), up("postgres"), {"StandsStill": STILL_SECONDS}),
    Failure("Kafka stopped", down("kafka"), up("kafka"), {"LiveStreamsBlind": COUNTED_SECONDS}),
    Failure("d365-sync cut off from Kafka", cut_off("d365-sync"), reached("d365-sync"), {"StandsStill": STILL_SECONDS}),
    Failure(
        "the outbox cannot publish",
        then(cut_off("case-api"), submit),
        reached("case-api"),
        {"OutboxStuck": COUNTED_SECONDS, "LiveStreamsBlind": COUNTED_SECONDS},
    ),
    Failure(
        "D365 away",
        then(D365_AWAY, *(submit,) * FAILURES_TO_OPEN),
        on_world(acts.no_sandbox_faults),
        {"BreakerOpen": COUNTED_SECONDS, "PollLate": COUNTED_SECONDS},
    ),
    Failure("a consumer never joins", never_join, leave, {"ConsumerNotJoined d365-sync": STARTED_SECONDS}),
    Failure("a dead letter", be_refused, give_back, {"DeadLetters": COUNTED_SECONDS}),
    Failure("delivery paused", steer("pause"), steer("resume"), {"DeliveryPaused": COUNTED_SECONDS}),
    Failure(
        "the identity provider stopped",
        then(down("oidc"), unknown_key(503)),
        then(up("oidc"), unknown_key(401)),
        {"IdentityProviderAway case-api": 0},
    ),
)


async def test_no_alert_fires_while_nothing_is_broken(watched: Watched) -> None:
    await submit(watched)
    began = time.monotonic()
    await eventually(
        lambda: asyncio.sleep(0, time.monotonic() - began),
        lambda passed: passed > QUIET_SECONDS,
        within_seconds=2 * QUIET_SECONDS,
    )
    assert await watched.prometheus.fired(QUIET_SECONDS) == set()


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_raises_its_alert_in_time_until_it_is_healed(watched: Watched, failure: Failure) -> None:
    prometheus = watched.prometheus
    await eventually(prometheus.firing, lambda firing: not firing, within_seconds=ENDS_SECONDS)
    try:
        await failure.strike(watched)
        began = time.monotonic()
        for alert, seen in failure.alerts.items():
            here, deployed = waits(alert.split()[0])
            limit = began + (here + seen) * PATIENCE - time.monotonic()
            others = await eventually(prometheus.firing, includes(alert), within_seconds=limit / PATIENCE)
            took = time.monotonic() - began
            also = ", ".join(sorted(others - failure.alerts.keys()))
            show(f"| {failure.name} | {alert} | {took:.0f} | {took + deployed - here:.0f} | {also} |")
    finally:
        await failure.heal(watched)
    await eventually(prometheus.firing, lambda firing: not firing, within_seconds=ENDS_SECONDS)
