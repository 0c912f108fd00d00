"""Where the identity provider says that somebody has signed out there (OpenID Connect Back-Channel Logout 1.0)."""

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from portal_web.domain.errors import SignInFailed
from portal_web.web.context import context_of
from portal_web.web.protection import BACK_CHANNEL

log = structlog.get_logger(__name__)
router = APIRouter()


@router.post(BACK_CHANNEL)
async def back_channel(request: Request) -> Response:
    """End the sessions of who signed out; a token that the provider has not signed ends nothing."""
    form = await request.form(max_fields=5, max_files=0)
    try:
        await context_of(request).sessions.end_from_provider(str(form.get("logout_token", "")))
    except SignInFailed as error:
        log.warning("logout_token_refused", error=str(error))
        return JSONResponse({"error": "invalid_request", "error_description": str(error)}, 400)
    return Response(status_code=200)
