"""The users of the system during a run: dealers, D365's clerk, an operator. Each records the results of its actions."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

from tests.chaos.history import REFUSED, Action, History, Outcome, Ticket, party_of
from tests.chaos.world import World
from tests.support.patience import PATIENCE

_PATIENCE_SECONDS = 60.0 * PATIENCE
REQUEST_SECONDS = 3.0
# As a load balancer does; otherwise recovery times depend on chance meetings with a frozen replica.
_SHUNNED_SECONDS = 3.0
_PAUSE_SECONDS = 0.25
_STREAM_SECONDS = 30.0
_SILENT = (aiohttp.ClientError, TimeoutError, OSError)
_LIFE = ("InProcess", "Opened", "Closed")


@dataclass(frozen=True)
class Answer:
    """The result of a request; `status` 0: no answer."""

    status: int
    body: Any
    etag: str
    retry_after: str = ""

    @classmethod
    def of(cls, answer: aiohttp.ClientResponse, body: Any) -> Self:
        """The answer that came, with its body."""
        return cls(answer.status, body, answer.headers.get("ETag", ""), answer.headers.get("Retry-After", ""))

    @property
    def failed(self) -> bool:
        """Whether the client was let down; 503 with Retry-After is a promise that the same request will do."""
        return self.status == 0 or (self.status >= 500 and not (self.status == 503 and self.retry_after))

    @property
    def final(self) -> bool:
        """Whether asking again is pointless."""
        return 0 < self.status < 500 and self.status not in {409, 429}


@dataclass
class Portal:
    """A portal's front end for one dealer; it calls any replica, and tries again if it gets no answer.

    It skips a silent replica for a while.
    """

    world: World
    history: History
    dealer: str
    rng: random.Random
    request_seconds: float = REQUEST_SECONDS
    _silent: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._headers = {"Authorization": f"Bearer {self.world.token(f'user-of-{self.dealer}', self.dealer)}"}
        self._closer = random.Random(f"{self.history.seed} {self.dealer}")  # keeps the clients' own draws unchanged

    async def ask(self, method: str, path: str, dealer: str | None = None, **request: Any) -> Answer:
        """One request, without a second try."""
        replica = self.replica()
        url = f"{replica}/v1/dealers/{dealer or self.dealer}{path}"
        headers = {**self._headers, **request.pop("headers", {})}
        limit = aiohttp.ClientTimeout(total=self.request_seconds)
        try:
            async with self.world.session.request(method, url, headers=headers, timeout=limit, **request) as answer:
                text = await answer.text()
                self.history.saw(self.dealer, text)
                body = json.loads(text) if "json" in answer.content_type else None
                found = Answer.of(answer, body)
        except _SILENT as error:
            self._silent[replica] = self.history.now()
            found = Answer(0, repr(error), "")
        self.history.answered(f"{method} {url}", found.status, found.body, failed=found.failed)
        return found

    def replica(self) -> str:
        """One of the case-apis that were not silent just now."""
        shunned = {url for url, at in self._silent.items() if self.history.now() - at < _SHUNNED_SECONDS}
        urls = self.world.portal_urls
        return self.rng.choice([url for url in urls if url not in shunned] or urls)

    async def insist(self, method: str, path: str, **request: Any) -> Answer:
        """Repeat the request until it has an answer, as a portal does with an idempotent one; status 0 if none came."""
        deadline = self.history.now() + _PATIENCE_SECONDS
        while True:
            answer = await self.ask(method, path, **dict(request))
            if answer.final or self.history.now() > deadline:
                return answer
            await asyncio.sleep(_PAUSE_SECONDS)

    async def take(self, ticket: Ticket, *, clicks: int, edited: bool) -> None:
        """Bring a case to the state that the ticket asks for."""
        if not await self._create(ticket):
            return
        if edited and not await self._edit(ticket):
            return
        if ticket.to_submit:
            await self.submit(ticket, clicks=clicks)

    async def _create(self, ticket: Ticket) -> bool:
        began = self.history.now()
        body = {
            "category": self.rng.choice(self.world.categories),
            "description": ticket.description,
            "contact": {"name": "Dora Dealer"},
        }
        answer = await self.insist("POST", "/cases", json=body, headers={"Idempotency-Key": ticket.key})
        if answer.status == 201:
            ticket.web_case_id = answer.body["web_case_id"]
        self._note(Action.CREATE, ticket, answer, {201}, began)
        return answer.status == 201

    async def _edit(self, ticket: Ticket) -> bool:
        """Write a new description; False if it is unknown whether it was saved."""
        began = self.history.now()
        path = f"/cases/{ticket.web_case_id}"
        description = f"{ticket.description} (edited)"
        while True:
            etag = (await self.insist("GET", path)).etag
            answer = await self.insist(
                "PATCH", path, json={"description": description}, headers={
                    "If-Match": etag, "Content-Type": "application/merge-patch+json",
                },
            )  # fmt: skip
            if answer.status != 412:  # otherwise our own first attempt has taken effect
                break
            if (await self.insist("GET", path)).body["description"] == description:
                answer = Answer(200, None, "")
                break
        if answer.status == 200:
            ticket.description = description
        self._note(Action.EDIT, ticket, answer, {200}, began)
        return answer.status == 200

    async def submit(self, ticket: Ticket, *, clicks: int = 1) -> None:
        """Submit with the version that was read; `clicks` requests at the same time."""
        began = self.history.now()
        path = f"/cases/{ticket.web_case_id}"
        before = await self.insist("GET", path)
        ticket.submission = ticket.submission or Outcome.UNKNOWN
        answers = await asyncio.gather(
            *(self.insist("POST", f"{path}/submission", headers={"If-Match": before.etag}) for _ in range(clicks))
        )
        best = min(answers, key=lambda answer: answer.status != 202)
        if best.status == 412 and before.status == 200:
            now = await self.insist("GET", path)
            if now.status == 200 and now.body["submission"] != before.body["submission"]:
                best = Answer(
                    202, None, ""
                )  # a try without an answer took effect, and an operator has returned the case
        if best.status == 202:
            ticket.submission = Outcome.OK
        self._note(Action.SUBMIT, ticket, best, {202}, began)

    async def follow_up(self, tickets: Sequence[Ticket]) -> None:
        """Correct and resubmit cases that an operator has returned."""
        for ticket in tickets:
            if ticket.dealer != self.dealer or ticket.submission is not Outcome.OK or REFUSED not in ticket.description:
                continue
            answer = await self.ask("GET", f"/cases/{ticket.web_case_id}")
            if answer.status == 200 and answer.body["status"] == "draft":
                ticket.description = ticket.description.replace(REFUSED, "corrected")
                await self._edit(ticket)
                await self.submit(ticket)

    def _note(self, action: Action, ticket: Ticket, answer: Answer, good: set[int], began: float) -> None:
        outcome = Outcome.OK if answer.status in good else Outcome.FAILED if answer.final else Outcome.UNKNOWN
        if outcome is Outcome.FAILED:
            self.history.surprises.append(f"{action} {ticket.web_case_id}: {answer.status} {answer.body}")
        self.history.add(action, self.dealer, outcome, began, ticket.web_case_id, str(answer.status))

    async def look_around(self, others: Sequence[Ticket]) -> None:
        """List one's own cases, and try another dealer's: it must not exist."""
        began = self.history.now()
        answer = await self.ask("GET", "/cases", params={"limit": "100"})
        if answer.status == 200:
            foreign = [case["web_case_id"] for case in answer.body["items"] if case["dealer"] != self.dealer]
            self.history.leaks += [f"{self.dealer} saw {web_case_id} in its list" for web_case_id in foreign]
            self.history.add(Action.LIST, self.dealer, Outcome.OK, began)
            await self._look_closely([case["web_case_id"] for case in answer.body["items"]])
        known = [ticket for ticket in others if ticket.web_case_id and ticket.dealer != self.dealer]
        if not known:
            return
        ticket = self.rng.choice(known)
        for dealer in (self.dealer, ticket.dealer):
            answer = await self.ask("GET", f"/cases/{ticket.web_case_id}", dealer=dealer)
            if answer.status not in {0, 404} and answer.status < 500:
                self.history.leaks.append(f"{self.dealer} got {answer.status} for {ticket.web_case_id} as {dealer}")
            self.history.add(Action.PEEK, self.dealer, Outcome.OK, began, ticket.web_case_id, str(answer.status))

    async def _look_closely(self, own: Sequence[str]) -> None:
        """Read a case, its timeline and the export, and search them for texts (`History.saw`)."""
        if not own:
            return
        path = f"/cases/{self._closer.choice(own)}"
        for more in (path, f"{path}/timeline", "/cases.csv"):
            await self.ask("GET", more)

    async def listen(self) -> None:
        """Read the live stream until canceled."""
        while True:
            url = f"{self.replica()}/v1/dealers/{self.dealer}/cases/stream"
            no_end = aiohttp.ClientTimeout(total=None, sock_read=_STREAM_SECONDS)
            try:
                async with self.world.session.get(url, headers=self._headers, timeout=no_end) as answer:
                    async for line in answer.content:
                        self.history.saw(self.dealer, line.decode())
            except (*_SILENT, ValueError):  # ValueError: a line longer than aiohttp's buffer
                pass
            await asyncio.sleep(1)


@dataclass
class Clerk:
    """Works in D365, past every link: D365's own staff do not use ours."""

    world: World
    history: History
    rng: random.Random
    life: dict[str, int] = field(default_factory=dict)

    async def books(self) -> list[dict[str, Any]]:
        """Every case that D365 has; empty if D365 itself is down."""
        try:
            async with self.world.session.get(f"{self.world.sandbox_url}/_sandbox/cases") as answer:
                found: list[dict[str, Any]] = (await answer.json())["items"]
                return found
        except _SILENT:
            return []

    async def move_one(self) -> None:
        """Give one case of this run its next status."""
        dealers = {ticket.web_case_id: ticket.dealer for ticket in self.history.tickets.values()}
        movable = [c for c in await self.books() if c["WebCaseId"] in dealers and self.life.get(c["CaseId"], 0) < 3]
        if not movable:
            return
        case = self.rng.choice(movable)
        status = "Canceled" if self.rng.random() < 0.1 else _LIFE[self.life.get(case["CaseId"], 0)]
        if party_of(case) == dealers[case["WebCaseId"]]:
            self.history.own_statuses[case["WebCaseId"]].add(status)
        if await self.move(case["dataAreaId"], case["CaseId"], case["WebCaseId"], status) is Outcome.OK:
            self.life[case["CaseId"]] = 3 if status == "Canceled" else self.life.get(case["CaseId"], 0) + 1

    async def move(self, data_area_id: str, case_id: str, web_case_id: str, status: str) -> Outcome:
        """Give a case this status."""
        began = self.history.now()
        url = f"{self.world.sandbox_url}/_sandbox/cases/{data_area_id}/{case_id}/status"
        try:
            async with self.world.session.post(url, json={"status": status}) as answer:
                outcome = Outcome.OK if answer.status == 200 else Outcome.FAILED
        except _SILENT:
            outcome = Outcome.UNKNOWN
        self.history.add(Action.MOVE, "clerk", outcome, began, web_case_id, status)
        return outcome


@dataclass
class Operator:
    """Handles dead letters: edits and replays, or returns (and the dealer submits again), or leaves them."""

    world: World
    history: History
    rng: random.Random
    request_seconds: float = REQUEST_SECONDS

    def __post_init__(self) -> None:
        self._headers = {"Authorization": f"Bearer {self.world.token('olga')}"}
        self._decided: dict[str, str] = {}

    async def ask(self, method: str, path: str, **request: Any) -> Answer:
        """One request to any replica of d365-sync, past the links."""
        url = self.world.service_url(self.rng.choice(self.world.serving("d365-sync"))) + path
        headers = {**self._headers, **request.pop("headers", {})}
        try:
            async with self.world.session.request(
                method, url, headers=headers, timeout=aiohttp.ClientTimeout(total=self.request_seconds), **request
            ) as answer:
                body = await answer.json() if "json" in answer.content_type else None
                found = Answer.of(answer, body)
        except _SILENT as error:
            found = Answer(0, repr(error), "")
        self.history.answered(f"{method} {url}", found.status, found.body, failed=found.failed)
        return found

    async def work(self) -> None:
        """Go through the dead letters of this run once."""
        answer = await self.ask("GET", "/v1/documents", params={"state": "failed", "limit": "100"})
        own = {ticket.web_case_id for ticket in self.history.tickets.values()}
        for document in answer.body["items"] if answer.status == 200 else []:
            if document["web_case_id"] not in own:
                continue
            choice = self._decided.setdefault(document["id"], self.rng.choice(("replay", "return", "leave")))
            if choice == "replay":
                await self._replay(document)
            elif choice == "return":
                await self._return(document)

    async def _replay(self, document: dict[str, Any]) -> None:
        began = self.history.now()
        shown = await self.ask("GET", f"/v1/documents/{document['id']}")
        if shown.status != 200 or shown.body["state"] != "failed":
            return
        payload = {**shown.body["payload"], "description": shown.body["payload"]["description"].replace(REFUSED, "")}
        body = {"reason": "corrected", "payload": payload}
        answer = await self.ask(
            "POST", f"/v1/documents/{document['id']}/replay", json=body, headers={"If-Match": shown.etag}
        )
        self._note(Action.REPLAY, document, answer, began)

    async def _return(self, document: dict[str, Any]) -> None:
        began = self.history.now()
        shown = await self.ask("GET", f"/v1/documents/{document['id']}")
        if shown.status != 200 or shown.body["state"] != "failed":
            return
        answer = await self.ask(
            "POST",
            f"/v1/documents/{document['id']}/return",
            json={"reason": "say more"},
            headers={"If-Match": shown.etag},
        )
        self._note(Action.RETURN, document, answer, began)

    def _note(self, action: Action, document: dict[str, Any], answer: Answer, began: float) -> None:
        outcome = Outcome.OK if answer.status in {200, 202} else Outcome.FAILED if answer.final else Outcome.UNKNOWN
        self.history.add(action, "operator", outcome, began, document["web_case_id"], str(answer.status))


async def every(seconds: float, work: Callable[[], Awaitable[None]], until: asyncio.Event) -> None:
    """Repeat `work` every `seconds` until the event is set."""
    while not until.is_set():
        await work()
        try:
            async with asyncio.timeout(seconds):
                await until.wait()
        except TimeoutError:
            continue
