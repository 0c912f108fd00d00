"""d365-sync's API for operators, call by call."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote

import httpx2

from portal_web.clients.rest import Rest
from portal_web.domain.cases import Told
from portal_web.domain.console import (
    DealerRow,
    Delivery,
    Document,
    Entry,
    Flow,
    FoundCase,
    Group,
    Ledger,
    PayloadForm,
    Preview,
    Record,
    Replay,
    WholeDocument,
    WholeReplay,
    Window,
)

ToldT = TypeVar("ToldT", bound=Told)
# The API waits for the end of a dry run, 20 s at most.
_DRY_RUN_SECONDS = 25.0


class Listed(NamedTuple, Generic[ToldT]):
    """A page of a list; `next` is the cursor of the one behind it."""

    items: list[ToldT]
    next: str | None


@dataclass(frozen=True)
class OperatorsApi:
    """One user's view of it. Raises rest.Problem and rest.Unavailable."""

    rest: Rest

    async def flow(self) -> Flow:
        """The pipeline at a glance."""
        return Flow.model_validate((await self.rest.get("/v1/flow")).body)

    async def ledger(self, *, d365: bool = False) -> Ledger:
        """Whether it adds up; with `d365` held against D365's books."""
        return Ledger.model_validate((await self.rest.get("/v1/ledger", d365="true" if d365 else None)).body)

    async def groups(self) -> list[Group]:
        """Dead letters by cause."""
        return (await self._list(Group, "/v1/document-groups")).items

    async def documents(self, **query: Any) -> Listed[Document]:
        """A page of documents, newest first."""
        return await self._list(Document, "/v1/documents", **query)

    async def document(self, document: str) -> WholeDocument:
        """One document."""
        answer = await self.rest.get(_document(document))
        return WholeDocument.model_validate({**answer.body, "etag": answer.etag or ""})

    async def act(self, document: str, action: str, body: Mapping[str, Any], etag: str) -> None:
        """Give a document an order, as it was seen."""
        await self.rest.call("POST", f"{_document(document)}/{action}", json=body, headers={"If-Match": etag})

    async def payload_form(self, document: str) -> PayloadForm:
        """What a form for an edited payload needs."""
        return PayloadForm.model_validate((await self.rest.get(f"{_document(document)}/payload-form")).body)

    async def preview(self, document: str, payload: Mapping[str, Any] | None) -> Preview:
        """What a replay would send."""
        body = {"payload": payload} if payload is not None else {}
        return Preview.model_validate((await self.rest.call("POST", f"{_document(document)}/preview", json=body)).body)

    async def add_note(self, document: str, text: str) -> None:
        """Add a note."""
        await self.rest.call("POST", f"{_document(document)}/notes", json={"text": text})

    async def d365_cases(self, dealer: str, text: str) -> list[FoundCase]:
        """A dealer's cases in D365."""
        return (await self._list(FoundCase, "/v1/d365/cases", dealer=dealer, q=text)).items

    async def replays(self, cursor: str | None) -> Listed[Replay]:
        """A page of replays, newest first."""
        return await self._list(Replay, "/v1/replays", cursor=cursor)

    async def dry_run(self, query: Mapping[str, str], reason: str, key: str) -> WholeReplay:
        """See what a replay of what matches would come to; the same `key` is the same run."""
        patient = OperatorsApi(replace(self.rest, timeout=_DRY_RUN_SECONDS))
        order = {"query": {"state": "failed", **query}, "dry_run": True, "reason": reason}
        return await patient._order_replay(order, key)

    async def replay_all(self, query: Mapping[str, str], expected: int, reason: str, key: str) -> WholeReplay:
        """Replay what matches, where that is as many as `expected`; the same `key` is the same replay."""
        order = {"query": {"state": "failed", **query}, "expected": expected, "reason": reason}
        return await self._order_replay(order, key)

    async def _order_replay(self, body: Mapping[str, Any], key: str) -> WholeReplay:
        answer = await self.rest.call("POST", "/v1/replays", json=body, headers={"Idempotency-Key": key})
        return WholeReplay.model_validate(answer.body)

    async def replay(self, replay: str, **query: Any) -> WholeReplay:
        """A replay with a page of its documents."""
        return WholeReplay.model_validate((await self.rest.get(f"/v1/replays/{quote(replay, safe='')}", **query)).body)

    async def steer_replay(self, replay: str, action: str, reason: str) -> None:
        """Pause, resume or cancel it."""
        path = f"/v1/replays/{quote(replay, safe='')}/{action}"
        await self.rest.call("POST", path, json={"reason": reason})

    async def records(self, **query: Any) -> Listed[Record]:
        """A page of unreadable records, newest first."""
        return await self._list(Record, "/v1/unreadable-records", **query)

    async def record(self, record: str) -> Record:
        """One of them."""
        return Record.model_validate((await self.rest.get(f"/v1/unreadable-records/{quote(record, safe='')}")).body)

    async def see_record(self, record: str, reason: str) -> None:
        """Tell that it was looked at."""
        path = f"/v1/unreadable-records/{quote(record, safe='')}/seen"
        await self.rest.call("POST", path, json={"reason": reason})

    async def delivery(self) -> Delivery:
        """How delivery goes."""
        return Delivery.model_validate((await self.rest.get("/v1/delivery")).body)

    async def steer(self, action: str, reason: str) -> None:
        """Pause, resume, adopt, or let a consumer through (`consumers/{group}/let-through`)."""
        await self.rest.call("POST", f"/v1/delivery/{quote(action)}", json={"reason": reason})

    async def windows(self) -> list[Window]:
        """Maintenance windows, past ones too."""
        return (await self._list(Window, "/v1/delivery/windows", past="true")).items

    async def plan_window(self, begins_at: str | None, ends_at: str, reason: str) -> None:
        """Plan a maintenance window."""
        times = {"ends_at": ends_at, **({"begins_at": begins_at} if begins_at else {})}
        await self.rest.call("POST", "/v1/delivery/windows", json={**times, "reason": reason})

    async def end_window(self, window: str, reason: str) -> None:
        """End it now, or call it off."""
        path = f"/v1/delivery/windows/{quote(window, safe='')}"
        await self.rest.call("DELETE", path, params={"reason": reason})

    async def audit(self, **query: Any) -> Listed[Entry]:
        """A page of the audit, newest first."""
        return await self._list(Entry, "/v1/audit", **query)

    def audit_csv(self, **query: Any) -> AbstractAsyncContextManager[httpx2.Response]:
        """The audit as CSV."""
        return self.rest.stream("/v1/audit.csv", **query)

    async def dealers(self, **query: Any) -> Listed[DealerRow]:
        """A page of dealers, by slug."""
        return await self._list(DealerRow, "/v1/dealers", **query)

    async def _list(self, kind: type[ToldT], path: str, **query: Any) -> Listed[ToldT]:
        body = (await self.rest.get(path, **query)).body
        return Listed([kind.model_validate(one) for one in body["items"]], body["next"])


def _document(document: str) -> str:
    return f"/v1/documents/{quote(document, safe='')}"
