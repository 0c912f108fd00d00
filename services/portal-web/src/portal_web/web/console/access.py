"""Who may use the console, and what its pages need."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from case_shared.words.scopes import Scope
from portal_web.clients.operators_api import OperatorsApi
from portal_web.web.current_user import CurrentUser, SignedIn

# What D365 then has, what the dealer has got back, or to which environment the database belongs.
IRREVERSIBLE = frozenset({"replay", "return", "link", "adopt"})


@dataclass(frozen=True)
class Console:
    """The console as the current user may use it."""

    user: CurrentUser
    api: OperatorsApi

    @property
    def may_write(self) -> bool:
        """Whether the operator may change anything."""
        return self.user.may(Scope.DOCUMENTS_WRITE)

    @property
    def may_audit(self) -> bool:
        """Whether the operator may read the audit."""
        return self.user.may(Scope.AUDIT_READ)

    def must_be_sure(self, action: str, fields: dict[str, str] | None = None) -> None:
        """Demand a fresh sign-in for an action that cannot be undone, if the portal is set so; raises StepUpNeeded."""
        if action in IRREVERSIBLE:
            self.user.must_be_sure(fields)

    def may_see_cases_of(self, dealer: str) -> bool:
        """Whether the case can be shown as its dealer sees it."""
        return self.user.is_dealer and dealer in {one.dealer for one in self.user.session.dealers or ()}


async def operator(user: SignedIn) -> Console:
    """FastAPI dependency: the console, if the user is an operator; 403 for anybody else."""
    url = user.context.settings.d365_sync_url
    if url is None or not user.is_operator:
        raise HTTPException(403)
    return Console(user, OperatorsApi(user.rest(url)))


Operator = Annotated[Console, Depends(operator)]


def given(request: Request, names: Iterable[str]) -> dict[str, str]:
    """The parameters of the address with these names that have a value; ignores the others."""
    parameters = request.query_params
    return {name: value.strip() for name in names if (value := parameters.get(name, "")).strip()}
