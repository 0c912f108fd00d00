"""Rate limits: a user by name, anybody else by address, so that nobody blocks the portal for others."""

from fastapi import Request
from starlette.exceptions import HTTPException

from case_shared.web.problems import Problem
from portal_web.web.context import context_of
from portal_web.web.current_user import find_user
from portal_web.web.signing import FOR_ANYBODY

# The longest form that can be kept, percent-encoded; a little less than the limit for any body.
MOST_FORM_BYTES = 1000 * 1024


async def counted(request: Request) -> None:
    """FastAPI dependency of every page: refuses too many requests (429) and, unread, forms that are too long (413).

    Who signs in or out need not be known: a session whose tokens cannot be renewed must not be in the way.
    """
    user = await find_user(request) if request.url.path not in FOR_ANYBODY else None
    limits = context_of(request).limits
    try:
        if user:
            limits.of_user.count(user.session.subject)
        else:
            limits.of_address.count(request.client.host if request.client else "")
    except Problem as problem:
        raise HTTPException(problem.status, headers=dict(problem.headers or {})) from problem
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MOST_FORM_BYTES:
        raise HTTPException(413)
