# ruff: noqa: ASYNC109 - the caller's lease bounds the whole call, so its seconds are passed down
"""Reads entity sets: addresses, pages, rows into models, answers into typed errors."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError
from yarl import URL

from case_shared.d365.errors import (
    D365Error,
    D365Forbidden,
    D365ForeignLink,
    D365LostAnswer,
    D365Misconfigured,
    D365NotOData,
    D365Throttled,
    D365Unauthorized,
    D365Unavailable,
)
from case_shared.d365.odata import retry_after_seconds
from case_shared.d365.reasons import full_text, other_text
from case_shared.d365.sign_in import is_same_origin
from case_shared.d365.support import SupportIds
from case_shared.d365.wire import Answer, AnswerLostError, NothingSentError, Wire

RowT = TypeVar("RowT", bound=BaseModel)
Row = dict[str, Any]
Ids = Mapping[str, str | int]
# Characters besides letters and digits that need no escape, in a query and in a key: addresses stay readable.
_PLAIN = "'(),:$"
_PLAIN_KEY = "'(),="
_IN_ADDRESSES = "%/:=&?~#+!$,;'@()*[]"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Page(NamedTuple):
    """One answer's rows, and the link to the next page as D365 wrote it."""

    rows: list[Row]
    link: str | None
    support: SupportIds


class EntitySets:
    """The addresses below one environment's `/data`, and plain reads of them."""

    def __init__(self, wire: Wire, environment: str) -> None:
        self._wire = wire
        self._root = f"{environment.rstrip('/')}/data"
        self._origin = URL(environment).origin()

    def url(self, resource: str, **options: str | int | None) -> URL:
        """Return the address of a resource in all companies; `filter=…` becomes `$filter=…`; omits empty options."""
        # Without cross-company D365 silently answers for the caller's default company alone (docs/d365.md).
        given = "".join(f"&${name}={quote(str(value), safe=_PLAIN)}" for name, value in options.items() if value)
        return URL(f"{self._root}/{quote(resource, safe=_PLAIN_KEY)}?cross-company=true{given}", encoded=True)

    async def call(
        self,
        operation: str,
        method: str,
        url: URL,
        *,
        timeout: float,
        body: bytes | None = None,
        ids: Ids | None = None,
    ) -> Answer:
        """Make one call, with `ids` on its span, and return the answer. Raises: D365Error, sorted by what to do."""
        try:
            answer = await self._wire.send(operation, method, url, timeout=timeout, body=body, ids=ids)
        except NothingSentError as error:
            raise D365Unavailable(f"{operation}: {error}") from error
        except AnswerLostError as error:
            # The last two: a 401, and no second try. That says nothing about a row.
            away = TimeoutError | None | NothingSentError | D365Unavailable
            kind = D365Unavailable if isinstance(error.__cause__, away) else D365LostAnswer
            raise _of(error.support, kind(f"{operation}: {error}")) from error
        if not 200 <= answer.status < 300:
            raise _of(answer.support, _error(operation, answer))
        return answer

    async def page(self, operation: str, url: URL, *, timeout: float, ids: Ids | None = None) -> Page:
        """Read one page; `timeout` in seconds. Raises: D365Error."""
        answer = await self.call(operation, "GET", url, timeout=timeout, ids=ids)
        try:
            return Page(_rows(operation, answer), _link(answer), answer.support)
        except D365Error as error:
            raise _of(answer.support, error) from None

    async def pages(self, operation: str, url: URL, *, timeout: float, ids: Ids | None = None) -> AsyncIterator[Page]:
        """Yield each page; `timeout` in seconds for each. Raises: D365Error."""
        seen: set[URL] = set()
        following: URL | None = url
        while following:
            if following in seen:
                raise D365NotOData(f"{operation}: D365 linked to the same page again")
            seen.add(following)
            page = await self.page(operation, following, timeout=timeout, ids=ids)
            following = self._next(operation, following, page)
            yield page

    def _next(self, operation: str, current: URL, page: Page) -> URL | None:
        # Only on the same origin: our token goes nowhere else.
        try:
            return _following(current, page.link, self._origin) if page.link else None
        except ValueError as error:
            raise _of(
                page.support, D365ForeignLink(f"{operation}: the link to the next page is not usable: {error}")
            ) from None


def _link(answer: Answer) -> str | None:
    link = (answer.document or {}).get("@odata.nextLink")
    return link if isinstance(link, str) and link else None


def _following(current: URL, link: str, origin: URL) -> URL:
    """Return the next page's address as D365 wrote it, quoting only what a request line forbids. Raises: ValueError."""
    if _CONTROL.search(link):
        raise ValueError("it contains a control character")
    following = current.join(URL(quote(link, safe=_IN_ADDRESSES), encoded=True))
    # D365 writes letters and default ports its own way, D365_URL another.
    if not is_same_origin(str(following.origin()), str(origin)) or following.user is not None:
        raise ValueError(f"it leads to another origin, {following.origin()}")
    return following


class Rows(Generic[RowT]):
    """Turns rows of one entity set into models by the mapping's names."""

    def __init__(self, model: type[RowT], entity_set: str, fields: Mapping[str, str]) -> None:
        self._model = model
        self._entity_set = entity_set
        self._fields = {ours: theirs for ours, theirs in fields.items() if ours in model.model_fields}
        self.select = ",".join(self._fields.values())

    def read(self, rows: Iterable[Row]) -> tuple[RowT, ...]:
        """Raises: D365Misconfigured, naming the field that is missing or of another type."""
        return tuple(self._read(row) for row in rows)

    def _read(self, row: Row) -> RowT:
        try:
            return self._model.model_validate({ours: row[theirs] for ours, theirs in self._fields.items()})
        except KeyError as error:
            what = f"{self._entity_set}: the answer has no field {error.args[0]}"
            raise D365Misconfigured(f"{what}; correct its name in the mapping, or make it public in D365") from error
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            field = self._fields.get(str(problem["loc"][0]))
            raise D365Misconfigured(f"{self._entity_set}: field {field}: {problem['msg']}") from None


def _rows(operation: str, answer: Answer) -> list[Row]:
    rows = (answer.document or {}).get("value")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise D365NotOData(
            f"{operation}: D365 answered {answer.status}, but not with an OData collection", status=answer.status
        )
    return rows


def _of(support: SupportIds, error: D365Error) -> D365Error:
    error.support = support
    return error


def _error(operation: str, answer: Answer) -> D365Error:
    status = answer.status
    said = full_text(answer.document) or other_text(answer) or "no OData error in the answer"
    why = f"{operation}: {status}: {said[:500]}"
    match status:
        case 401:
            return D365Unauthorized(why, status=status)
        case 403:
            return D365Forbidden(why, status=status)
        case 429:
            return D365Throttled(why, retry_after=retry_after_seconds(answer.headers))
        case 400 | 404 | 414 if not answer.is_html or status != 400:
            return D365Misconfigured(why, status=status)
        case _ if 300 <= status < 400:
            return D365NotOData(
                f"{operation}: D365 answered {status}, a redirect, which Casebridge never follows", status=status
            )
        case _ if answer.is_html:
            return D365NotOData(why, status=status)
        case _:
            return D365Unavailable(why, status=status)
