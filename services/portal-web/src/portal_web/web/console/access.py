"""Who may use the console, and what its pages need."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from case_shared.words.scopes import Scope
from portal_web.clients.operators_api import OperatorsApi
from portal_web.web.visit import SignedIn, Visit

# What D365 then has, what the dealer has got back, or to which environment the database belongs.
IRREVERSIBLE = frozenset({"replay", "return", "link", "adopt"})


@dataclass(frozen=True)
class Console:
    """An operator's visit."""

    visit: Visit
    api: OperatorsApi

    @property
    def may_write(self) -> bool:
        """Whether the operator may change anything."""
        return self.visit.may(Scope.DOCUMENTS_WRITE)

    @property
    def may_audit(self) -> bool:
        """Whether the operator may read the audit."""
        return self.visit.may(Scope.AUDIT_READ)

    def must_be_sure(self, action: str, fields: dict[str, str] | None = None) -> None:
        """Demand a fresh sign-in for an action that cannot be undone, if the portal is set so; raises StepUpNeeded."""
        if action in IRREVERSIBLE:
            self.visit.must_be_sure(fields)

    def may_see_cases_of(self, dealer: str) -> bool:
        """Whether the case can be shown as its dealer sees it."""
        return self.visit.is_dealer and dealer in {one.dealer for one in self.visit.session.dealers or ()}


async def operator(visit: SignedIn) -> Console:
    """FastAPI dependency: the operator's visit; 403 for anybody else."""
    url = visit.context.settings.d365_sync_url
    if url is None or not visit.is_operator:
        raise HTTPException(403)
    return Console(visit, OperatorsApi(visit.rest(url)))


Operator = Annotated[Console, Depends(operator)]


def given(request: Request, names: Iterable[str]) -> dict[str, str]:
    """The parameters of the address with these names that have a value; ignores the others."""
    parameters = request.query_params
    return {name: value.strip() for name in names if (value := parameters.get(name, "")).strip()}
