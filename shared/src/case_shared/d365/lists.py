# ruff: noqa: ASYNC109 - the caller's time-out is passed down
"""Reads the choices of D365's set-up: customers, case categories and priorities."""

from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

from pydantic import BaseModel

from case_shared.d365.mapping import Mapping, ReadTable
from case_shared.d365.models import Category, Customer, Priority
from case_shared.d365.reading import EntitySets, Rows

RowT = TypeVar("RowT", bound=BaseModel)


class Lists:
    """Reads each list in pages, of all legal entities. All raise D365Error; `timeout` in seconds for each page."""

    def __init__(self, sets: EntitySets, mapping: Mapping) -> None:
        self._sets = sets
        self._mapping = mapping

    def customers(self, *, timeout: float) -> AsyncIterator[tuple[Customer, ...]]:
        """Yield the customers that pass the mapping's filter."""
        table = self._mapping.customers
        rows = Rows(Customer, table.entity_set, table.fields.by_ours())
        key = (table.fields.data_area_id, table.fields.customer_account)
        return self._read("read customers", rows, table, key, timeout)

    def categories(self, *, timeout: float) -> AsyncIterator[tuple[Category, ...]]:
        """Yield the case categories."""
        table = self._mapping.categories
        rows = Rows(Category, table.entity_set, table.fields.by_ours())
        key = (table.fields.data_area_id, table.fields.category_type, table.fields.category)
        return self._read("read categories", rows, table, key, timeout)

    def priorities(self, *, timeout: float) -> AsyncIterator[tuple[Priority, ...]]:
        """Yield the case priorities."""
        table = self._mapping.priorities
        rows = Rows(Priority, table.entity_set, table.fields.by_ours())
        key = (table.fields.data_area_id, table.fields.priority)
        return self._read("read priorities", rows, table, key, timeout)

    async def _read(
        self, operation: str, rows: Rows[RowT], table: ReadTable, key: Sequence[str], timeout: float
    ) -> AsyncIterator[tuple[RowT, ...]]:
        url = self._sets.url(table.entity_set, filter=table.filter, orderby=",".join(key), select=rows.select)
        async for page in self._sets.pages(operation, url, timeout=timeout):
            yield rows.read(page.rows)
