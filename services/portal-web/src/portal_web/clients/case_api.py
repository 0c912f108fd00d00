"""case-api, call by call."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from portal_web.app.save_draft import Changed, KeyReused, Submitted
from portal_web.clients.rest import Answer, Problem, Rest, Unavailable
from portal_web.domain.case_api import (
    CaseDocument,
    CasePage,
    CategoryDocument,
    CategoryList,
    DealerList,
    LengthList,
    PriorityDocument,
    PriorityList,
    SubmissionDocument,
    Timeline,
    TimelineEntry,
)
from portal_web.domain.cases import Versioned
from portal_web.domain.session import Dealer

# A stream is silent for at most 15 s (its keep-alive); after more than twice that, the connection is dead.
_TRIES, _TRY_SECONDS = 20, 0.2
_STREAM = httpx2.Timeout(10, read=40)


@dataclass(frozen=True)
class CaseApi:
    """One user's view of it. Raises rest.Problem and rest.Unavailable."""

    rest: Rest

    async def dealers(self) -> tuple[Dealer, ...]:
        """The user's dealers."""
        found = DealerList.model_validate((await self.rest.get("/v1/dealers")).body)
        return tuple(Dealer(dealer=one.dealer, name=one.name) for one in found.items)

    def of(self, dealer: str) -> "DealerApi":
        """What belongs to one dealer."""
        return DealerApi(self.rest, f"/v1/dealers/{quote(dealer, safe='')}")


@dataclass(frozen=True)
class DealerApi:
    """The calls below `/v1/dealers/{dealer}`."""

    rest: Rest
    path: str

    async def cases(self, **query: Any) -> CasePage:
        """A page of the list; `query` as the API has it."""
        return CasePage.model_validate((await self.rest.get(f"{self.path}/cases", **query)).body)

    async def case(self, web_case_id: str) -> Versioned:
        """One case."""
        return _versioned(await self.rest.get(self._case(web_case_id)))

    async def timeline(self, web_case_id: str) -> list[TimelineEntry]:
        """What happened to it, oldest first."""
        return Timeline.model_validate((await self.rest.get(f"{self._case(web_case_id)}/timeline")).body).items

    async def create(self, content: Mapping[str, Any], key: str) -> Versioned:
        """A new draft, one for each `key`; raises KeyReused."""
        try:
            return await self._once(f"{self.path}/cases", key, json=content)
        except Problem as problem:
            if problem.slug == "idempotency-key-reused" or problem.status == httpx2.codes.GONE:
                raise KeyReused from problem
            raise

    async def change(self, web_case_id: str, content: Mapping[str, Any], etag: str) -> Versioned:
        """Change a draft; raises Changed and Submitted."""
        headers = {"If-Match": etag}
        try:
            return _versioned(await self.rest.call("PATCH", self._case(web_case_id), json=content, headers=headers))
        except Problem as problem:
            if problem.slug == "version-changed":
                raise Changed from problem
            if problem.slug == "case-submitted":
                raise Submitted from problem
            raise

    async def delete(self, web_case_id: str, etag: str) -> None:
        """Delete a draft for good."""
        await self.rest.call("DELETE", self._case(web_case_id), headers={"If-Match": etag})

    async def copy(self, web_case_id: str, key: str) -> Versioned:
        """A new draft with the same content, one for each `key`."""
        return await self._once(f"{self._case(web_case_id)}/copy", key)

    async def check(self, web_case_id: str, etag: str) -> None:
        """Ask whether it could be submitted; raises Problem `case-incomplete` with its fields."""
        path = f"{self._case(web_case_id)}/submission"
        await self.rest.call("POST", path, params={"validate_only": "true"}, headers={"If-Match": etag})

    async def submit(self, web_case_id: str, etag: str) -> SubmissionDocument:
        """Submit it, irreversibly; repeated with the same version, it is the same submission."""
        answer = await self.rest.call("POST", f"{self._case(web_case_id)}/submission", headers={"If-Match": etag})
        return SubmissionDocument.model_validate(answer.body)

    async def categories(self) -> list[CategoryDocument]:
        """The categories that a case can have."""
        return CategoryList.model_validate((await self.rest.get(f"{self.path}/categories")).body).items

    async def priorities(self) -> list[PriorityDocument]:
        """The priorities that a case can have."""
        return PriorityList.model_validate((await self.rest.get(f"{self.path}/priorities")).body).items

    async def lengths(self) -> dict[str, int]:
        """How many characters D365 keeps of each field, by JSON pointer; other fields have enough room."""
        found = LengthList.model_validate((await self.rest.get(f"{self.path}/lengths")).body)
        return {one.pointer: one.characters for one in found.items}

    def csv(self, **query: Any) -> AbstractAsyncContextManager[httpx2.Response]:
        """The list as CSV."""
        return self.rest.stream(f"{self.path}/cases.csv", **query)

    def changes(self, last_event_id: str | None) -> AbstractAsyncContextManager[httpx2.Response]:
        """The stream of what changes (text/event-stream)."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        return self.rest.stream(f"{self.path}/cases/stream", headers=headers, patience=_STREAM)

    async def _once(self, path: str, key: str, **given: Any) -> Versioned:
        """POST, once for each `key`; while the same request is under way (two clicks), wait for its answer."""
        for _ in range(_TRIES):
            try:
                return _versioned(await self.rest.call("POST", path, headers={"Idempotency-Key": key}, **given))
            except Problem as problem:
                if problem.slug != "idempotency-key-in-use":
                    raise
            await asyncio.sleep(_TRY_SECONDS)
        raise Unavailable("another request with this Idempotency-Key takes too long")

    def _case(self, web_case_id: str) -> str:
        return f"{self.path}/cases/{quote(web_case_id, safe='')}"


def _versioned(answer: Answer) -> Versioned:
    return Versioned(case=CaseDocument.model_validate(answer.body), etag=answer.etag or "")


async def lines_of(response: httpx2.Response) -> AsyncIterator[str]:
    """The lines of a stream; a lost connection ends it.

    By bytes: only LF, CR LF and CR end a line of text/event-stream. `aiter_lines` would also end one at U+2028 and its
    like, which JSON may contain as they are: whoever writes a case could then write events.
    """
    begun = b""
    try:
        async for part in response.aiter_bytes():
            *whole, begun = (begun + part).split(b"\n")
            for line in (one for ended in whole for one in ended.removesuffix(b"\r").split(b"\r")):
                yield line.decode(errors="replace")
    except httpx2.HTTPError:
        return
