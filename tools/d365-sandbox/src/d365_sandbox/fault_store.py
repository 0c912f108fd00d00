"""Stores the active faults in the data file, so that they survive a restart of the sandbox."""

import asyncio
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from d365_sandbox.faults import Call, Fault, FaultRegistry, Plan
from d365_sandbox.store import Store


@dataclass(frozen=True, slots=True)
class FaultKeeper:
    """The registry, whose changes are stored."""

    registry: FaultRegistry
    store: Store
    initial: tuple[Fault, ...]

    def load(self) -> None:
        """Sets the faults of the settings and those active at the last stop; for the same ID, the settings win."""
        rows = self.store.read("SELECT body FROM faults ORDER BY position")
        kept = [Fault.model_validate(json.loads(row["body"])) for row in rows]
        self.registry.replace([*kept, *self.initial])

    def plan(self, call: Call, in_flight: int) -> Plan:
        """What happens to a call; stores a count that it used up."""
        plan = self.registry.plan(call, in_flight)
        if plan.fault is not None and plan.fault.count:
            self._write()
        return plan

    async def add(self, fault: Fault) -> None:
        """Sets a fault; durable when this returns."""
        self.registry.add(fault)
        await self._write()

    async def remove(self, fault_id: str) -> bool:
        """Ends a fault; False if there was none."""
        removed = self.registry.remove(fault_id)
        await self._write()
        return removed

    async def reset(self) -> None:
        """Resets to the faults of the settings."""
        self.registry.replace(self.initial)
        await self._write()

    async def clear(self) -> None:
        """Ends every fault, including those of the settings."""
        self.registry.replace(())
        await self._write()

    def _write(self) -> "asyncio.Future[None]":
        own = {fault.id for fault in self.initial}
        faults = [fault for fault in self.registry.standing() if fault.id not in own]
        return self.store.submit(lambda connection: _replace(connection, faults))


def _replace(connection: sqlite3.Connection, faults: Iterable[Fault]) -> None:
    connection.execute("DELETE FROM faults")
    connection.executemany(
        "INSERT INTO faults (body) VALUES (?)", [(json.dumps(fault.model_dump(mode="python")),) for fault in faults]
    )
