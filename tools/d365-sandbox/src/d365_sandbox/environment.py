"""The environment: its current set-up, the entity sets that follow from it, and its clock."""

import json
import sqlite3
import time
from typing import Any

from pydantic import ValidationError

from d365_sandbox.setup import Setup, catalog_of
from d365_sandbox.store import Store


class Environment:
    """The set-up of the start, and the control API's changes to it, which survive a restart."""

    def __init__(self, start: Setup) -> None:
        self._start = start
        self._changed: dict[str, Any] = {}
        self._apply(start)

    def _apply(self, setup: Setup) -> None:
        self.setup = setup
        self.catalog = catalog_of(setup)
        # D365's own people see what OData does not show.
        self.seen_by_staff = catalog_of(setup.model_copy(update={"private_fields": ()}))

    def now(self) -> float:
        """The time by D365's clock, in seconds since 1970."""
        return time.time() + self.setup.clock_offset_seconds

    def load(self, store: Store) -> None:
        """Restores what was changed before the last stop, unless the settings now contradict it."""
        rows = store.read("SELECT body FROM setup")
        try:
            self._change(json.loads(rows[0]["body"]) if rows else {})
        except ValidationError:
            self._change({})

    async def replace(self, store: Store, changed: dict[str, Any]) -> None:
        """Applies these changes to the set-up of the start; durable when this returns. Raises `ValidationError`."""
        self._change(changed)
        body = json.dumps(changed)
        await store.submit(lambda connection: _write(connection, body))

    async def update(self, store: Store, changed: dict[str, Any]) -> None:
        """Applies these changes to the current set-up; durable when this returns. Raises `ValidationError`."""
        await self.replace(store, self._changed | changed)

    def _change(self, changed: dict[str, Any]) -> None:
        self._apply(Setup.model_validate(self._start.model_dump() | changed))
        self._changed = changed

    @property
    def changed(self) -> dict[str, Any]:
        """What was changed since the start."""
        return dict(self._changed)

    def describe(self) -> dict[str, Any]:
        """The whole set-up, and the names of what was changed since the start."""
        return {"settings": self.setup.model_dump(mode="json"), "changed": sorted(self._changed)}


def _write(connection: sqlite3.Connection, body: str) -> None:
    connection.execute("INSERT OR REPLACE INTO setup (id, body) VALUES (1, ?)", (body,))
