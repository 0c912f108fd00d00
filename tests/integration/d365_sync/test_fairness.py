"""No dealer, legal entity or replay delays another, however few calls D365 allows."""

import pytest

from tests.integration.d365_sync.by_hand import ByHand, by_hand
from tests.integration.d365_sync.conftest import old, submitted
from tests.support.databases import Database


@pytest.mark.parametrize("slots", [1, 3])
async def test_another_dealers_new_case_waits_for_a_few_of_a_long_backlog_only(database: Database, slots: int) -> None:
    async with by_hand(database) as queue:
        await queue.take_in(*(submitted(dealer="m-backlog", submitted_at=old()) for _ in range(60)))
        await deliver(queue, slots, 3)
        new = [submitted(dealer=dealer) for dealer in ("a-small", "z-small")]
        await queue.take_in(*new)

        served = await deliver(queue, slots, 3)

        assert {event.web_case_id for event in new} <= set(served)


async def test_every_dealer_gets_its_turn_where_d365_bears_one_call(database: Database) -> None:
    async with by_hand(database) as queue:
        dealers = [f"d-{number}" for number in range(5)]
        await queue.take_in(*(submitted(dealer=dealer) for dealer in dealers for _ in range(6)))

        served = await deliver(queue, 1, 15)

        rows = await queue.pool.fetch("SELECT web_case_id, dealer FROM documents")
        dealer_of = {row["web_case_id"]: row["dealer"] for row in rows}
        assert [dealer_of[one] for one in served] == dealers * 3


async def test_more_dealers_than_one_claim_visits_all_get_their_turn(database: Database) -> None:
    async with by_hand(database) as queue:
        await queue.take_in(*(submitted(dealer=f"d-{number:03}") for number in range(150) for _ in range(2)))

        for _ in range(40):
            await deliver(queue, 5, 1)

        rows = await queue.pool.fetch("SELECT dealer FROM documents WHERE state = 'delivered'")
        assert len({row["dealer"] for row in rows}) == 150


async def test_replays_rank_below_every_new_case(database: Database) -> None:
    async with by_hand(database) as queue:
        replays = [submitted(dealer="r-replays") for _ in range(3)]
        new = [submitted(dealer="n-new") for _ in range(3)]
        await queue.take_in(*replays, *new)
        for event in replays:
            await queue.set(event, "rank = 1")

        served = await deliver(queue, 1, 6)

        assert served[:3] == sorted(served[:3], key=[event.web_case_id for event in new].index)
        assert set(served[3:]) == {event.web_case_id for event in replays}


async def deliver(queue: ByHand, slots: int, rounds: int) -> list[str]:
    """Claim and deliver, `slots` at a time; returns the Web Case IDs in the order of delivery."""
    served = []
    for _ in range(rounds):
        for claim in await queue.claim(limit=slots, per_dealer=max(1, slots - 1)):
            await queue.created(claim, f"C-{claim.id}")
            served.append(claim.id.web_case_id)
    return served


async def test_look_ups_go_round_the_legal_entities(database: Database) -> None:
    async with by_hand(database) as queue:
        slow = [submitted(data_area_id="slow", dealer="slow-1") for _ in range(120)]
        well = submitted(data_area_id="usmf")
        await queue.take_in(*slow, well)
        await queue.pool.execute("UPDATE documents SET state = 'verifying', verify_at = now() - interval '1 hour'")
        await queue.set(well, "verify_at = now() - interval '1 second'")

        first = await queue.claim_to_look_up()
        second = await queue.claim_to_look_up("slow")

        assert {claim.case.data_area_id for claim in first} == {"slow"}
        assert len(first) == 100
        assert [claim.id.web_case_id for claim in second] == [well.web_case_id]
        assert await queue.claim_to_look_up("slow", "usmf") == []
        assert len(await queue.claim_to_look_up()) == 20
