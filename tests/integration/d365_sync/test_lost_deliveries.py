"""Results that Kafka lost are published again: what case-api has not read, and after a restore what is recent."""

from case_shared.words.events import CaseSubmitted
from tests.integration.d365_sync.by_hand import ByHand, by_hand
from tests.integration.d365_sync.conftest import submitted
from tests.support.databases import Database

_HEARD = """
INSERT INTO case_api.submission_states (web_case_id, submission_no, state, revision, resend_at)
VALUES ($1, $2, 'failed', $3, now())
"""


async def _returned(queue: ByHand, *, heard_revision: int, age: str) -> CaseSubmitted:
    """A document that was published as returned at revision 5, of which case-api has read another revision."""
    event = submitted()
    await queue.take_in(event)
    await queue.set(
        event,
        f"state = 'returned', revision = 5, published_revision = 5, changed_at = now() - interval '{age}'",
    )
    async with queue.database.connect() as connection:
        await connection.execute(_HEARD, event.web_case_id, event.submission_no, heard_revision)
    return event


async def _to_publish(queue: ByHand) -> set[str]:
    return {event.web_case_id for event in await queue.unpublished()}


async def test_an_end_that_case_api_has_not_read_is_published_again(database: Database) -> None:
    async with by_hand(database) as queue:
        lost = await _returned(queue, heard_revision=4, age="11 minutes")
        await _returned(queue, heard_revision=5, age="11 minutes")
        await _returned(queue, heard_revision=4, age="1 minute")
        assert await queue.documents.publish_unheard(10) == 1
        assert await _to_publish(queue) == {lost.web_case_id}
        assert await queue.documents.publish_unheard(10) == 0, "it waits for the publisher"


async def test_a_consumer_that_stopped_for_days_finds_few_copies(database: Database) -> None:
    async with by_hand(database) as queue:
        event = await _returned(queue, heard_revision=4, age="9 minutes")
        published = 0
        for _ in range(48 * 6):  # a turn each ten minutes, for two days
            await queue.set(event, "published_revision = 5, changed_at = changed_at - interval '602 seconds'")
            published += await queue.documents.publish_unheard(10)
        assert 8 <= published <= 18


async def test_a_restore_publishes_again_what_is_recent_or_lacks(database: Database) -> None:
    async with by_hand(database) as queue:
        recent = await _returned(queue, heard_revision=5, age="6 days")
        lacking = await _returned(queue, heard_revision=4, age="1 year")
        await _returned(queue, heard_revision=5, age="1 year")
        await queue.actions.publish_lately()
        assert await _to_publish(queue) == {recent.web_case_id, lacking.web_case_id}
