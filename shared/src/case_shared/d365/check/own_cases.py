"""The requests with which a check creates, finds, changes and deletes cases of its own."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from case_shared.d365.answers import CreateAnswer, Throttled
from case_shared.d365.check.target import Target
from case_shared.d365.models import CaseToCreate
from case_shared.d365.odata import key_equals, string_literal

_TRIES = 3
_LONGEST_WAIT_SECONDS = 30.0
_SHORTEST_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class OwnCases:
    """Cases in the legal entity `company`. Every method but `post` raises D365Error."""

    target: Target
    company: str

    async def post(self, case: CaseToCreate) -> CreateAnswer:
        """Post the case and return the answer; waits out D365's throttling a few times."""
        for attempt in range(_TRIES):
            answer = await self.target.client.create_case(case, timeout=self.target.timeout)
            if not isinstance(answer, Throttled) or attempt == _TRIES - 1:
                break
            await asyncio.sleep(min(answer.retry_after or _SHORTEST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS))
        return answer

    async def find(self, case: CaseToCreate) -> list[str]:
        """Return the Case IDs of the cases with the same Web Case ID."""
        fields = self.target.mapping.case.fields
        rows = await self.select(key_equals(fields.web_case_id, case.web_case_id), fields.case_id)
        return [str(row.get(fields.case_id)) for row in rows]

    async def select(self, wanted: str, select: str, most: int = 10) -> list[dict[str, Any]]:
        """Return the rows that pass the filter `wanted`."""
        case = self.target.mapping.case
        place = key_equals(case.fields.data_area_id, self.company)
        url = self.target.sets.url(case.entity_set, filter=f"{place} and {wanted}", select=select, top=most)
        return (await self.target.sets.page("read marked cases", url, timeout=self.target.timeout)).rows

    async def call(self, method: str, case_id: str, body: bytes | None = None) -> None:
        """Change or delete a case."""
        case = self.target.mapping.case
        key: Mapping[str, str] = {case.fields.data_area_id: self.company, case.fields.case_id: case_id}
        named = ",".join(f"{name}={string_literal(value)}" for name, value in key.items())
        url = self.target.sets.url(f"{case.entity_set}({named})")
        await self.target.sets.call(f"{method} marked case", method, url, timeout=self.target.timeout, body=body)


def why(answer: CreateAnswer) -> str:
    """Return D365's own words, or its status."""
    said = getattr(answer, "why", None) or getattr(answer, "full_text", None)
    return str(said or f"D365 answered {answer.exchange.status}")
