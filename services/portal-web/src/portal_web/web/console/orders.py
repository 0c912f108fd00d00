"""Actions on one document that need a reason: verify, replay, return, discard, restore, acknowledge."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from portal_web.clients.rest import Problem
from portal_web.domain.console import VersionedDocument, looked_up, permission
from portal_web.web.console.access import Console, Operator
from portal_web.web.console.documents import address
from portal_web.web.console.pages import go, show
from portal_web.web.current_user import Posted
from portal_web.web.notices import LOOK_UP_WAITS
from portal_web.web.rendering import query_of

router = APIRouter(prefix="/console/documents/{document}")
_SIMPLE = ("replay", "verify", "return", "discard", "restore", "acknowledge")
# The document has changed meanwhile, or its state no longer permits the action.
_OVERTAKEN = {409, 412}


def simple(action: str) -> str:
    """FastAPI dependency: an action that needs only a reason; 404 for anything else."""
    if action not in _SIMPLE:
        raise HTTPException(404)
    return action


Simple = Annotated[str, Depends(simple)]


@router.get("/{action}")
async def ask(request: Request, console: Operator, document: str, action: Simple) -> Response:
    """Ask for the reason, and show what the action does; if it needs a payload, go to the form for one."""
    console.must_be_sure(action)
    found = await console.api.document(document)
    if permission(found.document, action).needs_payload:
        return RedirectResponse(f"/console/documents/{document}/edit{query_of(request)}", 303)
    return await asked(request, console, found, action, "order")


@router.post("/{action}")
async def order(request: Request, console: Operator, document: str, action: Simple, fields: Posted) -> Response:
    """Do it."""
    return await ordered(request, console, document, action, fields, "order", {})


async def ordered(
    request: Request,
    console: Console,
    document: str,
    action: str,
    fields: dict[str, str],
    template: str,
    more: dict[str, Any],
    *,
    elsewhere: str | None = None,
    **values: Any,
) -> Response:
    """Do it, and show the document; if that is not possible, `template` again with the reason.

    Raises Problem if that is about the field `elsewhere`, which another page shows.
    """
    console.must_be_sure(action, fields)
    reason = fields.get("reason", "").strip()
    try:
        before = await console.api.document(document) if action == "verify" else None
        after = await console.api.act(document, action, {"reason": reason, **more}, fields.get("etag", ""))
    except Problem as problem:
        if problem.status not in {*_OVERTAKEN, 422} or (elsewhere and problem.about(elsewhere)):
            raise
        found = await console.api.document(document)
        return await asked(
            request, console, found, action, template, problem.status, reason=reason, problem=problem, **values
        )
    group = {name: value for name, value in request.query_params.items() if name.startswith("group_")}
    done = action if before is None or looked_up(before.document, after) else LOOK_UP_WAITS
    return await go(request, address(f"/console/documents/{document}", group), done=done, document=document)


async def asked(
    request: Request,
    console: Console,
    found: VersionedDocument,
    action: str,
    template: str,
    status: int = 200,
    *,
    reason: str = "",
    problem: Problem | None = None,
    **values: Any,
) -> Response:
    """The page that asks for the reason."""
    return await show(
        request,
        console,
        template,
        status,
        document=found.document,
        etag=found.etag,
        action=action,
        permission=permission(found.document, action),
        reason=reason,
        problem=problem,
        overtaken=problem is not None and problem.status in _OVERTAKEN,
        back=f"/console/documents/{found.document.id}{query_of(request)}",
        **values,
    )
