"""Submissions in PostgreSQL: one statement, shared by concurrent requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from case_api.app.stores import Kept, SubmitAnswer, SubmitRequest
from case_api.domain.submission import Facts
from case_api.postgres.batches import Batches
from case_api.postgres.rows import submission_as_answered, submission_of
from case_api.postgres.statements import Statement
from case_shared.database.postgres import Pool
from case_shared.process.tracing import working_on
from case_shared.words.category_types import CategoryTypes

# Two statements under way keep both sides busy; a larger batch would only make its first caller wait.
_FLIGHTS = 2
_BATCH_SIZE = 32


@dataclass(slots=True)
class PostgresSubmitStore:
    """case_api.app.stores.SubmitStore; `resend_seconds`: silence after which a submission is sent again."""

    pool: Pool
    category_types: CategoryTypes
    resend_seconds: float

    def batched(self) -> "BatchedSubmitStore":
        """Return a store for many concurrent callers."""
        return BatchedSubmitStore(Batches(self.submit_all, _BATCH_SIZE, _FLIGHTS))

    async def submit_all(self, requests: Sequence[SubmitRequest]) -> list[SubmitAnswer | None]:
        """Submit drafts, each by itself; return answers in the order of the requests, None if no such case exists."""
        with working_on("submit", [request.traceparent for request in requests]):
            rows = await self.pool.fetch(
                Statement.SUBMIT_CASES.text,
                [request.dealer for request in requests],
                [request.web_case_id for request in requests],
                [f"{{{','.join(map(str, request.versions))}}}" for request in requests],
                [request.submission_id for request in requests],
                [request.submitted_by.name for request in requests],
                [request.traceparent for request in requests],
                [request.validate_only for request in requests],
                *self.category_types.lowered,
                self.resend_seconds,
                [request.submitted_by.subject for request in requests],
                *_keys(requests),
                [request.submitted_by.issuer for request in requests],
            )
        answers: list[SubmitAnswer | None] = [None] * len(requests)
        for row in rows:
            answers[row["place"] - 1] = _answer(row)
        return answers


@dataclass(frozen=True, slots=True)
class BatchedSubmitStore:
    """case_api.app.stores.SubmitStore."""

    batches: Batches[SubmitRequest, SubmitAnswer | None]

    async def submit(self, request: SubmitRequest) -> SubmitAnswer | None:
        """Submit a draft; None: no such case."""
        try:
            return await self.batches.ask(request)
        except asyncpg.UniqueViolationError:
            # The request with this key ended between our snapshot and our lock: now its answer is visible.
            return await self.batches.ask(request)


def _keys(requests: Sequence[SubmitRequest]) -> tuple[list[str | None], list[bytes | None]]:
    keys = [request.key for request in requests]
    return (
        [key.key if key else None for key in keys],
        [key.request_hash if key else None for key in keys],
    )


def _answer(row: asyncpg.Record) -> SubmitAnswer:
    return SubmitAnswer(
        submitted=row["submitted"],
        phase=row["phase"],
        version=row["version"],
        submitted_version=row["submitted_version"],
        facts=Facts(
            category=row["category"],
            category_type=row["category_type"],
            category_types=tuple(row["category_types"]),
            lists_known=row["lists_known"],
            priority_exists=row["priority_exists"],
            email_plausible=row["email_plausible"],
            too_long=row["too_long"] or {},
        ),
        submission=submission_of(row) if row["submission_no"] > 0 else None,
        key_held=row["key_held"],
        kept=None if row["kept"] is None else _kept(row["kept_hash"], row["kept"]),
    )


def _kept(request_hash: bytes, answer: dict[str, Any]) -> Kept:
    # A key that has added a draft is stored with the draft, and empty once that is deleted.
    is_submission = bool(answer) and "web_case_id" not in answer
    return Kept(request_hash, submission_as_answered(answer) if is_submission else None)
