"""Routes of the list: by pages, and whole as CSV."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from case_api.app.export_cases import export_cases
from case_api.app.list_cases import list_cases
from case_api.domain.case import Case
from case_api.web import case_csv, cursor
from case_api.web.access import Call, CallFor
from case_api.web.documents import case_document, counts_document
from case_api.web.list_parameters import ExportParameters, ListParameters
from case_api.web.openapi import ACCEPT_LANGUAGE, problems
from case_api.web.routing import TimedRoute
from case_api.web.schemas import CasePage
from case_shared.words.scopes import Scope
from case_shared.words.spreadsheets import Separator, Spreadsheet

router = APIRouter(prefix="/v1/dealers/{dealer}", tags=["cases"], route_class=TimedRoute)
_LINES_AT_ONCE = 500  # take a few milliseconds
Lists = Annotated[Call, Depends(CallFor(Scope.CASES_READ, frozenset(ListParameters.model_fields)))]
_CSV = {
    "description": "A header line, then one line per case.",
    "content": {
        "text/csv": {
            "schema": {"type": "string"},
            "examples": {
                "none": {
                    "value": Spreadsheet(Separator.COMMA, ZoneInfo("UTC"))
                    .header(case_csv.COLUMNS, case_csv.TIMES)
                    .decode()
                }
            },
        }
    },
}
Exports = Annotated[Call, Depends(CallFor(Scope.CASES_READ, frozenset(ExportParameters.model_fields)))]


@router.get(
    "/cases",
    operation_id="list_cases",
    summary="Find cases",
    response_model_exclude_unset=True,
    responses=problems("not-found", "invalid-request", "list-too-slow"),
    openapi_extra={"parameters": [ACCEPT_LANGUAGE]},
)
async def list_(
    request: Request, response: Response, call: Lists, parameters: Annotated[ListParameters, Query()]
) -> CasePage:
    """Return one page of the dealer's cases, including cases that were created in D365."""
    accepted = request.headers.get("accept-language", "")
    query = parameters.query(call.dealer.dealer, call.principal.actor, accepted)
    after = cursor.decode(call.context.cursors, parameters.cursor, query)
    page = await list_cases(call.context.list, query, after, parameters.limit, counted=parameters.counts)
    response.headers["Vary"] = "Accept-Language"
    counts = {} if page.counts is None else {"counts": counts_document(page.counts)}
    return CasePage(
        items=[case_document(case) for case in page.cases],
        next=cursor.encode(call.context.cursors, page.next, query) if page.next else None,
        has_more=page.next is not None,
        **counts,
    )


@router.get(
    "/cases.csv",
    operation_id="export_cases",
    summary="Export cases as CSV",
    responses={200: _CSV, **problems("not-found", "invalid-request", "list-too-slow")},
    response_class=StreamingResponse,
    openapi_extra={"parameters": [ACCEPT_LANGUAGE]},
)
async def export(request: Request, call: Exports, parameters: Annotated[ExportParameters, Query()]) -> Response:
    """Return all cases of the list, in the same order and without a limit.

    The file is UTF-8 with a byte order mark. `separator` separates the cells; its default depends on
    `Accept-Language`. Times are in the time zone `zone`, which the column headers name, in the form
    `2026-01-31 08:00:05`, which every spreadsheet reads as a time. An apostrophe precedes text that a spreadsheet could
    take for a formula. If the answer breaks off (the database is lost), its last chunk is missing: clients see an error
    and never a shortened list.
    """
    accepted = request.headers.get("accept-language", "")
    query = parameters.query(call.dealer.dealer, call.principal.actor, accepted)
    chunks = export_cases(call.context.list, query)
    # Up to the first chunk a failure gets a problem; later it can only cut the answer off.
    first = await anext(chunks)
    name = f"cases-{call.dealer.dealer}-{call.context.clock.now():%Y-%m-%d}.csv"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
    }
    sheet = parameters.spreadsheet(accepted)
    return StreamingResponse(_lines(sheet, first, chunks), media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(sheet: Spreadsheet, first: list[Case], chunks: AsyncIterator[list[Case]]) -> AsyncIterator[bytes]:
    yield sheet.header(case_csv.COLUMNS, case_csv.TIMES)
    cases: list[Case] | None = first
    while cases is not None:
        for start in range(0, len(cases), _LINES_AT_ONCE):
            yield sheet.lines(map(case_csv.cells, cases[start : start + _LINES_AT_ONCE]))
            await asyncio.sleep(0)  # sending may not wait: let other requests take their turn
        cases = await anext(chunks, None)
