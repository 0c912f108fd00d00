# ruff: noqa: ASYNC109 - the caller's lease bounds the whole call, so its seconds are passed down
"""The D365 client: cases, customers, categories, priorities and D365's own document queue, over OData."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson

from case_shared.d365.answers import CreateAnswer, Exchange, NotSent, Unauthorized, Unknown
from case_shared.d365.auth import D365Tokens
from case_shared.d365.cases_by_key import CasesByKey
from case_shared.d365.chains import ChainMemory, Chains
from case_shared.d365.changes import Changes, Passed
from case_shared.d365.creating import CaseBody, judge
from case_shared.d365.document_log import write_failure
from case_shared.d365.echo import Difference, differences
from case_shared.d365.errors import (
    D365Unauthorized,
    D365Unavailable,
    D365UnusableKey,
)
from case_shared.d365.lists import Lists
from case_shared.d365.mapping import Mapping
from case_shared.d365.matching import same_key
from case_shared.d365.models import (
    CaseToCreate,
    Category,
    Customer,
    D365Case,
    DocumentFailure,
    LookUpAnswer,
    ModifiedKey,
    PreflightProblem,
    Priority,
    StoredCase,
)
from case_shared.d365.odata import contains, key_equals, string_literal
from case_shared.d365.preflight import check_mapping
from case_shared.d365.reading import EntitySets, Rows
from case_shared.d365.support import SupportIds
from case_shared.d365.wire import AnswerLostError, NothingSentError, Wire
from case_shared.process.clock import Clock

_KEYS = frozenset({"rec_id", "data_area_id", "case_id", "web_case_id", "submission_id", "customer_account"})


class D365Client:
    """D365 F&O over OData.

    Every call takes `timeout` in seconds: for the whole call with its token, or for each page of those that return
    pages. Reads raise `D365Error`s; `create_case` returns a `CreateAnswer`, whatever D365 or the network did.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        tokens: D365Tokens,
        mapping: Mapping,
        *,
        environment: str,
        clock: Clock,
        memory: ChainMemory | None = None,
    ) -> None:
        """`session` is from `open_session`; `environment` is D365's root; `memory` keeps how many terms it takes."""
        self._clock = clock
        self._mapping = mapping
        self._fields = mapping.case.fields
        self._wire = Wire(session, tokens, clock)
        self._sets = EntitySets(self._wire, environment)
        self._body = CaseBody(self._fields, contact_into_notes=mapping.contact_into_notes)
        self._create_url = self._sets.url(mapping.case.entity_set)
        by_ours = self._fields.by_ours()
        # Some entities refuse their RecId in $select (docs/d365.md#addresses-and-queries), so look-ups omit it.
        looked_up = {ours: theirs for ours, theirs in by_ours.items() if ours != "rec_id"}
        self._cases = Rows(D365Case, mapping.case.entity_set, looked_up)
        self._chains = Chains(memory, clock)
        self._changes = Changes(self._sets, mapping.case.entity_set, self._fields)
        self._by_key = CasesByKey(self._sets, self._cases, mapping.case.entity_set, self._fields, clock, self._chains)
        self._lists = Lists(self._sets, mapping)
        with_notes = Rows(StoredCase, mapping.case.entity_set, looked_up)
        self._stored = CasesByKey(self._sets, with_notes, mapping.case.entity_set, self._fields, clock, self._chains)
        keys = {ours: theirs for ours, theirs in by_ours.items() if ours in _KEYS}
        self._keys = Rows(D365Case, mapping.case.entity_set, keys)

    @property
    def sets(self) -> EntitySets:
        """Plain reads of any entity set."""
        return self._sets

    async def sign_in(self, *, timeout: float) -> None:
        """Get an access token. Raises: D365Unavailable (none right now), D365Unauthorized (refused: configuration)."""
        await self._wire.sign_in(timeout=timeout)

    async def create_case(self, case: CaseToCreate, *, timeout: float) -> CreateAnswer:
        """Create the case in D365: one POST, and a second one only after a 401, with a fresh token."""
        started = self._clock.monotonic()
        document = self._body.of(case)
        request = self._body.record(document)

        def exchange(status: int | None, answer: str | None, support: SupportIds | None = None) -> Exchange:
            return Exchange(status, request, answer, self._clock.monotonic() - started, support)

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
            return Unknown(str(error), error.status, exchange(error.status, None, error.support))
        answered = exchange(answer.status, self._body.record_answer(answer), answer.support)
        return judge(answer, case, self._body, answered)

    def describe_creation(self, case: CaseToCreate) -> tuple[str, dict[str, Any]]:
        """Return the address and the body that `create_case` sends: for people who correct a case, never for logs."""
        return str(self._create_url), self._body.of(case)

    async def find_by_web_case_id(
        self,
        data_area_id: str,
        web_case_ids: Collection[str],
        *,
        control_case_ids: Sequence[str],
        timeout: float,
    ) -> LookUpAnswer:
        """Do what `CasesByKey.find_by_web_case_id` does."""
        return await self._by_key.find_by_web_case_id(
            data_area_id, web_case_ids, control_case_ids=control_case_ids, timeout=timeout
        )

    async def find_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], *, control_case_ids: Sequence[str], timeout: float
    ) -> LookUpAnswer:
        """Do what `CasesByKey.find_by_case_id` does."""
        return await self._by_key.find_by_case_id(
            data_area_id, case_ids, control_case_ids=control_case_ids, timeout=timeout
        )

    async def read_cases_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], *, timeout: float
    ) -> tuple[D365Case, ...]:
        """Do what `CasesByKey.read_by_case_id` does."""
        return await self._by_key.read_by_case_id(data_area_id, case_ids, timeout=timeout)

    async def find_anywhere(self, web_case_ids: Collection[str], *, timeout: float) -> tuple[D365Case, ...]:
        """Do what `CasesByKey.find_anywhere` does."""
        return await self._by_key.find_anywhere(web_case_ids, timeout=timeout)

    async def read_stored(
        self, data_area_id: str, sent: dict[str, CaseToCreate], *, timeout: float
    ) -> dict[str, tuple[Difference, ...]]:
        """Return by Case ID how D365's cases differ from what was sent; omits cases that D365 does not have.

        Raises: as `read_cases_by_case_id`.
        """
        found = await self._stored.find_by_case_id(data_area_id, sent, control_case_ids=(), timeout=timeout)
        return {case_id: self._differences(sent[case_id], cases[0]) for case_id, cases in found.found.items()}

    def _differences(self, sent: CaseToCreate, found: D365Case) -> tuple[Difference, ...]:
        stored = {theirs: getattr(found, ours) for ours, theirs in self._body.sent}
        return differences(self._body.sent, self._body.of(sent), stored) or ()

    async def search_cases(
        self, data_area_id: str, customer_account: str, text: str, *, most: int, timeout: float
    ) -> tuple[D365Case, ...]:
        """Find a customer's cases with `text` in Case ID, Web Case ID or description, newest first; "" finds all.

        Returns `most` cases at most, from one request. Raises: D365Error; D365UnusableKey if nothing was asked.
        """
        fields, wanted = self._fields, text.strip()
        if "*" in wanted:
            raise D365UnusableKey("the search text cannot contain an asterisk (*), because D365 reads it as a wildcard")
        # An asterisk in the account is a pattern to D365 and matches other customers' cases: dropped below.
        theirs = f"{fields.customer_account} eq {string_literal(customer_account)}"
        place = f"{key_equals(fields.data_area_id, data_area_id)} and {theirs}"
        found: dict[str, D365Case] = {}

        async def ask(names: Sequence[str]) -> None:
            url = self._sets.url(
                self._mapping.case.entity_set,
                filter=f"{place} and {contains(names, wanted)}" if wanted else place,
                orderby=f"{fields.modified_at} desc",
                top=most,
                select=self._cases.select,
            )
            page = await self._sets.page("search cases", url, timeout=timeout)
            cases = self._cases.read(page.rows[:most])
            # Nobody can do anything with a case that D365 has given no number yet.
            found.update({case.case_id: case for case in cases if case.case_id})

        names = [name for name in (fields.case_id, fields.web_case_id, fields.description) if name]
        await self._chains.ask("", names if wanted else names[:1], ask)
        own = [case for case in found.values() if same_key(case.customer_account, customer_account)]
        return tuple(sorted(own, key=_modified_at, reverse=True)[:most])

    async def read_web_cases(self, after: int, *, page_size: int, timeout: float) -> tuple[D365Case, ...]:
        """Read cases with a Web Case ID and a RecId above `after`, ordered by it, of all legal entities; () at the end.

        Returns `page_size` cases at most, with their keys only. Raises: D365Error.
        """
        fields = self._fields
        url = self._sets.url(
            self._mapping.case.entity_set,
            filter=f"{fields.rec_id} gt {after} and {fields.web_case_id} ne ''",
            orderby=fields.rec_id,
            top=page_size,
            select=self._keys.select,
        )
        page = await self._sets.page("read web cases", url, timeout=timeout)
        return self._keys.read(page.rows)

    def read_modified_since(
        self, since: ModifiedKey, *, page_size: int, timeout: float, passed: Passed | None = None
    ) -> AsyncIterator[tuple[D365Case, ...]]:
        """Do what `Changes.since` does."""
        return self._changes.since(since, page_size=page_size, timeout=timeout, passed=passed)

    def read_customers(self, *, timeout: float) -> AsyncIterator[tuple[Customer, ...]]:
        """Do what `Lists.customers` does."""
        return self._lists.customers(timeout=timeout)

    def read_categories(self, *, timeout: float) -> AsyncIterator[tuple[Category, ...]]:
        """Do what `Lists.categories` does."""
        return self._lists.categories(timeout=timeout)

    def read_priorities(self, *, timeout: float) -> AsyncIterator[tuple[Priority, ...]]:
        """Do what `Lists.priorities` does."""
        return self._lists.priorities(timeout=timeout)

    async def probe(self, *, timeout: float) -> None:
        """Read one case, as a cheap control. Raises: D365Error if that fails."""
        url = self._sets.url(self._mapping.case.entity_set, top=1, select=self._fields.case_id)
        await self._sets.page("probe", url, timeout=timeout)

    async def preflight(self, *, timeout: float) -> tuple[PreflightProblem, ...]:
        """Return what the mapping names and D365 lacks or forbids; empty if all is well.

        Raises: D365Error if D365 cannot say (a transient failure, or it refuses our credentials).
        """
        return await check_mapping(self._sets, self._mapping, timeout=timeout)

    async def log_document_failure(self, failure: DocumentFailure, *, timeout: float) -> bool:
        """Write a failed document into D365's own document queue, keyed by document: a repeat changes the same row.

        Returns False if the mapping has no such entity set. Raises: D365Error. Best effort: callers log it and go on.
        """
        table = self._mapping.document_queue
        if table.entity_set is None:
            return False
        await write_failure(self._sets, table.entity_set, table.fields, failure, timeout=timeout)
        return True


def _modified_at(case: D365Case) -> datetime:
    return case.modified_at or datetime.min.replace(tzinfo=UTC)
