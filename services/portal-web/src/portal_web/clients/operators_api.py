"""d365-sync's API for operators, call by call."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2

from portal_web.clients.rest import Rest
from portal_web.domain.api import ApiModel
from portal_web.domain.console import VersionedDocument
from portal_web.domain.d365_sync import (
    AuditPage,
    CheckDocument,
    D365CasesDocument,
    DealersDocument,
    DeliveryDocument,
    DocumentDocument,
    DocumentGroup,
    DocumentGroups,
    DocumentPage,
    FlowDocument,
    LedgerDocument,
    OneReplayDocument,
    PayloadFormDocument,
    PreviewDocument,
    ReplaysDocument,
    UnreadableRecord,
    UnreadableRecords,
    WindowDocument,
    WindowsDocument,
)

ModelT = TypeVar("ModelT", bound=ApiModel)
# The API waits for the end of a dry run, 20 s at most.
_DRY_RUN_SECONDS = 25.0
# d365-sync reads D365 before it links, for D365_TIMEOUT_SECONDS (30) at most; what it then does cannot be undone.
_LINK_SECONDS = 40.0
# Who asks for a comparison decides how long to wait for it.
_COMPARISON_SECONDS = 1800.0


@dataclass(frozen=True)
class OperatorsApi:
    """One user's view of it. Raises rest.Problem and rest.Unavailable."""

    rest: Rest

    async def flow(self) -> FlowDocument:
        """The pipeline at a glance."""
        return await self._get(FlowDocument, "/v1/flow")

    async def ledger(self, *, d365: bool = False) -> LedgerDocument:
        """Whether it adds up; with `d365`, compared with D365's books."""
        rest = self.rest.patient(_COMPARISON_SECONDS) if d365 else self.rest
        return LedgerDocument.model_validate((await rest.get("/v1/ledger", d365="true" if d365 else None)).body)

    async def groups(self) -> list[DocumentGroup]:
        """Dead letters by cause."""
        return (await self._get(DocumentGroups, "/v1/document-groups")).items

    async def documents(self, **query: Any) -> DocumentPage:
        """A page of documents, newest first."""
        return await self._get(DocumentPage, "/v1/documents", **query)

    async def document(self, document: str) -> VersionedDocument:
        """One document."""
        answer = await self.rest.get(_document(document))
        return VersionedDocument(DocumentDocument.model_validate(answer.body), answer.etag or "")

    async def act(self, document: str, action: str, body: Mapping[str, Any], etag: str) -> DocumentDocument:
        """Order an action on a document, at the version that the operator saw; returns the document as it is then."""
        path = f"{_document(document)}/{action}"
        rest = self.rest.patient(_LINK_SECONDS) if action == "link" else self.rest
        answer = await rest.call("POST", path, json=body, headers={"If-Match": etag})
        return DocumentDocument.model_validate(answer.body)

    async def payload_form(self, document: str) -> PayloadFormDocument:
        """What a form for an edited payload needs."""
        return await self._get(PayloadFormDocument, f"{_document(document)}/payload-form")

    async def preview(self, document: str, payload: Mapping[str, Any] | None) -> PreviewDocument:
        """What a replay would send."""
        body = {"payload": payload} if payload is not None else {}
        answer = await self.rest.call("POST", f"{_document(document)}/preview", json=body)
        return PreviewDocument.model_validate(answer.body)

    async def add_note(self, document: str, text: str) -> None:
        """Add a note."""
        await self.rest.call("POST", f"{_document(document)}/notes", json={"text": text})

    async def d365_cases(self, dealer: str, text: str) -> D365CasesDocument:
        """A dealer's cases in D365, and whether more match."""
        return await self._get(D365CasesDocument, "/v1/d365/cases", dealer=dealer, q=text)

    async def replays(self, cursor: str | None) -> ReplaysDocument:
        """A page of replays, newest first."""
        return await self._get(ReplaysDocument, "/v1/replays", cursor=cursor)

    async def dry_run(self, query: Mapping[str, str | float], reason: str, key: str) -> OneReplayDocument:
        """See what a replay of the matches would do; the same `key` gives the same run."""
        order = {"query": {"state": "failed", **query}, "dry_run": True, "reason": reason}
        return await self._order_replay(order, key, self.rest.patient(_DRY_RUN_SECONDS))

    async def replay_all(self, dry_run: str, reason: str, key: str) -> OneReplayDocument:
        """Replay exactly what a dry run looked at, as it was then; the same `key` gives the same replay."""
        return await self._order_replay({"replay_id": dry_run, "reason": reason}, key, self.rest)

    async def _order_replay(self, body: Mapping[str, Any], key: str, rest: Rest) -> OneReplayDocument:
        answer = await rest.call("POST", "/v1/replays", json=body, headers={"Idempotency-Key": key})
        return OneReplayDocument.model_validate(answer.body)

    async def replay(self, replay: str, **query: Any) -> OneReplayDocument:
        """A replay with a page of its documents."""
        return await self._get(OneReplayDocument, f"/v1/replays/{quote(replay, safe='')}", **query)

    async def steer_replay(self, replay: str, action: str, reason: str) -> None:
        """Pause, resume or cancel it."""
        path = f"/v1/replays/{quote(replay, safe='')}/{action}"
        await self.rest.call("POST", path, json={"reason": reason})

    async def records(self, **query: Any) -> UnreadableRecords:
        """A page of unreadable records, newest first."""
        return await self._get(UnreadableRecords, "/v1/unreadable-records", **query)

    async def record(self, record: str) -> UnreadableRecord:
        """One of them."""
        return await self._get(UnreadableRecord, f"/v1/unreadable-records/{quote(record, safe='')}")

    async def see_record(self, record: str, reason: str) -> None:
        """Mark it as seen."""
        path = f"/v1/unreadable-records/{quote(record, safe='')}/seen"
        await self.rest.call("POST", path, json={"reason": reason})

    async def delivery(self) -> DeliveryDocument:
        """The state of delivery."""
        return await self._get(DeliveryDocument, "/v1/delivery")

    async def d365_check(self) -> CheckDocument:
        """The last check of D365."""
        return await self._get(CheckDocument, "/v1/d365/check")

    async def steer(self, action: str, reason: str) -> None:
        """Pause, resume, adopt, or let a consumer through (`consumers/{group}/let-through`)."""
        await self.rest.call("POST", f"/v1/delivery/{quote(action)}", json={"reason": reason})

    async def windows(self) -> list[WindowDocument]:
        """Maintenance windows, past ones too."""
        return (await self._get(WindowsDocument, "/v1/delivery/windows", past="true")).items

    async def plan_window(self, begins_at: str | None, ends_at: str, reason: str) -> None:
        """Plan a maintenance window."""
        times = {"ends_at": ends_at, **({"begins_at": begins_at} if begins_at else {})}
        await self.rest.call("POST", "/v1/delivery/windows", json={**times, "reason": reason})

    async def end_window(self, window: str, reason: str) -> None:
        """End it now, or cancel a future one."""
        path = f"/v1/delivery/windows/{quote(window, safe='')}"
        await self.rest.call("DELETE", path, params={"reason": reason})

    async def audit(self, **query: Any) -> AuditPage:
        """A page of the audit, newest first."""
        return await self._get(AuditPage, "/v1/audit", **query)

    def audit_csv(self, **query: Any) -> AbstractAsyncContextManager[httpx2.Response]:
        """The audit as CSV."""
        return self.rest.stream("/v1/audit.csv", **query)

    async def dealers(self, **query: Any) -> DealersDocument:
        """A page of dealers, by slug."""
        return await self._get(DealersDocument, "/v1/dealers", **query)

    async def _get(self, kind: type[ModelT], path: str, **query: Any) -> ModelT:
        return kind.model_validate((await self.rest.get(path, **query)).body)


def _document(document: str) -> str:
    return f"/v1/documents/{quote(document, safe='')}"
