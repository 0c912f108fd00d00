"""D365's staff, who move, hide, renumber, delete and edit whole cases.

Each text has its own token, with a record of the dealers who may ever read it: the owner of the case when the text was
written, and every owner up to the first read of ours that shows it. D365 shows only the present, so the original reader
is unknown by then.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import asyncpg

from status_sync.domain.texts import digest_of
from tests.chaos.history import TOKEN, Action, History, Outcome, Ticket, party_of
from tests.chaos.world import World

HIDDEN = "HumanResources"
# One in this many of the dealers' cases changes owner; the others show that this delays nobody.
_ONE_IN = 4
_SILENT = (aiohttp.ClientError, TimeoutError, OSError)
# InterfaceError: the connection was lost between two calls.
_NO_DATABASE = (asyncpg.PostgresError, asyncpg.InterfaceError)
_DELIVERED = "SELECT web_case_id FROM d365_sync.documents WHERE state = 'delivered'"
_SEEN = "SELECT count(*) FROM status_sync.case_texts WHERE digest = $1"


@dataclass
class Staff:
    """One act at a time, on a delivered case; never on canaries."""

    world: World
    history: History
    rng: random.Random
    _numbers: int = 0
    _types: dict[str, str] = field(default_factory=dict)

    async def work(self) -> None:
        """Take one case, and do something that is likely in its current state."""
        tickets = {ticket.web_case_id: ticket for ticket in self._subjects()}
        cases = [case for case in await self._books() if case["WebCaseId"] in tickets]
        if not cases:
            return
        case = self.rng.choice(cases)
        ticket = tickets[case["WebCaseId"]]
        if party_of(case) == ticket.dealer:
            self.history.own_statuses[case["WebCaseId"]].add(case["CaseStatus"])
            acts = [self._give_away, self._hide, self._write, self._renumber, self._give_number_again, self._delete]
            [act] = self.rng.choices(acts, (8, 4, 3, 2, 1, 1))
        else:
            [act] = self.rng.choices([self._give_back, self._write, self._renumber, self._give_away], (5, 3, 1, 1))
        await act(case, ticket)

    def _subjects(self) -> list[Ticket]:
        return [
            ticket
            for number, ticket in enumerate(self.history.tickets.values())
            if number % _ONE_IN == 0 and ticket.web_case_id and not ticket.key.startswith("canary")
        ]

    async def _books(self) -> list[dict[str, Any]]:
        """D365's cases that we know are delivered: before that, d365-sync decides what a case is."""
        try:
            async with self.world.session.get(f"{self.world.sandbox_url}/_sandbox/cases") as answer:
                cases = (await answer.json())["items"]
            rows = await self._ask(_DELIVERED)
        except (*_SILENT, *_NO_DATABASE):
            return []
        delivered = {row["web_case_id"] for row in rows}
        return [case for case in cases if case["WebCaseId"] in delivered]

    async def _ask(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.world.superuser_url, timeout=5)
        try:
            found: list[asyncpg.Record] = await connection.fetch(query, *arguments)
            return found
        finally:
            await connection.close()

    async def _give_away(self, case: dict[str, Any], ticket: Ticket) -> None:
        others = [one for one in self.world.dealers if one[:4] == case["dataAreaId"] and one != party_of(case)]
        await self._hand_over(case, ticket, {"CustomerAccount": _account(self.rng.choice(others)), **self._shown(case)})

    async def _give_back(self, case: dict[str, Any], ticket: Ticket) -> None:
        await self._hand_over(case, ticket, {"CustomerAccount": _account(ticket.dealer), **self._shown(case)})

    async def _hide(self, case: dict[str, Any], ticket: Ticket) -> None:
        self._types[case["WebCaseId"]] = case["CategoryType"]
        await self._hand_over(case, ticket, {"CategoryType": HIDDEN})

    def _shown(self, case: Mapping[str, Any]) -> dict[str, str]:
        """The category type of the case before it was hidden."""
        before = self._types.get(case["WebCaseId"])
        return {"CategoryType": before} if before and case["CategoryType"] == HIDDEN else {}

    async def _hand_over(self, case: dict[str, Any], ticket: Ticket, changes: dict[str, str]) -> None:
        after = {**case, **changes}
        dealer = party_of(after)
        if dealer == ticket.dealer:
            self.history.own_statuses[case["WebCaseId"]].add(case["CaseStatus"])
        else:
            self.history.handed_over.add(case["WebCaseId"])
        tokens = TOKEN.findall(case["Description"])
        if dealer and tokens and not await self._was_seen(case["Description"]):
            for token in tokens:
                self.history.may_read[token].add(dealer)
        if await self._change(case, changes, "hand over") is Outcome.OK and self.rng.random() < 0.7:
            await self._write(after, ticket)

    async def _was_seen(self, text: str) -> bool:
        try:
            return bool((await self._ask(_SEEN, digest_of(text)))[0]["count"])
        except (OSError, TimeoutError, *_NO_DATABASE):
            return False

    async def _write(self, case: dict[str, Any], _: Ticket) -> None:
        dealer = party_of(case)
        token = self.history.new_token({dealer} if dealer else set())
        self.history.rewritten.add(case["WebCaseId"])
        await self._change(case, {"Description": f"Staff writes {token}"}, "write")

    async def _renumber(self, case: dict[str, Any], _: Ticket) -> None:
        self._note_gone(case)
        await self._change(case, {"CaseId": self._new_number()}, "renumber")

    async def _give_number_again(self, case: dict[str, Any], ticket: Ticket) -> None:
        """As after a restore: another dealer's case has the number now, and ours has a new one."""
        await self._renumber(case, ticket)
        dealer = self.rng.choice([one for one in self.world.dealers if one[:4] == case["dataAreaId"]])
        born = {name: case[name] for name in ("dataAreaId", "CaseId", "CaseCategory", "CategoryType")}
        token = self.history.new_token({dealer})
        body = {**born, "CustomerAccount": _account(dealer), "Description": f"Born with {token}"}
        await self._send("POST", "/cases", body, "", "give number again")

    async def _delete(self, case: dict[str, Any], _: Ticket) -> None:
        self._note_gone(case)
        self.history.deleted.add(case["WebCaseId"])
        await self._send("DELETE", f"{_place(case)}?event=true", None, case["WebCaseId"], "delete")

    def _note_gone(self, case: Mapping[str, Any]) -> None:
        """D365 no longer has the document's Case ID; the ledger will report that too."""
        self.world.gone.add(case["WebCaseId"])
        self.history.old_numbers.add((case["dataAreaId"], case["CaseId"]))

    def _new_number(self) -> str:
        self._numbers += 1
        return f"Z{self.history.seed}-{self._numbers}"

    async def _change(self, case: Mapping[str, Any], changes: dict[str, str], why: str) -> Outcome:
        event = "?event=true" if self.rng.random() < 0.5 else ""
        return await self._send("PATCH", _place(case) + event, changes, case["WebCaseId"], f"{why} {changes}")

    async def _send(self, method: str, path: str, body: object, web_case_id: str, detail: str) -> Outcome:
        began = self.history.now()
        url = f"{self.world.sandbox_url}/_sandbox{path}"
        try:
            async with self.world.session.request(method, url, json=body) as answer:
                outcome = Outcome.OK if answer.status < 300 else Outcome.FAILED
                if outcome is Outcome.FAILED:
                    detail += f": {answer.status} {await answer.text()}"
        except _SILENT:
            outcome = Outcome.UNKNOWN
        self.history.add(Action.HAND_OVER, "staff", outcome, began, web_case_id, detail)
        return outcome


def _account(dealer: str) -> str:
    return dealer.partition("-")[2].upper()


def _place(case: Mapping[str, Any]) -> str:
    return f"/cases/{quote(case['dataAreaId'])}/{quote(case['CaseId'])}"
