"""Applies the planned faults to a call: before, instead of and after D365's own answer."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from d365_sandbox.entra_errors import TRANSIENT
from d365_sandbox.faults import BodyKind, Call, Fault, FaultKind, Operation, Plan, When
from d365_sandbox.odata_errors import Answer, error_body, not_found, write_failed

Perform = Callable[[], Awaitable[Answer]]

THROTTLED = "This request could not be processed at this time due to system experiencing high resource utilization."
MAINTENANCE = (
    "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>We will be back soon</h1></body></html>"
)
SIGN_IN = "https://login.microsoftonline.com/common/oauth2/authorize"
WITHOUT_ODATA_BODY = frozenset({401, 408, 429, 502, 503, 504})


class ConnectionDropped(Exception):
    """The connection is cut without an answer."""


@dataclass(slots=True)
class FaultPerformer:
    """Runs a call under its plan; `timeout_seconds` is D365's own limit on a request."""

    timeout_seconds: float
    _late: set["asyncio.Task[None]"] = field(default_factory=set)

    async def run(self, plan: Plan, call: Call, perform: Perform) -> Answer:
        """The answer under the plan; raises `ConnectionDropped`."""
        if plan.delay_seconds:
            await asyncio.sleep(min(plan.delay_seconds, self.timeout_seconds))
            if plan.delay_seconds >= self.timeout_seconds:
                return Answer(504, text=_page(504))
        answer = await (self._strike(plan.fault, call, perform) if plan.fault else perform())
        await asyncio.sleep(plan.late_seconds)
        return answer

    async def _strike(self, fault: Fault, call: Call, perform: Perform) -> Answer:
        if fault.kind in ALTERED:
            return await self._altered(fault, perform)
        if fault.kind is FaultKind.LATE_COMMIT:
            self._commit_later(fault.delay_seconds or 1.0, perform)
        elif fault.when is When.AFTER_COMMIT:
            await perform()
        if fault.kind in (FaultKind.HANG, FaultKind.LATE_COMMIT):
            return await self._hang(fault)
        if fault.kind is FaultKind.DROP or (fault.kind is FaultKind.OUTAGE and fault.status is None):
            raise ConnectionDropped
        return _refusal(fault, call)

    async def _altered(self, fault: Fault, perform: Perform) -> Answer:
        answer = await perform()
        if answer.status < 300 and answer.body is not None:
            ALTERED[fault.kind](fault, answer)
        return answer

    async def _hang(self, fault: Fault) -> Answer:
        late = fault.kind is FaultKind.LATE_COMMIT or fault.delay_seconds is None
        await asyncio.sleep(self.timeout_seconds if late else min(fault.delay_seconds or 0, self.timeout_seconds))
        return Answer(504, text=_page(504))

    def _commit_later(self, seconds: float, perform: Perform) -> None:
        task = asyncio.create_task(_later(seconds, perform))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def close(self) -> None:
        """Cancels the commits that are still to come, as a stop of D365 would."""
        for task in self._late:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._late, return_exceptions=True)


async def _later(seconds: float, perform: Perform) -> None:
    await asyncio.sleep(seconds)
    await perform()


def _refusal(fault: Fault, call: Call) -> Answer:
    match fault.kind:
        case FaultKind.REJECT:
            reason = fault.message or "The case was refused by a rule of the sandbox."
            return write_failed(call.entity_set or "DealerPortalCase", [reason], "CaseDetailBase").answer()
        case FaultKind.HTML:
            return Answer(200, text=MAINTENANCE)
        case FaultKind.REDIRECT:
            return Answer(302, headers={"Location": SIGN_IN})
        case FaultKind.RATE_LIMIT:
            return _status(fault, call, 429)
        case _:
            return _status(fault, call, fault.status or 503)


def _status(fault: Fault, call: Call, status: int) -> Answer:
    answer = _body(fault, call, status)
    if fault.retry_after_seconds is not None:
        answer.headers["Retry-After"] = str(fault.retry_after_seconds)
    return answer


def _body(fault: Fault, call: Call, status: int) -> Answer:
    if call.operation is Operation.TOKEN:
        return replace(TRANSIENT, status=status).answer()
    kind = fault.body or (BodyKind.HTML if status in WITHOUT_ODATA_BODY else BodyKind.ODATA)
    if kind is BodyKind.ODATA:
        return Answer(status, error_body(fault.message or _message(status)))
    return Answer(status, text=_page(status, fault.message) if kind is BodyKind.HTML else "")


def _message(status: int) -> str:
    return THROTTLED if status == 429 else f"The sandbox answers {status} on request."


def _page(status: int, message: str | None = None) -> str:
    return f"<html><body><h1>{status}</h1><p>{message or _message(status)}</p></body></html>"


def _without_case_id(_: Fault, answer: Answer) -> None:
    answer.body = {name: value for name, value in (answer.body or {}).items() if name != "CaseId"}
    answer.headers.pop("Location", None)


def _not_json(_: Fault, answer: Answer) -> None:
    answer.body, answer.text, answer.content_type = None, '{"@odata.context": "cut in the mid', "application/json"


def _emptied(_: Fault, answer: Answer) -> None:
    _keep(answer, [])


def _hidden(fault: Fault, answer: Answer) -> None:
    if answer.body is not None and "value" in answer.body:
        _keep(answer, [record for record in answer.body["value"] if not _is_meant(fault, record)])
    elif answer.body is not None and _is_meant(fault, answer.body):
        answer.status, answer.body = 404, not_found("DealerPortalCase").answer().body


def _reversed(_: Fault, answer: Answer) -> None:
    if answer.body is not None and "value" in answer.body:
        answer.body["value"].reverse()


def _unasked(_: Fault, answer: Answer) -> None:
    if answer.body is not None and "value" in answer.body:
        answer.body["value"].append({"dataAreaId": "usmf", "CaseId": "CASE-UNASKED"})


def _keep(answer: Answer, kept: list[dict[str, Any]]) -> None:
    body = answer.body or {}
    if "value" not in body:
        return
    if "@odata.count" in body:
        body["@odata.count"] -= len(body["value"]) - len(kept)
    body["value"] = kept


def _is_meant(fault: Fault, record: dict[str, Any]) -> bool:
    wanted = fault.web_case_id or fault.text
    return wanted is None or any(wanted.lower() in str(value).lower() for value in record.values())


ALTERED: dict[FaultKind, Callable[[Fault, Answer], None]] = {
    FaultKind.NO_CASE_ID: _without_case_id,
    FaultKind.NOT_JSON: _not_json,
    FaultKind.EMPTY_LIST: _emptied,
    FaultKind.HIDE_RECORD: _hidden,
    FaultKind.REVERSED_LIST: _reversed,
    FaultKind.UNASKED_RECORD: _unasked,
}
