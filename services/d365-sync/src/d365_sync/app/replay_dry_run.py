"""Predict a replay's results from reads of D365, many documents in a request, and from the known lists."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from case_shared.d365.errors import D365Error, D365RefusedKeys, D365TransientError
from case_shared.d365.matching import is_ours
from case_shared.d365.models import CaseToCreate, D365Case, LookUpAnswer
from d365_sync.app.operator_actions import D365Unreachable
from d365_sync.app.positive_control import ControlledLookUp
from d365_sync.app.replays import Candidate, Choices, Forecast, Replays
from d365_sync.domain.document import State
from d365_sync.domain.replay import ReplayOutcome

_REQUEST = 100
_REQUESTS_AT_ONCE = 4


@dataclass(frozen=True)
class ForecastReplay:
    """Changes nothing. `by_submission_id`: D365 keeps our submission ID; `progressed` is called after each look-up."""

    look_up: ControlledLookUp
    replays: Replays
    by_submission_id: bool
    progressed: Callable[[], None]

    async def __call__(self, candidates: Sequence[Candidate]) -> list[Forecast]:
        """Predict each result, as far as D365 answers.

        Raises D365Error or D365Unreachable: then nothing is known about any of them.
        """
        places: dict[str, list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            places[candidate.data_area_id].append(candidate)
        slots = asyncio.Semaphore(_REQUESTS_AT_ONCE)
        parts = [
            self._part(data_area_id, some[first : first + _REQUEST], slots)
            for data_area_id, some in places.items()
            for first in range(0, len(some), _REQUEST)
        ]
        answered, failures = list[Forecast](), list[BaseException]()
        for part in await asyncio.gather(*parts, return_exceptions=True):
            if isinstance(part, BaseException):
                failures.append(part)
            else:
                answered += part
        for failure in failures:
            # What one request left open comes again, once what the others showed is stored.
            if not answered or not isinstance(failure, (D365Error, D365Unreachable)):
                raise failure
        return answered

    async def _part(
        self, data_area_id: str, candidates: Sequence[Candidate], slots: asyncio.Semaphore
    ) -> list[Forecast]:
        choices, refused = await self.replays.choices(data_area_id), list[Forecast]()
        try:
            async with slots:
                answer = await self.look_up(data_area_id, [candidate.id.web_case_id for candidate in candidates])
        except (D365TransientError, D365RefusedKeys) as error:
            answer = error.answered
            refused = [_refused(one, error) for one in candidates if one.id.web_case_id in _keys(error)]
            if not answer.keys and len(refused) < len(candidates):
                # It answers for none, so its failure is not about single ones.
                raise
            candidates = [one for one in candidates if answer.says_something_about(one.id.web_case_id)]
            if not candidates and not refused:
                raise
        finally:
            self.progressed()
        return [*refused, *(self._forecast(candidate, answer, choices) for candidate in candidates)]

    def _forecast(self, candidate: Candidate, answer: LookUpAnswer, choices: Choices) -> Forecast:
        web_case_id = candidate.id.web_case_id
        found = answer.found.get(web_case_id, ())
        if not found and not answer.is_surely_absent(web_case_id):
            raise D365Unreachable("D365 did not return a case that it is known to have, so its answer proves nothing")
        if candidate.state is not State.FAILED:
            return Forecast(candidate.place, ReplayOutcome.LEFT_OUT, f"The document is now {candidate.state}")
        if candidate.changed:
            return Forecast(
                candidate.place, ReplayOutcome.LEFT_OUT, "The document has changed since the dry run was ordered"
            )
        if found and candidate.case is not None:
            return self._found(candidate.place, candidate.case, found)
        problem = candidate.problem or (candidate.case and wrong_choice(candidate.case, choices))
        if problem:
            return Forecast(candidate.place, ReplayOutcome.STILL_INVALID, problem)
        return Forecast(candidate.place, ReplayOutcome.WOULD_CREATE, None)

    def _found(self, place: int, case: CaseToCreate, found: Sequence[D365Case]) -> Forecast:
        case_ids = ", ".join(one.case_id for one in found)
        if len(found) > 1:
            return Forecast(place, ReplayOutcome.STILL_INVALID, f"D365 has it more than once, as cases {case_ids}")
        if is_ours(found[0], case, by_submission_id=self.by_submission_id):
            return Forecast(place, ReplayOutcome.ALREADY_THERE, f"D365 has it as case {case_ids}")
        return Forecast(place, ReplayOutcome.STILL_INVALID, f"D365 has it as case {case_ids}, with different content")


def _keys(error: D365Error) -> Collection[str]:
    return error.keys if isinstance(error, D365RefusedKeys) else ()


def _refused(candidate: Candidate, error: D365Error) -> Forecast:
    return Forecast(candidate.place, ReplayOutcome.STILL_INVALID, f"D365 does not answer for this case: {error.why}")


def wrong_choice(case: CaseToCreate, choices: Choices) -> str | None:
    """Which value of `case` is missing from D365's lists; None if none is, or if the lists are unknown."""
    types = {kind for category, kind in choices.categories if category.casefold() == case.category.casefold()}
    given = case.category_type
    if choices.categories and not types:
        return f"/payload/category: D365 has no category {case.category}"
    if choices.categories and given and given.casefold() not in {kind.casefold() for kind in types}:
        return f"/payload/category_type: D365 does not have category {case.category} in type {given}"
    priorities = {priority.casefold() for priority in choices.priorities}
    if priorities and case.priority and case.priority.casefold() not in priorities:
        return f"/payload/priority: D365 has no priority {case.priority}"
    return None
