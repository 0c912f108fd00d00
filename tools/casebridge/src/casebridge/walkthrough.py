"""The demonstration: two cases on their way, watched from the dealer's, the operator's and the clerk's side."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from casebridge.api import Answer, Api, Refused
from casebridge.errors import OperationFailed

STEP_SECONDS = 60.0
INTERVAL_SECONDS = 0.1
# What the clerk sets in D365, and what the dealer sees then.
CLERK_MOVES = (("InProcess", "in_process"), ("Opened", "open"), ("Closed", "closed"))
REFUSAL = "Credit limit exceeded for this customer account."


@dataclass(frozen=True)
class Step:
    """Something that happened, and when, in seconds since the start."""

    step: str
    seconds: float
    detail: str


@dataclass
class Walkthrough:
    """One demonstration for one dealer; calls `show` with every step as it happens."""

    cases: Api
    documents: Api
    clerk: Api
    dealer: str
    show: Callable[[Step], None]
    _began: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Go through all steps; raises OperationFailed with the step that did not happen."""
        category = self._find_category()
        self._follow_to_the_end(category)
        self._refuse_and_replay(category)

    def _find_category(self) -> dict[str, Any]:
        """A category of the dealer's legal entity with a unique name; services read them from D365 at startup."""

        def unambiguous() -> dict[str, Any] | None:
            try:
                items = self.cases.get(self._path("categories")).body["items"]
            except Refused as error:
                if error.status in {403, 404}:  # the dealer is not known yet
                    return None
                raise
            names = [item["category"] for item in items]
            return next((item for item in items if names.count(item["category"]) == 1), None)

        return self._await("D365's categories were read", unambiguous, lambda item: f"using {item['category']}")

    def _follow_to_the_end(self, category: dict[str, Any]) -> None:
        """Follow a case until it is closed."""
        web_case_id = self._submit(category, "Hydraulic pump leaks at the main seal")
        case = self._await_case(web_case_id, "D365 created the case", lambda case: case["case_id"])
        company = self.documents.get(f"/v1/documents/{web_case_id}-1").body.get("data_area_id")
        company = company or self.dealer.partition("-")[0]
        for symbol, status in CLERK_MOVES:
            self._move(company, case["case_id"], symbol)
            self._await_status(web_case_id, f"the clerk set {symbol}", status)

    def _move(self, company: str, case_id: str, symbol: str) -> None:
        self.clerk.call("POST", f"/_sandbox/cases/{company}/{case_id}/status", body={"status": symbol})

    def _await_status(self, web_case_id: str, step: str, status: str) -> None:
        self._await_case(web_case_id, step, lambda case: case["status"] == status)

    def _refuse_and_replay(self, category: dict[str, Any]) -> None:
        """Follow a case that D365 refuses, until that is fixed and an operator replays it."""
        draft = self._draft(category, "Spare part: bucket teeth, set of ten")
        web_case_id = draft.body["web_case_id"]
        rule = {"kind": "reject", "operation": "create", "web_case_id": web_case_id, "message": REFUSAL}
        fault = self.clerk.call("POST", "/_sandbox/faults", body=rule).body["id"]
        try:
            self._hand_in(draft)
            self._await_failure(f"/v1/documents/{web_case_id}-1")
        finally:
            self.clerk.call("DELETE", f"/_sandbox/faults/{fault}")
        self._say("D365 accepts it now", "the cause of the refusal is gone")
        reason = {"reason": "demonstration: D365 accepts it now"}
        self.documents.act(f"/v1/documents/{web_case_id}-1", "replay", reason)
        self._say("an operator replays it", f"casebridge queue replay {web_case_id}-1 --reason …")
        self._await_case(web_case_id, "it arrived in D365", lambda case: case["case_id"])

    def _submit(self, category: dict[str, Any], description: str) -> str:
        draft = self._draft(category, description)
        self._hand_in(draft)
        web_case_id: str = draft.body["web_case_id"]
        return web_case_id

    def _draft(self, category: dict[str, Any], description: str) -> Answer:
        content = {"category": category["category"], "description": description}
        key = {"Idempotency-Key": str(uuid.uuid4())}
        draft = self.cases.call("POST", self._path("cases"), body=content, headers=key)
        self._say("a draft is saved", f"Web Case ID {draft.body['web_case_id']}")
        return draft

    def _hand_in(self, draft: Answer) -> None:
        path = self._path(f"cases/{draft.body['web_case_id']}/submission")
        self.cases.call("POST", path, headers={"If-Match": draft.etag or ""})
        self._await_case(draft.body["web_case_id"], "the dealer submitted it", lambda case: case["status"] != "draft")

    def _await_case(self, web_case_id: str, step: str, arrived: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        def probe() -> dict[str, Any] | None:
            case: dict[str, Any] = self.cases.get(self._path(f"cases/{web_case_id}")).body
            return case if arrived(case) else None

        def describe(case: dict[str, Any]) -> str:
            status = case["status"].replace("_", " ").capitalize()
            return f"{web_case_id}  {status}  {case['case_id'] or ''}".rstrip()

        return self._await(step, probe, describe)

    def _await_failure(self, path: str) -> None:
        def probe() -> dict[str, Any] | None:
            try:
                document: dict[str, Any] = self.documents.get(path).body
            except Refused as error:
                if error.status == 404:
                    return None
                raise
            return document if document["state"] == "failed" else None

        self._await("it is a dead letter", probe, lambda found: f"{found['cause']}: {found['reason']}")

    def _await(
        self, step: str, probe: Callable[[], dict[str, Any] | None], describe: Callable[[dict[str, Any]], str]
    ) -> dict[str, Any]:
        deadline = time.monotonic() + STEP_SECONDS
        while (found := probe()) is None:
            if time.monotonic() > deadline:
                raise OperationFailed(
                    f"the demonstration stopped, because this did not happen within {STEP_SECONDS:.0f} s: {step}"
                )
            time.sleep(INTERVAL_SECONDS)
        self._say(step, describe(found))
        return found

    def _say(self, step: str, detail: str) -> None:
        self.show(Step(step, round(time.monotonic() - self._began, 2), detail))

    def _path(self, rest: str) -> str:
        return f"/v1/dealers/{self.dealer}/{rest}"
