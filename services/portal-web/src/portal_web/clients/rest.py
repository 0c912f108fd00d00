"""A client of the public REST APIs with a user's own token; refusals are problem documents (docs/problems.md)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from case_shared.errors import Transient

# Problems of status 503 that a page explains; all others are the same to a user.
TELLING = frozenset({"lists-unknown", "list-too-slow"})
_PREFIX = "urn:casebridge:problem:"


class FieldProblem(BaseModel):
    """What is wrong with one field; `pointer` is a JSON pointer into the body, or `?name` of a parameter."""

    model_config = ConfigDict(frozen=True)

    pointer: str
    detail: str


class Problem(Exception):
    """The API said no."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        self.status = status
        self.slug = str(document.get("type", "")).removeprefix(_PREFIX)
        self.detail: str = document.get("detail") or document.get("title") or ""
        self.trace_id: str | None = document.get("trace_id")
        self.current_etag: str | None = document.get("current_etag")
        try:
            self.fields = [FieldProblem.model_validate(one) for one in document.get("errors") or []]
        except ValidationError:
            self.fields = []
        super().__init__(f"{status} {self.slug}: {self.detail}")


class Unavailable(Transient):
    """The API does not answer, or says that it cannot now."""


@dataclass(frozen=True)
class Answer:
    """What an API answered."""

    body: Any
    etag: str | None = None


@dataclass(frozen=True)
class Rest:
    """One API, as one user sees it. Raises Problem, and Unavailable."""

    http: httpx2.AsyncClient
    url: str
    token: str
    timeout: float = 15.0
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, *, headers: dict[str, str] | None = None, **given: Any) -> Answer:
        """Call the API; `given` is httpx2's: params, json."""
        try:
            response = await self.http.request(
                method, self.url + path, headers=self._headers(headers), timeout=self.timeout, **given
            )
        except httpx2.HTTPError as error:
            raise Unavailable(f"{method} {self.url}: {error!r}") from error
        refuse(response)
        return Answer(response.json() if response.content else None, response.headers.get("etag"))

    async def get(self, path: str, **params: Any) -> Answer:
        """GET; parameters that are None or empty are left out."""
        return await self.call("GET", path, params={name: value for name, value in params.items() if value})

    @asynccontextmanager
    async def stream(
        self, path: str, *, headers: dict[str, str] | None = None, patience: httpx2.Timeout | None = None, **params: Any
    ) -> AsyncIterator[httpx2.Response]:
        """GET an answer that comes bit by bit."""
        kept = {name: value for name, value in params.items() if value}
        request = self.http.build_request(
            "GET", self.url + path, params=kept, headers=self._headers(headers), timeout=patience or self.timeout
        )
        try:
            response = await self.http.send(request, stream=True)
        except httpx2.HTTPError as error:
            raise Unavailable(f"GET {self.url}: {error!r}") from error
        try:
            if response.is_error:
                await response.aread()
            refuse(response)
            yield response
        finally:
            await response.aclose()

    def _headers(self, more: dict[str, str] | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **self.headers, **(more or {})}


def refuse(response: httpx2.Response) -> None:
    """Raise what an answer that is an error stands for."""
    if not response.is_error:
        return
    try:
        document = response.json()
    except ValueError:
        document = {}
    problem = Problem(response.status_code, document if isinstance(document, dict) else {})
    busy = response.status_code == httpx2.codes.TOO_MANY_REQUESTS
    if busy or (response.is_server_error and problem.slug not in TELLING):
        raise Unavailable(str(problem)) from problem
    raise problem
