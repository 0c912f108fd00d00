"""The D365 client: cases, customers, categories, priorities and D365's own document queue, over OData."""

from collections.abc import AsyncIterator, Collection

import aiohttp

from case_shared.d365.answers import CreateAnswer
from case_shared.d365.auth import ClientCredentials
from case_shared.d365.mapping import Mapping
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


class D365Client:
    """D365 F&O over OData.

    Every call takes `timeout`: seconds for the whole call (token included), for each page where pages are given out.
    Reads raise `D365Error`s; `create_case` answers with a `CreateAnswer` and raises nothing that D365 or the network did.
    """

    def __init__(
        self, session: aiohttp.ClientSession, credentials: ClientCredentials, mapping: Mapping, *, environment: str
    ) -> None:
        """`session` from `open_session` (no redirects, no cookies); `environment` is D365's root address."""

    async def create_case(self, case: CaseToCreate, *, timeout: float) -> CreateAnswer:
        """Create the case in D365 (one POST; a second only after a 401, with a fresh token)."""
        raise NotImplementedError

    async def find_by_web_case_id(
        self,
        data_area_id: str,
        web_case_ids: Collection[str],
        *,
        control_case_ids: Collection[str],
        timeout: float,
    ) -> ReadBack:
        """Look many submissions of one legal entity up, with positive controls (Case IDs known to be there) in the same answer."""
        raise NotImplementedError

    async def read_cases_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], *, timeout: float
    ) -> tuple[D365Case, ...]:
        """The cases of one legal entity with these Case IDs, those that are there; many in one request."""
        raise NotImplementedError

    def read_modified_since(
        self, since: ModifiedKey, *, page_size: int, timeout: float, data_area_id: str | None = None
    ) -> AsyncIterator[tuple[D365Case, ...]]:
        """Pages of cases after `since`, in the order of ModifiedKey; of all legal entities, or of one."""
        raise NotImplementedError

    def read_customers(self, *, timeout: float) -> AsyncIterator[tuple[Customer, ...]]:
        """Pages of the customers that pass the mapping's filter, of all legal entities."""
        raise NotImplementedError

    def read_categories(self, *, timeout: float) -> AsyncIterator[tuple[Category, ...]]:
        """Pages of case categories of all legal entities."""
        raise NotImplementedError

    def read_priorities(self, *, timeout: float) -> AsyncIterator[tuple[Priority, ...]]:
        """Pages of case priorities of all legal entities."""
        raise NotImplementedError

    async def probe(self, *, timeout: float) -> None:
        """A cheap control read of the case entity set (`$top=1`). Raises: D365Error when it does not work."""
        raise NotImplementedError

    async def preflight(self, *, timeout: float) -> tuple[PreflightProblem, ...]:
        """What of the mapping D365 does not have; empty when all is well."""
        raise NotImplementedError

    async def log_document_failure(self, failure: DocumentFailure, *, timeout: float) -> bool:
        """Write a failed document into D365's own document queue, keyed by document (again: the same row).

        False where the mapping has no such entity set. Raises: D365Error; best effort: callers log it and go on.
        """
        raise NotImplementedError
