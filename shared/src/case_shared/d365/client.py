# ruff: noqa: ASYNC109 - the caller's lease bounds the whole call, so its seconds are passed down
"""The D365 client: cases, customers, categories, priorities and D365's own document queue, over OData."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any, TypeVar

import aiohttp
import orjson
from pydantic import BaseModel

from case_shared.clock import Clock
from case_shared.d365.answers import CreateAnswer, Exchange, NotSent, Unauthorized, Unknown
from case_shared.d365.auth import ClientCredentials
from case_shared.d365.creating import CaseBody, judge
from case_shared.d365.document_log import write_failure
from case_shared.d365.errors import D365Misconfigured, D365Unauthorized, D365Unavailable
from case_shared.d365.mapping import Mapping, ReadTable
from case_shared.d365.models import (
    CaseToCreate,
    Category,
    Customer,
    D365Case,
    DocumentFailure,
    ModifiedKey,
    PreflightProblem,
    Priority,
    ReadBack,
)
from case_shared.d365.odata import any_of, contains, datetime_literal, string_literal
from case_shared.d365.preflight import check_mapping
from case_shared.d365.reading import EntitySets, Rows
from case_shared.d365.wire import AnswerLostError, NothingSentError, Wire

RowT = TypeVar("RowT", bound=BaseModel)
_KEYS = frozenset({"data_area_id", "case_id", "web_case_id", "submission_id", "customer_account"})


class D365Client:
    """D365 F&O over OData.

    Every call takes `timeout`: seconds for the whole call (token included), for each page where pages are given out.
    Reads raise `D365Error`s; `create_case` answers with a `CreateAnswer` and raises nothing that D365 or the network
    did.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        credentials: ClientCredentials,
        mapping: Mapping,
        *,
        environment: str,
        clock: Clock,
    ) -> None:
        """`session` is from `open_session`; `environment` is D365's root address."""
        self._clock = clock
        self._mapping = mapping
        self._fields = mapping.case.fields
        self._wire = Wire(session, credentials, clock)
        self._sets = EntitySets(self._wire, environment)
        self._body = CaseBody(self._fields)
        self._create_url = self._sets.url(mapping.case.entity_set)
        self._cases = Rows(D365Case, mapping.case.entity_set, self._fields.by_ours())
        keys = {ours: theirs for ours, theirs in self._fields.by_ours().items() if ours in _KEYS}
        self._keys = Rows(D365Case, mapping.case.entity_set, keys)

    async def create_case(self, case: CaseToCreate, *, timeout: float) -> CreateAnswer:
        """Create the case in D365: one POST, and a second only after a 401, with a fresh token."""
        started = self._clock.monotonic()
        document = self._body.of(case)
        request = self._body.record(document)

        def exchange(status: int | None, answer: str | None) -> Exchange:
            return Exchange(status, request, answer, self._clock.monotonic() - started)

        try:
            answer = await self._wire.send(
                "create case",
                "POST",
                self._create_url,
                timeout=timeout,
                body=orjson.dumps(document),
                ids={"casebridge.web_case_id": case.web_case_id},
            )
        except (NothingSentError, D365Unavailable) as error:
            return NotSent(str(error), exchange(None, None))
        except D365Unauthorized as error:
            return Unauthorized(error.why, exchange(error.status, None))
        except AnswerLostError as error:
            return Unknown(str(error), error.status, exchange(error.status, None))
        return judge(answer, case, self._body, exchange(answer.status, self._body.record_answer(answer)))

    def describe_creation(self, case: CaseToCreate) -> tuple[str, dict[str, Any]]:
        """The address and the body that `create_case` sends, whole: for people who mend a case, never for logs."""
        return str(self._create_url), self._body.of(case)

    async def find_by_web_case_id(
        self,
        data_area_id: str,
        web_case_ids: Collection[str],
        *,
        control_case_ids: Sequence[str],
        timeout: float,
    ) -> ReadBack:
        """Look many submissions of one legal entity up, with positive controls in the same answer.

        `control_case_ids`: a few Case IDs known to be there (delivered before); none, where none is known yet.
        Raises: D365Error: then nothing is known of any of them.
        """
        deadline = self._clock.monotonic() + timeout
        control = next(any_of(self._fields.case_id, control_case_ids), None)
        found: dict[str, tuple[D365Case, ...]] = {}
        controlled: set[str] = set()
        for chunk in any_of(self._fields.web_case_id, web_case_ids):
            wanted = f"({chunk.filter} or {control.filter})" if control else chunk.filter
            cases = await self._read_cases("find cases", data_area_id, wanted, deadline)
            asked = {web_case_id.casefold(): web_case_id for web_case_id in chunk.values}
            for case in cases:
                if web_case_id := asked.get((case.web_case_id or "").casefold()):
                    found[web_case_id] = (*found.get(web_case_id, ()), case)
            if control and {case.case_id.casefold() for case in cases} & {c.casefold() for c in control.values}:
                controlled.update(chunk.values)
        return ReadBack(found, frozenset(controlled))

    async def read_cases_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], *, timeout: float
    ) -> tuple[D365Case, ...]:
        """The cases of one legal entity with these Case IDs, those that are there; many in one request.

        Raises: D365Error.
        """
        deadline = self._clock.monotonic() + timeout
        asked = {case_id.casefold() for case_id in case_ids}
        found: list[D365Case] = []
        for chunk in any_of(self._fields.case_id, case_ids):
            cases = await self._read_cases("read cases", data_area_id, chunk.filter, deadline)
            found += [case for case in cases if case.case_id.casefold() in asked]
        return tuple(found)

    async def search_cases(
        self, data_area_id: str, customer_account: str, text: str, *, most: int, timeout: float
    ) -> tuple[D365Case, ...]:
        """A customer's cases with `text` in Case ID, Web Case ID or description, the last modified first; all without.

        One request, `most` at most. Raises: D365Error.
        """
        fields = self._fields
        url = self._sets.url(
            self._mapping.case.entity_set,
            filter=" and ".join(
                [
                    f"{fields.data_area_id} eq {string_literal(data_area_id)}",
                    f"{fields.customer_account} eq {string_literal(customer_account)}",
                    *contains((fields.case_id, fields.web_case_id, fields.description), text),
                ]
            ),
            orderby=f"{fields.modified_at} desc",
            top=most,
            select=self._cases.select,
        )
        page = await self._sets.page("search cases", url, timeout=timeout)
        return self._cases.read(page.rows)[:most]

    async def read_web_cases(self, after: str, *, page_size: int, timeout: float) -> tuple[tuple[D365Case, ...], bool]:
        """Cases with a Web Case ID behind `after`, in its order, of all legal entities; and whether there are more.

        `page_size` at most, and only what tells cases apart. Raises: D365Error.
        """
        fields = self._fields
        url = self._sets.url(
            self._mapping.case.entity_set,
            filter=f"{fields.web_case_id} gt {string_literal(after)}",
            orderby=f"{fields.web_case_id},{fields.data_area_id},{fields.case_id}",
            top=page_size,
            select=self._keys.select,
        )
        page = await self._sets.page("read web cases", url, timeout=timeout)
        cases = self._keys.read(page.rows)
        return cases, bool(cases) and (page.following is not None or len(cases) >= page_size)

    async def read_modified_since(
        self, since: ModifiedKey, *, page_size: int, timeout: float, data_area_id: str | None = None
    ) -> AsyncIterator[tuple[D365Case, ...]]:
        """Pages of cases after `since`, in the order of ModifiedKey; of all legal entities, or of one.

        Raises: D365Error; D365Misconfigured also where the modified time does not carry the reader forward.
        """
        order = f"{self._fields.modified_at},{self._fields.data_area_id},{self._fields.case_id}"
        while True:
            url = self._sets.url(
                self._mapping.case.entity_set,
                filter=self._after(since, data_area_id),
                orderby=order,
                top=page_size,
                select=self._cases.select,
            )
            # D365's own next page would be skip-based: by key, rows that move meanwhile shift nothing.
            page = await self._sets.page("read modified cases", url, timeout=timeout)
            cases = self._cases.read(page.rows)
            if not cases:
                return
            yield cases
            if not page.following and len(cases) < page_size:
                return
            since = _advanced(since, cases[-1])

    def read_customers(self, *, timeout: float) -> AsyncIterator[tuple[Customer, ...]]:
        """Pages of the customers that pass the mapping's filter, of all legal entities. Raises: D365Error."""
        table = self._mapping.customers
        rows = Rows(Customer, table.entity_set, table.fields.by_ours())
        key = (table.fields.data_area_id, table.fields.customer_account)
        return self._read_all("read customers", rows, table, key, timeout)

    def read_categories(self, *, timeout: float) -> AsyncIterator[tuple[Category, ...]]:
        """Pages of case categories of all legal entities. Raises: D365Error."""
        table = self._mapping.categories
        rows = Rows(Category, table.entity_set, table.fields.by_ours())
        key = (table.fields.data_area_id, table.fields.category_type, table.fields.category)
        return self._read_all("read categories", rows, table, key, timeout)

    def read_priorities(self, *, timeout: float) -> AsyncIterator[tuple[Priority, ...]]:
        """Pages of case priorities of all legal entities. Raises: D365Error."""
        table = self._mapping.priorities
        rows = Rows(Priority, table.entity_set, table.fields.by_ours())
        key = (table.fields.data_area_id, table.fields.priority)
        return self._read_all("read priorities", rows, table, key, timeout)

    async def probe(self, *, timeout: float) -> None:
        """A cheap control read of the case entity set. Raises: D365Error when it does not work."""
        url = self._sets.url(self._mapping.case.entity_set, top=1, select=self._fields.case_id)
        await self._sets.page("probe", url, timeout=timeout)

    async def preflight(self, *, timeout: float) -> tuple[PreflightProblem, ...]:
        """What of the mapping D365 does not have or does not let us read; empty when all is well.

        Raises: D365Error where D365 cannot say (transient, or our credentials are refused).
        """
        return await check_mapping(self._sets, self._mapping, timeout=timeout)

    async def log_document_failure(self, failure: DocumentFailure, *, timeout: float) -> bool:
        """Write a failed document into D365's own document queue, keyed by document (again: the same row).

        False where the mapping has no such entity set. Raises: D365Error; best effort: callers log it and go on.
        """
        table = self._mapping.document_queue
        if table.entity_set is None:
            return False
        await write_failure(self._sets, table.entity_set, table.fields, failure, timeout=timeout)
        return True

    async def _read_cases(
        self, operation: str, data_area_id: str, wanted: str, deadline: float
    ) -> tuple[D365Case, ...]:
        """Every case of the legal entity that the filter wants; all pages."""
        fields = self._fields
        url = self._sets.url(
            self._mapping.case.entity_set,
            filter=f"{fields.data_area_id} eq {string_literal(data_area_id)} and {wanted}",
            orderby=f"{fields.data_area_id},{fields.case_id}",
            select=self._cases.select,
        )
        left = deadline - self._clock.monotonic()
        cases = [
            case async for rows in self._sets.pages(operation, url, timeout=left) for case in self._cases.read(rows)
        ]
        return tuple(case for case in cases if case.data_area_id.casefold() == data_area_id.casefold())

    async def _read_all(
        self, operation: str, rows: Rows[RowT], table: ReadTable, key: Sequence[str], timeout: float
    ) -> AsyncIterator[tuple[RowT, ...]]:
        url = self._sets.url(table.entity_set, filter=table.filter, orderby=",".join(key), select=rows.select)
        async for page in self._sets.pages(operation, url, timeout=timeout):
            yield rows.read(page)

    def _after(self, since: ModifiedKey, data_area_id: str | None) -> str:
        """The filter for all that comes after `since` in the order of (modified time, legal entity, Case ID)."""
        fields, moment = self._fields, datetime_literal(since.modified_at)
        area, case_id = string_literal(since.data_area_id), string_literal(since.case_id)
        same_moment = f"{fields.modified_at} eq {moment}"
        after = (
            f"({fields.modified_at} gt {moment}"
            f" or ({same_moment} and {fields.data_area_id} gt {area})"
            f" or ({same_moment} and {fields.data_area_id} eq {area} and {fields.case_id} gt {case_id}))"
        )
        return f"{fields.data_area_id} eq {string_literal(data_area_id)} and {after}" if data_area_id else after


def _advanced(since: ModifiedKey, last: D365Case) -> ModifiedKey:
    if last.modified_at is None:
        raise D365Misconfigured("a case without a modified time; check [case.fields] modified_at")
    following = ModifiedKey(last.modified_at, last.data_area_id, last.case_id)
    if following == since:
        raise D365Misconfigured("D365 gives the same page again; check [case.fields] modified_at")
    return following
