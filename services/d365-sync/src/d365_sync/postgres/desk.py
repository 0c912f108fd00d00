"""Operators' changes in PostgreSQL: each one statement, with its audit entry."""

from dataclasses import dataclass
from typing import Any

from case_shared.events import CaseContent
from case_shared.postgres import Pool, load_sql
from d365_sync.app.operating import DocumentChanged, DocumentNotFound, NotAllowed, Order, Standing
from d365_sync.domain.document import ALLOWED, Action, DocumentId, State

_PACKAGE = "d365_sync.postgres"


@dataclass(frozen=True)
class PostgresDesk:
    """Implements `app.operating.Desk`, and what steers delivery as a whole."""

    pool: Pool

    async def replay(self, order: Order, content: CaseContent | None, fields: list[str]) -> None:
        """Put a dead letter back into the queue."""
        edited = content.model_dump(mode="json", exclude_none=True) if content else None
        await self._apply(Action.REPLAY, order, edited, fields)

    async def link(self, order: Order, case_id: str) -> None:
        """Tie a document to a case of D365."""
        await self._apply(Action.LINK, order, case_id)

    async def change(self, action: Action, order: Order) -> None:
        """Verify, return, discard or restore."""
        await self._apply(action, order)

    async def standing(self, document_id: DocumentId) -> Standing:
        """How a document stands. Raises DocumentNotFound."""
        row = await self.pool.fetchrow(load_sql(_PACKAGE, "select_standing"), *document_id)
        if row is None:
            raise DocumentNotFound(f"there is no document {document_id}")
        return Standing(
            State(row["state"]), row["revision"], row["data_area_id"], row["customer_account"], row["verifying"]
        )

    async def add_note(self, document_id: DocumentId, author: str, text: str) -> dict[str, Any] | None:
        """Add a note; None where there is no such document."""
        row = await self.pool.fetchrow(load_sql(_PACKAGE, "add_note"), *document_id, author, text)
        return dict(row) if row else None

    async def steer(self, statement: str, actor: str, reason: str, *more: Any) -> None:
        """Run one of the statements about delivery as a whole."""
        await self.pool.execute(load_sql(_PACKAGE, statement), actor, reason, *more)

    async def see_record(self, record_id: int, actor: str, reason: str) -> None:
        """Note that an operator has looked at an unreadable record."""
        await self.pool.execute(load_sql(_PACKAGE, "see_unreadable_record"), record_id, actor, reason)

    async def publish_everything_again(self) -> None:
        """Have the state of every document published once more."""
        await self.pool.execute(load_sql(_PACKAGE, "publish_everything_again"))

    async def _apply(self, action: Action, order: Order, *more: Any) -> None:
        states = [state.value for state in ALLOWED[action]]
        done = await self.pool.fetchval(
            load_sql(_PACKAGE, f"{action}_document"),
            *order.document,
            order.revision,
            states,
            order.actor,
            order.reason,
            *more,
        )
        if done is None:
            await self._explain(action, order)

    async def _explain(self, action: Action, order: Order) -> None:
        """Raise why nothing was changed."""
        standing = await self.standing(order.document)
        if standing.state not in ALLOWED[action]:
            unproven = standing.state in {State.DELIVERING, State.VERIFYING}
            why = f"a document that is {standing.state} cannot be given a {action}"
            raise NotAllowed(f"{why}: an attempt is not proven yet" if unproven else why, standing.state)
        if standing.revision != order.revision:
            raise DocumentChanged(standing.revision)
        raise NotAllowed(
            _OTHERWISE.get(action, "the document is being looked up; repeat it in a moment"), standing.state
        )


_OTHERWISE = {
    Action.REPLAY: "its payload was emptied; send it with a payload",
    Action.LINK: "that case is tied to another document",
    Action.VERIFY: "its payload was emptied, so that a case found could not be compared with it",
}
