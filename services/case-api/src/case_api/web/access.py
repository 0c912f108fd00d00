"""Who calls, and for which dealer: what can be checked before the body, in one dependency."""

from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Path, Request

from case_api.domain.dealers import Dealer
from case_api.web.context import Context, context_of
from case_api.web.problems import encoded_body, not_found, unsupported_media_type, wrong_parameter
from case_shared.web.auth import Principal, Scoped


@dataclass(frozen=True, slots=True)
class Call:
    """An allowed call: its caller, its dealer, and what it works with."""

    principal: Principal
    dealer: Dealer
    context: Context


@dataclass(frozen=True)
class CallFor(Scoped):
    """FastAPI dependency: the call, whose token must have `scope` and the dealer in the path.

    A dealer that the token does not have does not exist for it (404). Query parameters outside `parameters` get 422. If
    `media_types` are named, a body of another one gets 415; without Content-Type it counts as JSON: RFC 9110 (8.3)
    leaves that to the receiver.
    """

    parameters: frozenset[str] = frozenset()
    media_types: tuple[str, ...] = ()

    async def __call__(
        self, request: Request, dealer: Annotated[str, Path(description="The dealer's slug.", examples=["usmf-us-001"])]
    ) -> Call:
        """Check token, dealer, query parameters and media type."""
        principal = await self.principal(request)
        context = context_of(request)
        found = await context.dealers.find(dealer) if dealer in principal.dealers else None
        if found is None:
            raise not_found()
        refuse_unknown_parameters(request, self.parameters)
        self._refuse_other_media_types(request)
        structlog.contextvars.bind_contextvars(
            dealer=dealer, web_case_id=request.path_params.get("web_case_id"), user=principal.subject
        )
        return Call(principal, found, context)

    def check_before_body(self, request: Request) -> None:
        """Refuse a compressed body, which would otherwise not be valid JSON."""
        if self.media_types and request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise encoded_body()

    def _refuse_other_media_types(self, request: Request) -> None:
        sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if sent and self.media_types and sent not in self.media_types:
            raise unsupported_media_type(" or ".join(self.media_types))


def refuse_unknown_parameters(request: Request, known: frozenset[str]) -> None:
    """Raise 422 if the query has an unknown parameter, or one twice, since it is unclear which of them counts."""
    if not request.scope["query_string"]:
        return  # saves parsing the query
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in known:
            allowed = ", ".join(sorted(known)) or "none"
            raise wrong_parameter(f"?{name}", f"Unknown parameter. Allowed here: {allowed}.")
        if names.count(name) > 1:
            raise wrong_parameter(f"?{name}", "Give this parameter only once.")
