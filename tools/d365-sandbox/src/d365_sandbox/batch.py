"""`$batch`: requests one after another; a changeset takes effect as a whole or not at all."""

import secrets
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from d365_sandbox.batch_format import Changeset, Step, parse_batch, to_multipart, to_part, to_request
from d365_sandbox.data_request import DataRequest
from d365_sandbox.odata_errors import Answer, MethodNotAllowed, ODataError
from d365_sandbox.store import Store
from d365_sandbox.writes import Write

MULTIPART = "multipart/mixed; boundary="


@dataclass(frozen=True, slots=True)
class Batch:
    """Answers batches; `serve` answers one request, `prepare` turns one into a write."""

    store: Store
    serve: Callable[[DataRequest], Awaitable[Answer]]
    prepare: Callable[[DataRequest], Write]

    async def answer(self, request: DataRequest) -> Answer:
        """The answers in order, up to the first refusal unless the client asks to continue; raises `ODataError` 400."""
        if request.method != "POST":
            raise MethodNotAllowed(request.method)
        goes_on = "odata.continue-on-error" in request.headers.get("Prefer", "").lower()
        parts: list[str] = []
        for part in parse_batch(request):
            text, has_failed = await (self._one(part, request) if isinstance(part, Step) else self._all(part, request))
            parts.append(text)
            if has_failed and not goes_on:
                break
        boundary = f"batchresponse_{secrets.token_hex(8)}"
        return Answer(200, text=to_multipart(parts, boundary), content_type=MULTIPART + boundary)

    async def _one(self, step: Step, batch: DataRequest) -> tuple[str, bool]:
        answer = await self.serve(to_request(step, batch, {}))
        return to_part(answer, step.content_id), answer.status >= 400

    async def _all(self, steps: Changeset, batch: DataRequest) -> tuple[str, bool]:
        """The changeset's answers; if one write is refused, only that refusal, and nothing is written."""
        try:
            answers = await self.store.submit(lambda connection: self._write(connection, steps, batch))
        except ODataError as error:
            return to_part(error.answer()), True
        parts = [to_part(answer, step.content_id) for step, answer in zip(steps, answers, strict=True)]
        boundary = f"changesetresponse_{secrets.token_hex(8)}"
        return f"Content-Type: {MULTIPART}{boundary}\r\n\r\n{to_multipart(parts, boundary)}", False

    def _write(self, connection: sqlite3.Connection, steps: Changeset, batch: DataRequest) -> list[Answer]:
        made: dict[str, str] = {}
        answers = []
        for step in steps:
            answer = self.prepare(to_request(step, batch, made))(connection)
            if step.content_id and "Location" in answer.headers:
                made[step.content_id] = answer.headers["Location"]
            answers.append(answer)
        return answers
