"""Results of D365 checks in PostgreSQL, for each D365 environment."""

from dataclasses import dataclass
from typing import Any

from case_shared.d365.chain_memory import PostgresChainMemory
from case_shared.d365.check.report import Proof, Report, State, StepId
from case_shared.d365.check.target import ReceivedEvents
from case_shared.d365.mapping import Mapping
from case_shared.database.postgres import Pool
from d365_sync.app.check_d365 import LastCheck
from d365_sync.postgres.statements import Statement

# What only a check that writes can find.
_BY_WRITING = {StepId.WRITE, StepId.EVENTS}


@dataclass(frozen=True)
class PostgresChecks:
    """Implements `app.check_d365.Checks`; `environment` is D365_URL."""

    pool: Pool
    environment: str
    mapping: Mapping

    async def last(self) -> LastCheck | None:
        """The last check; None if there was none."""
        row = await self.pool.fetchrow(Statement.SELECT_LAST_CHECK.text, self.environment)
        return LastCheck(row["age_seconds"], row["ok"]) if row else None

    async def steps(self) -> list[dict[str, Any]]:
        """The last result of each step, in their order."""
        rows = await self.pool.fetch(Statement.SELECT_CHECK_STEPS.text, self.environment)
        return [dict(row) for row in rows]

    async def proof(self) -> Proof | None:
        """The proof of uniqueness; None if there is none."""
        row = await self.pool.fetchrow(Statement.SELECT_UNIQUENESS_PROOF.text, *self._key)
        return Proof(row["case_id"], row["proven_at"]) if row else None

    async def dealer_companies(self) -> frozenset[str]:
        """The legal entities of registered dealers."""
        rows = await self.pool.fetch(Statement.SELECT_DEALER_COMPANIES.text)
        return frozenset(row["data_area_id"] for row in rows)

    async def received(self) -> ReceivedEvents:
        """Which of D365's business events have arrived."""
        rows = await self.pool.fetch(Statement.SELECT_RECEIVED_EVENTS.text)
        companies = frozenset(row["subject"] for row in rows if row["kind"] == "status")
        return ReceivedEvents(companies, tested=any(row["kind"] == "test" for row in rows))

    async def store(self, report: Report, *, written: bool = False) -> None:
        """Store a report with its proof; `written`: the check created a case."""
        steps = [
            {
                "step": step.id.value,
                "place": place,
                "state": step.state.value,
                "message": step.message,
                "remedy": step.remedy,
                "findings": [{"code": one.code, "values": dict(one.values)} for one in step.shown],
                "written": written and step.id in _BY_WRITING and step.state is not State.SKIPPED,
            }
            for place, step in enumerate(report.steps)
        ]
        if report.or_terms:
            await PostgresChainMemory(self.pool, self.environment).store(report.or_terms)
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(Statement.STORE_CHECK_STEPS.text, self.environment, steps)
            if report.proof:
                arguments = (*self._key, report.proof.case_id)
                await connection.execute(Statement.STORE_UNIQUENESS_PROOF.text, *arguments)
            elif report.disproved:
                await connection.execute(Statement.DROP_UNIQUENESS_PROOF.text, *self._key)
            await connection.fetchval(Statement.NOTE_UNIQUENESS.text, *self._key, self.mapping.web_case_id_unique)

    async def note_uniqueness(self) -> bool:
        """Note whether the Web Case ID counts as unique without a proof; return whether it does."""
        arguments = (*self._key, self.mapping.web_case_id_unique)
        return await self.pool.fetchval(Statement.NOTE_UNIQUENESS.text, *arguments) is not None

    async def is_unproven(self) -> bool:
        """Whether the Web Case ID counts as unique without a proof, as last noted."""
        return await self.pool.fetchval(Statement.SELECT_UNPROVEN.text) is not None

    @property
    def _key(self) -> tuple[str, str, str]:
        case = self.mapping.case
        return self.environment, case.entity_set, case.fields.web_case_id
