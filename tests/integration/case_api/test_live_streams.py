"""Live streams on a real database, fed by hand: what each stream receives, which is never an older state."""

import asyncio
from collections.abc import Collection
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from case_api.app.live_streams import LiveStreams
from case_api.app.recent_records import LiveRecord
from case_api.app.stream_queue import Loss, Resync, Stream
from case_api.domain.errors import TooManyStreams, TooManyStreamsOfDealer, TooManyStreamsOfUser
from case_api.domain.event_ids import Partition, event_id
from case_api.domain.overlay import LiveCase, with_delivery
from case_api.postgres.live_store import PostgresLiveStore
from case_shared.process.clock import SystemClock
from case_shared.words.events import AttemptSummary, CaseDelivery, Outcome, SubmissionState
from tests.integration.case_api.conftest import DEALER, OTHER, Api, Json
from tests.integration.case_api.deliveries import delivery, handle
from tests.support.submissions import store_document

S = SubmissionState


class LateClock(SystemClock):
    """The machine's clock, `seconds` ahead."""

    seconds = 0.0

    def monotonic(self) -> float:
        """The time since the machine's start, moved ahead."""
        return super().monotonic() + self.seconds


STATUS, DELIVERY = Partition(0, 0), Partition(1, 0)


def streams_of(api: Api, **limits: int) -> LiveStreams:
    """The service's streams, as if they had begun to read."""
    streams = api.service.streams
    streams.limits = replace(streams.limits, **limits)
    streams.recent.begin({STATUS: 0, DELIVERY: 0})
    return streams


def status_record(streams: LiveStreams, case: Json, dealer: str | None = DEALER) -> LiveRecord:
    """The next record of case.status-changed.v1."""
    return LiveRecord(STATUS, streams.recent.offsets[STATUS], 0.0, case["web_case_id"], dealer)


def delivery_record(streams: LiveStreams, event: CaseDelivery) -> LiveRecord:
    """The next record of case.delivery.v1."""
    return LiveRecord(DELIVERY, streams.recent.offsets[DELIVERY], 0.0, event.web_case_id)


def taken(stream: Stream) -> list[Json]:
    """The cases waiting in a stream."""
    loss, events = stream.take()
    assert loss is None
    return [shown(event.body) for event in events]


def shown(body: bytes) -> Json:
    data: Json = orjson.loads(next(line for line in body.splitlines() if line.startswith(b"data: "))[6:])
    return data


async def test_a_case_is_sent_to_its_own_dealer_as_a_get_shows_it(api: Api) -> None:
    streams = streams_of(api)
    case = await api.submitted()
    async with streams.opened(DEALER, None, "ann") as first, streams.opened(DEALER, None, "ann") as second:
        async with streams.opened(OTHER, None, "ann") as others:
            # The row decides who owns the case, not the record.
            await streams.send([status_record(streams, case)])
            assert taken(others) == []
            await streams.send([status_record(streams, case, OTHER)])
            assert others.take() == (Loss(Resync.REMOVED, streams.place), [])
        assert taken(first) == taken(second) == [await api.get(case)] * 2


async def test_a_case_comes_once_a_batch_at_its_last_record(api: Api) -> None:
    streams = streams_of(api)
    one, two = await api.submitted(), await api.submitted()
    async with streams.opened(DEALER, None, "ann") as stream:
        batch = [
            LiveRecord(STATUS, offset, 0.0, case["web_case_id"], DEALER) for offset, case in enumerate((one, two, one))
        ]
        await streams.send([*batch, LiveRecord(STATUS, 3, 0.0)])
        _, events = stream.take()
    assert [(event.id, shown(event.body)["web_case_id"]) for event in events] == [
        ("2.0", two["web_case_id"]),
        ("3.0", one["web_case_id"]),
    ]
    assert streams.place == "4.0"


@pytest.mark.parametrize("state", list(S))
async def test_an_event_shows_what_its_consumer_is_about_to_store(api: Api, state: SubmissionState) -> None:
    case = await api.submitted()
    store = PostgresLiveStore(api.service.pool)
    attempt = AttemptSummary(started=datetime.now(UTC), ended=datetime.now(UTC), outcome=Outcome.REJECTED)
    fields: Json = {"case_id": "C-1"} if state is S.DELIVERED else {"reason": "No such category", "cause": "rejected"}
    event = await delivery(api, case, state, revision=2, attempts=(attempt,), **fields)
    await store_document(api.database, event)
    (before,) = await store.find([case["web_case_id"]], [DEALER])
    await handle(api, [event])
    (after,) = await store.find([case["web_case_id"]], [DEALER])
    predicted = with_delivery(before)
    assert with_delivery(after) == after.case
    assert replace(predicted, updated_at=after.case.updated_at) == after.case
    assert predicted.submission is not None
    assert predicted.submission.state is state
    assert predicted.case_id == fields.get("case_id")


async def test_the_case_id_comes_with_the_delivery_and_waits_for_no_read_of_d365(api: Api) -> None:
    streams = streams_of(api)
    clock = LateClock()
    streams.clock = clock
    case = await api.submitted()
    event = await delivery(api, case, S.DELIVERED, revision=3, case_id="C-1")
    await store_document(api.database, event)
    async with streams.opened(DEALER, None, "ann") as stream:
        await streams.send([delivery_record(streams, event)])
        await handle(api, [event])
        clock.seconds += 1
        await streams.follow_up()
        # What status-sync stores comes later, so nothing may take the Case ID back until then.
        assert [one["case_id"] for one in taken(stream)] == ["C-1", "C-1"]
        assert (await api.get(case))["case_id"] == "C-1"
        [row] = await api.fetch("SELECT case_id FROM case_api.cases")
        assert row["case_id"] is None


async def test_a_stream_never_falls_behind_an_event_that_is_not_stored_yet(api: Api) -> None:
    streams = streams_of(api)
    case = await api.submitted()
    event = await delivery(api, case, S.DELIVERED, revision=5, case_id="C-1")
    late = await delivery(api, case, S.DELIVERING, revision=4)
    await store_document(api.database, event)
    async with streams.opened(DEALER, None, "ann") as stream:
        for record in (delivery_record(streams, event), status_record(streams, case), delivery_record(streams, late)):
            await streams.send([replaced(record, streams)])
        assert [one["submission"]["state"] for one in taken(stream)] == ["delivered"] * 3
    assert (await api.get(case))["submission"]["state"] == "pending"


async def test_what_was_sent_before_it_was_stored_is_sent_again_once_it_is(api: Api) -> None:
    clock = LateClock()
    streams = streams_of(api)
    streams.clock = clock
    case = await api.submitted()
    event = await delivery(api, case, S.FAILED, revision=2, cause="rejected", reason="No such machine")
    await store_document(api.database, event)
    async with streams.opened(DEALER, None, "ann") as stream:
        await streams.send([delivery_record(streams, event)])
        await streams.follow_up()
        assert [one["submission"]["state"] for one in taken(stream)] == ["failed"]
        assert (await api.get(case))["submission"]["state"] == "pending", "a GET now is too early"
        await handle(api, [event])
        for again in ([await api.get(case)], []):
            clock.seconds += 1
            await streams.follow_up()
            assert taken(stream) == again


async def test_a_state_that_is_never_stored_is_not_asked_for_for_ever(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = LateClock()
    streams = streams_of(api)
    streams.clock = clock
    asked: list[float] = []
    find = PostgresLiveStore.find

    async def counting(self: PostgresLiveStore, names: Collection[str], dealers: Collection[str]) -> list[LiveCase]:
        asked.append(clock.seconds)
        return await find(self, names, dealers)

    event = await delivery(api, await api.submitted(), S.FAILED, revision=2, cause="rejected", reason="No")
    await store_document(api.database, event)
    async with streams.opened(DEALER, None, "ann"):
        await streams.send([delivery_record(streams, event)])
        monkeypatch.setattr(PostgresLiveStore, "find", counting)
        for _ in range(3600):
            clock.seconds += 1
            await streams.follow_up()
    assert 8 <= len(asked) <= 12
    assert asked[-1] < 900


async def test_a_stream_shows_nothing_of_a_forged_delivery(api: Api) -> None:
    streams = streams_of(api)
    case = await api.submitted()
    forged = await delivery(api, case, S.DELIVERED, revision=5, case_id="C-1", reason="another dealer's words")
    async with streams.opened(DEALER, None, "ann") as stream:
        await streams.send([delivery_record(streams, forged)])
        assert taken(stream) == [await api.get(case)]


def replaced(record: LiveRecord, streams: LiveStreams) -> LiveRecord:
    return record._replace(offset=streams.recent.offsets[record.partition])


async def test_who_connects_hears_what_the_list_does_not_show_yet(api: Api) -> None:
    streams = streams_of(api)
    case, stored, others = await api.submitted(), await api.submitted(), await api.create(OTHER)
    events = [await delivery(api, one, S.FAILED, revision=2, reason="No") for one in (case, stored, others)]
    for event in events:
        await store_document(api.database, event)
        await streams.send([delivery_record(streams, event)])
    await handle(api, [events[1]])
    async with streams.opened(DEALER, None, "ann") as stream:
        assert stream.start_id == streams.place
        assert [one["web_case_id"] for one in taken(stream)] == [case["web_case_id"]]
    async with streams.opened(DEALER, "nonsense", "ann") as stream:
        loss, again = stream.take()
        assert loss is not None
        assert len(again) == 1


async def test_a_stream_goes_on_exactly_behind_each_id(api: Api) -> None:
    streams = streams_of(api)
    cases = [await api.submitted() for _ in range(4)]
    foreign = await api.create(OTHER)
    async with streams.opened(DEALER, None, "ann") as stream:
        for case in (cases[0], foreign, cases[1], cases[2], foreign, cases[3]):
            await streams.send([status_record(streams, case, case["dealer"])])
        _, events = stream.take()
    ids = [stream.start_id, *(event.id for event in events)]
    for number, last_id in enumerate(ids):
        async with streams.opened(DEALER, last_id, "ann") as again:
            _, missed = again.take()
            assert [one.id for one in missed] == ids[number + 1 :]
            assert [shown(one.body)["web_case_id"] for one in missed] == [
                case["web_case_id"] for case in cases[number:]
            ]


@pytest.mark.parametrize(
    ("last_id", "reason"),
    [("nonsense", Resync.UNKNOWN_ID), ("", Resync.UNKNOWN_ID), ("9.0", Resync.UNKNOWN_ID), ("0.0", Resync.TOO_OLD)],
)
async def test_an_id_that_cannot_be_resumed_means_fetching_again(api: Api, last_id: str, reason: Resync) -> None:
    streams = streams_of(api)
    streams.recent.most = 1
    case = await api.submitted()
    for _ in range(3):
        await streams.send([status_record(streams, case)])
    async with streams.opened(DEALER, last_id, "ann") as stream:
        loss, events = stream.take()
        assert (loss, events) == ((reason, "3.0"), [])
        await streams.send([status_record(streams, case)])
        assert len(taken(stream)) == 1


async def test_a_case_that_its_dealer_lost_means_fetching_again(api: Api) -> None:
    """status-sync names the dealer that had it, then the one that has it now under the same Web Case ID."""
    streams = streams_of(api)
    kept, case = await api.submitted(), await api.submitted()
    gone = {**case, "web_case_id": "W000000000"}
    async with streams.opened(DEALER, None, "ann") as stream, streams.opened(OTHER, None, "ann") as others:
        await streams.send([status_record(streams, kept)])
        after = streams.place
        taken(stream)
        removed = status_record(streams, gone)
        followed = status_record(streams, case, OTHER)._replace(offset=removed.offset + 1)
        back = followed._replace(offset=removed.offset + 2, dealer=DEALER)
        await streams.send([removed, followed, back])
        loss, events = stream.take()
        assert loss == Loss(Resync.REMOVED, "2.0")
        assert [shown(event.body)["web_case_id"] for event in events] == [case["web_case_id"]]
        assert others.take() == (Loss(Resync.REMOVED, "3.0"), []), "nothing of another dealer's case"
    for dealer in (DEALER, OTHER):
        async with streams.opened(dealer, after, "ann") as resumed:
            assert resumed.take() == (Loss(Resync.REMOVED, streams.place), [])
    async with streams.opened(DEALER, streams.place, "ann") as resumed:
        assert resumed.take() == (None, [])


async def test_an_id_of_a_replica_that_is_ahead_is_waited_for(api: Api) -> None:
    streams = streams_of(api)
    case = await api.submitted()

    async def opens() -> list[Json]:
        async with streams.opened(DEALER, "2.0", "ann") as stream:
            for _ in range(2):
                await streams.send([status_record(streams, case)])
            return taken(stream)

    opening = asyncio.create_task(opens())
    await asyncio.sleep(0)
    await streams.send([status_record(streams, case)])
    await streams.send([status_record(streams, case)])
    assert len(await opening) == 2


async def test_a_stream_that_begins_while_cases_are_read_misses_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = streams_of(api)
    case, others = await api.submitted(), await api.create(OTHER)
    found = streams.store.find
    async with AsyncExitStack() as stack:
        began: list[Stream] = []

        async def find(*arguments: Any) -> Any:
            cases = await found(*arguments)
            if not began:
                began.append(await stack.enter_async_context(streams.opened(OTHER, None, "ann")))
            return cases

        streams.store = FindsBy(find)
        await stack.enter_async_context(streams.opened(DEALER, None, "ann"))
        await streams.send([status_record(streams, case), status_record(streams, others, OTHER)._replace(offset=1)])
        assert began[0].start_id == event_id({STATUS: 0, DELIVERY: 0})
        assert [one["web_case_id"] for one in taken(began[0])] == [others["web_case_id"]]


class FindsBy:
    """The real store; something happens right after its query."""

    def __init__(self, find: Any) -> None:
        self.find = find


async def test_streams_are_limited_and_given_back(api: Api) -> None:
    streams = streams_of(api, streams=3, streams_of_dealer=2)
    async with streams.opened(DEALER, None, "ann"), streams.opened(OTHER, None, "ann"):
        async with streams.opened(DEALER, None, "ann"):
            with pytest.raises(TooManyStreams):
                await streams.opened("third", None, "ann").__aenter__()
        async with streams.opened(OTHER, None, "ann"):
            pass
        async with streams.opened(DEALER, None, "ann"):
            streams.limits = replace(streams.limits, streams=9)
            with pytest.raises(TooManyStreamsOfDealer):
                await streams.opened(DEALER, None, "ann").__aenter__()
    assert not streams._open
    assert not streams._of_dealers
    assert not streams._of_users


async def test_a_user_has_so_many_streams_of_all_dealers_together(api: Api) -> None:
    streams = streams_of(api, streams_of_user=2)
    async with streams.opened(DEALER, None, "ann"), streams.opened(OTHER, None, "ann"):
        with pytest.raises(TooManyStreamsOfUser):
            await streams.opened(DEALER, None, "ann").__aenter__()
        async with streams.opened(DEALER, None, "bob"):
            # Open streams do not use the connections of other requests.
            assert (await api.client.get(f"/v1/dealers/{DEALER}/cases")).status_code == 200
    async with streams.opened(DEALER, None, "ann"):
        pass


async def test_a_slow_reader_delays_nobody(api: Api) -> None:
    streams = streams_of(api, waiting_bytes=5_000)
    case = await api.submitted(notes="n" * 1000)
    async with streams.opened(DEALER, None, "ann") as slow, streams.opened(DEALER, None, "ann") as fast:
        for _ in range(20):
            await streams.send([status_record(streams, case)])
            assert len(taken(fast)) == 1
        loss, events = slow.take()
        assert loss is not None
        assert loss.reason is Resync.TOO_SLOW
        assert sum(len(event.body) for event in events) <= 5_000
        async with streams.opened(DEALER, loss.id, "ann") as again:
            assert len(taken(again)) >= 1 or not events


async def test_problems_of_the_limits_are_named(api: Api) -> None:
    streams_of(api, streams=0)
    answer = await api.client.get(f"/v1/dealers/{DEALER}/cases/stream")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:casebridge:problem:streams-taken")
    assert answer.headers["retry-after"]
    streams_of(api, streams=9, streams_of_dealer=0)
    answer = await api.client.get(f"/v1/dealers/{DEALER}/cases/stream")
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:casebridge:problem:too-many-streams")
    assert answer.json()["policy"] == "dealer"
    streams_of(api, streams_of_user=0)
    answer = await api.client.get(f"/v1/dealers/{DEALER}/cases/stream")
    assert (answer.status_code, answer.json()["policy"]) == (429, "user")


async def test_other_methods_and_parameters_are_refused(api: Api) -> None:
    path = f"/v1/dealers/{DEALER}/cases/stream"
    assert (await api.client.head(path)).status_code == 405
    assert (await api.client.post(path)).status_code == 405
    answer = await api.client.get(f"{path}?access_token=x")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "?access_token")
    for method in ("PATCH", "DELETE"):
        answer = await api.client.request(method, path, json={}, headers={"If-Match": '"1"'})
        assert answer.status_code == 404
    assert not api.service.streams._of_dealers
