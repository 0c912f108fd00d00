"""Routes of the list of cases: the list itself, its export, and what a row offers."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.exceptions import HTTPException

from portal_web.clients.rest import Problem
from portal_web.domain.case_api import CasePage, CaseStatus, CountDocument
from portal_web.domain.listing import LONGEST_SEARCH, PAGE_SIZE, WORDS, Listing
from portal_web.web import notices
from portal_web.web.current_user import CurrentDealer, ForDealer, Posted
from portal_web.web.labels import COLUMNS
from portal_web.web.preferences import preferences_of
from portal_web.web.protection import by_script
from portal_web.web.rendering import render
from portal_web.web.words import Words

router = APIRouter(prefix="/dealers/{dealer}/cases")


def listing_of(request: Request) -> Listing:
    """What the address asks for."""
    return Listing.read(request.query_params, request.query_params.getlist("status"))


@router.get("")
async def show(request: Request, at: ForDealer) -> Response:
    """The list. For a script (search as you type) it also gives the browser the address that shows the same."""
    listing, words = listing_of(request), preferences_of(request).words
    page: CasePage | None
    try:
        listing, page = await _found(at, listing, words.zone)
    except Problem as problem:
        if problem.slug == "list-too-slow":
            page = None
        elif problem.status == 422 and listing.cursor:
            return RedirectResponse(at.path + listing.query(), 303)  # an outdated cursor
        else:
            raise
    response = await render(
        request,
        "cases/list.html",
        listing=listing,
        page=page,
        columns=COLUMNS,
        counts={status: _count(page, status, words) for status in CaseStatus},
        choices=await at.choices(),
        key=uuid.uuid4().hex,
        summary=_summary(listing, page, words),
    )
    if request.headers.get("hx-request"):
        address = at.path + listing.query(cursor=listing.cursor)
        response.headers["HX-Replace-Url" if _typing_on(request, listing) else "HX-Push-Url"] = address
    return response


async def _found(at: CurrentDealer, listing: Listing, zone: str) -> tuple[Listing, CasePage | None]:
    """A page of the list. If no ID, user or label matches, searches descriptions and notes."""
    if listing.too_long:
        return listing, None
    page = await at.api.cases(**listing.asked(zone), cursor=listing.cursor, limit=PAGE_SIZE, counts="true")
    if page.items or not listing.q or listing.within:
        return listing, page
    wider = replace(listing, within=WORDS, cursor="")
    found = await at.api.cases(**wider.asked(zone), limit=PAGE_SIZE, counts="true")
    return (wider, found) if found.items else (listing, page)


def _count(page: CasePage | None, status: CaseStatus, words: Words) -> str:
    """How many cases have a status, as a pill shows it: the API counts up to a thousand."""
    count = page.counts.statuses.get(status) if page and page.counts else None
    return f"{words.number(count.count)}{'+' if count.more else ''}" if count else ""


def _summary(listing: Listing, page: CasePage | None, words: Words) -> str:
    """How many cases the list has, in words."""
    if listing.too_long:
        return words("This search is too long. Use at most %(number)s characters.", number=words.number(LONGEST_SEARCH))
    if page is None:
        return words("This search took too long")
    total = page.counts.total if page.counts else CountDocument(count=len(page.items), more=page.has_more)
    if total.more:
        return words("More than %(number)s cases", number=words.number(total.count))
    return words.many("%(number)s case", "%(number)s cases", total.count)


def _typing_on(request: Request, listing: Listing) -> bool:
    """Whether only the search text has changed, from one text to another: Back should not go letter by letter."""
    query = parse_qs(request.headers.get("hx-current-url", "").partition("?")[2].partition("#")[0])
    before = Listing.read({name: values[0] for name, values in query.items()}, query.get("status", []))
    return bool(before.q and listing.q) and replace(before, q=listing.q, within="", cursor="") == replace(
        listing, within=""
    )


@router.get("/export.csv")
async def export(request: Request, at: ForDealer) -> Response:
    """The whole list with its current filters, as CSV."""
    listing, words = listing_of(request), preferences_of(request).words
    stream = at.api.csv(**listing.asked(words.zone))
    answer = await stream.__aenter__()

    async def body() -> AsyncIterator[bytes]:
        try:
            async for chunk in answer.aiter_bytes():
                yield chunk
        finally:
            await stream.__aexit__(None, None, None)

    headers = {"Content-Disposition": f'attachment; filename="cases-{at.dealer.dealer}.csv"'}
    return StreamingResponse(body(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/{web_case_id}/copy")
async def copy(web_case_id: str, at: ForDealer, fields: Posted) -> Response:
    """Copy a case to a new draft, once for each page that asked for it."""
    draft = await at.api.copy(web_case_id, f"{fields.get('key', '')}-{web_case_id}")
    return notices.redirect(f"{at.path}/{draft.case.web_case_id}/edit", "copied", web_case_id)


@router.get("/{web_case_id}/delete")
async def ask_to_delete(request: Request, web_case_id: str, at: ForDealer) -> Response:
    """Ask before a draft is deleted: a dialog over the list, or a page of its own, which leads back to that list."""
    draft = await at.api.case(web_case_id)
    if "delete" not in draft.case.allowed_actions:
        if by_script(request):  # a dialog cannot show another page
            raise HTTPException(409)
        return notices.redirect(f"{at.path}/{web_case_id}", "not-a-draft", web_case_id)
    return await render(request, "cases/delete.html", draft=draft, listing=listing_of(request))


@router.post("/{web_case_id}/delete")
async def delete(request: Request, web_case_id: str, at: ForDealer, fields: Posted) -> Response:
    """Delete a draft; if it is already gone, that is fine; if it has changed, ask again."""
    listing = listing_of(request)
    try:
        await at.api.delete(web_case_id, fields.get("etag", ""))
    except Problem as problem:
        if problem.status == 412:
            draft = await at.api.case(web_case_id)
            return await render(request, "cases/delete.html", 409, draft=draft, listing=listing, changed=True)
        if problem.status != 404:
            raise
    return notices.redirect(at.path + listing.query(), "deleted", web_case_id)
