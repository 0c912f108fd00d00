"""Operators' changes in PostgreSQL: one transaction each, with its audit entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from case_shared.database.postgres import Connection, Pool
from case_shared.words.actor import Actor
from case_shared.words.events import CaseContent
from d365_sync.app.operator_actions import DocumentChanged, DocumentNotFound, NotAllowed, Order, PayloadNeeded, Standing
from d365_sync.app.preview import content_of
from d365_sync.domain.changes import Change
from d365_sync.domain.delivery_action import DeliveryAction
from d365_sync.domain.document import ALLOWED, Action, Alarm, DocumentId, State, known_cause
from d365_sync.domain.permissions import Situation, permission
from d365_sync.postgres.statements import Statement

_OF_DOCUMENTS: Mapping[Action, Statement] = {
    Action.REPLAY: Statement.REPLAY_DOCUMENT,
    Action.LINK: Statement.LINK_DOCUMENT,
    Action.VERIFY: Statement.VERIFY_DOCUMENT,
    Action.RETURN: Statement.RETURN_DOCUMENT,
    Action.DISCARD: Statement.DISCARD_DOCUMENT,
    Action.RESTORE: Statement.RESTORE_DOCUMENT,
    Action.ACKNOWLEDGE: Statement.ACKNOWLEDGE_DOCUMENT,
}
_OF_DELIVERY: Mapping[DeliveryAction, Statement] = {
    DeliveryAction.PAUSE: Statement.PAUSE_DELIVERY,
    DeliveryAction.RESUME: Statement.RESUME_DELIVERY,
    DeliveryAction.ADOPT_ENVIRONMENT: Statement.ADOPT_ENVIRONMENT,
    DeliveryAction.RESTORE: Statement.RESTORE_DELIVERY,
    DeliveryAction.LET_CONSUMER_THROUGH: Statement.LET_THROUGH,
    DeliveryAction.READ_ALL_AGAIN: Statement.READ_ALL_AGAIN,
}


@dataclass(frozen=True)
class PostgresOperatorActions:
    """Implements `app.operator_actions.OperatorActions`."""

    pool: Pool

    async def replay(self, order: Order, content: CaseContent | None, changed: Sequence[Change]) -> None:
        """Put a dead letter back into the queue."""
        edited = content.model_dump(mode="json", exclude_none=True) if content else None
        fields, kinds = [one.field for one in changed], [one.kind.value for one in changed]
        await self._apply(Action.REPLAY, order, edited, fields, kinds)

    async def link(self, order: Order, case_id: str, all_case_ids: Sequence[str]) -> None:
        """Link a document to a D365 case, one of all that D365 has for it."""
        await self._apply(Action.LINK, order, case_id, list(all_case_ids))

    async def change(self, action: Action, order: Order) -> None:
        """Verify, return, discard, restore or acknowledge."""
        await self._apply(action, order)

    async def standing(self, document_id: DocumentId) -> Standing:
        """What the document is like now. Raises DocumentNotFound."""
        async with self.pool.acquire() as connection:
            return await _standing(connection, document_id)

    async def add_note(self, document_id: DocumentId, author: Actor, text: str) -> dict[str, Any] | None:
        """Add a note; None if the document does not exist."""
        row = await self.pool.fetchrow(Statement.ADD_NOTE.text, *document_id, author, text)
        return dict(row) if row else None

    async def steer(self, action: DeliveryAction, actor: Actor, reason: str, *more: Any) -> None:
        """Change delivery as a whole."""
        await self.pool.execute(_OF_DELIVERY[action].text, actor, reason, *more)

    async def see_record(self, record_id: int, actor: Actor, reason: str) -> None:
        """Note that an operator has looked at an unreadable record."""
        await self.pool.execute(Statement.SEE_UNREADABLE_RECORD.text, record_id, actor, reason)

    async def publish_lately(self) -> None:
        """Have the states published again that Kafka would still have, or that case-api lacks."""
        await self.pool.execute(Statement.PUBLISH_LATELY.text)

    async def _apply(self, action: Action, order: Order, *more: Any) -> None:
        """Decide by the row that the change will apply to: it stays locked until the change is made."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(Statement.LOCK_DOCUMENT.text, *order.document)
            standing = await _standing(connection, order.document)
            standing.refuse_unless_allowed(action)
            if standing.revision != order.revision:
                raise DocumentChanged(standing.revision, order.revision)
            if permission(action, standing.now).needs_payload and more[0] is None:
                raise PayloadNeeded("The stored payload was emptied. Send a payload with the replay")
            if action is Action.LINK:
                await connection.execute(Statement.LOCK_D365_CASE.text, standing.data_area_id, more[0])
            states = [state.value for state in ALLOWED[action]]
            done = await connection.fetchval(
                _OF_DOCUMENTS[action].text,
                *order.document,
                order.revision,
                states,
                order.actor,
                order.reason,
                *more,
            )
            if done is None:
                # Only another document can be in the way: it is already linked to the case.
                assert action is Action.LINK, f"{action} was permitted and changed nothing"
                raise NotAllowed("Another document is already linked to this case", standing.now)


async def _standing(connection: Connection, document_id: DocumentId) -> Standing:
    row = await connection.fetchrow(Statement.SELECT_STANDING.text, *document_id)
    if row is None:
        raise DocumentNotFound(f"Document {document_id} does not exist")
    now = Situation(
        State(row["state"]),
        leased=row["leased"],
        emptied=row["emptied"],
        alarmed=bool(row["alarms"]),
        doubled=Alarm.SECOND_CASE in row["alarms"],
    )
    return Standing(
        now,
        row["revision"],
        row["data_area_id"],
        row["customer_account"],
        row["look_up_pending"],
        cause=known_cause(row["cause"]),
        content=content_of(row["content"]),
        case_id=row["case_id"],
        other_case_ids=tuple(row["other_case_ids"]),
    )
