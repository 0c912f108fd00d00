"""Link a document to a case that D365 has: search, choose, confirm."""

from fastapi import APIRouter, Request, Response

from portal_web.clients.rest import Problem, Unavailable
from portal_web.domain.d365_sync import Action, D365CasesDocument
from portal_web.web.console.access import Operator
from portal_web.web.console.orders import asked, ordered
from portal_web.web.current_user import Posted

router = APIRouter(prefix="/console/documents/{document}/link")


@router.get("")
async def search(request: Request, console: Operator, document: str) -> Response:
    """Search the dealer's cases in D365; with `case_id`, ask to confirm that one."""
    found = await console.api.document(document)
    chosen = request.query_params.get("case_id", "").strip()
    if chosen:
        console.must_be_sure("link")
        return await asked(request, console, found, "link", "link_confirm", case_id=chosen)
    text = request.query_params.get("q")
    cases: D365CasesDocument | None = None
    silent = False
    refused: Problem | None = None
    if text is not None and Action.LINK in found.document.allowed_actions:
        try:
            cases = await console.api.d365_cases(found.document.dealer, text.strip())
        except Unavailable:
            silent = True
        except Problem as problem:
            if problem.status != 422:
                raise
            refused = problem
    status = refused.status if refused else 200
    return await asked(
        request, console, found, "link", "link", status, problem=refused, q=text, cases=cases, silent=silent
    )


@router.post("")
async def link(request: Request, console: Operator, document: str, fields: Posted) -> Response:
    """Link it."""
    case_id = fields.get("case_id", "").strip()
    try:
        return await ordered(
            request, console, document, "link", fields, "link_confirm", {"case_id": case_id}, case_id=case_id
        )
    except Unavailable as error:
        # D365 may answer d365-sync after all, which then links it.
        found = await console.api.document(document)
        return await asked(
            request, console, found, "link", "link_confirm", 503, reason=fields.get("reason", ""), case_id=case_id,
            unsure=True, why=error.why,
        )  # fmt: skip
