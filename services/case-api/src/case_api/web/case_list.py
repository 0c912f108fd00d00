"""Routes of the list: by pages, and whole as CSV."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from case_api.app.export_cases import export_cases
from case_api.app.list_cases import list_cases
from case_api.domain.case import Case
from case_api.web import case_csv, cursor
from case_api.web.access import Call, CallFor
from case_api.web.documents import Json, answer, case_document, counts_document
from case_api.web.list_parameters import FilterParameters, ListParameters
from case_api.web.openapi import problems
from case_api.web.routing import CallRoute
from case_api.web.schemas import CasePage

router = APIRouter(prefix="/v1/dealers/{dealer}", tags=["cases"], route_class=CallRoute)
Lists = Annotated[Call, Depends(CallFor("cases:read", frozenset(ListParameters.model_fields)))]
_CSV = {
    "description": "a line a case, with a line of names",
    "content": {
        "text/csv": {"schema": {"type": "string"}, "examples": {"none": {"value": case_csv.header().decode()}}}
    },
}
Exports = Annotated[Call, Depends(CallFor("cases:read", frozenset(FilterParameters.model_fields)))]


@router.get(
    "/cases",
    operation_id="list_cases",
    summary="Find cases",
    responses={200: {"model": CasePage}, **problems("not-found", "invalid-request", "list-too-slow")},
)
async def list_(call: Lists, parameters: Annotated[ListParameters, Query()]) -> Response:
    """A page of the dealer's cases, those born in D365 included."""
    query = parameters.query(call.dealer.dealer, call.principal.username)
    after = cursor.decode(parameters.cursor, query)
    page = await list_cases(call.context.list, query, after, parameters.limit, counted=parameters.counts)
    document: Json = {
        "items": [case_document(case) for case in page.cases],
        "next": cursor.encode(page.next, query) if page.next else None,
        "has_more": page.next is not None,
    }
    if page.counts is not None:
        document["counts"] = counts_document(page.counts)
    return answer(document)


@router.get(
    "/cases.csv",
    operation_id="export_cases",
    summary="Export cases as CSV",
    responses={200: _CSV, **problems("not-found", "invalid-request", "list-too-slow")},
    response_class=StreamingResponse,
)
async def export(call: Exports, parameters: Annotated[FilterParameters, Query()]) -> Response:
    """All cases of a list, however many, in its order.

    UTF-8 with a mark; a cell that a spreadsheet would run as a formula begins with an apostrophe. An answer that is cut
    off (the database went away) has no end of its chunks: clients see an error, not a short list.
    """
    query = parameters.query(call.dealer.dealer, call.principal.username)
    chunks = export_cases(call.context.list, query)
    # What is refused is refused with a problem; later a failure can only cut the answer off.
    first = await anext(chunks)
    name = f"cases-{call.dealer.dealer}-{call.context.clock.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(_lines(first, chunks), media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(first: list[Case], chunks: AsyncIterator[list[Case]]) -> AsyncIterator[bytes]:
    yield case_csv.header()
    yield case_csv.lines(first)
    async for cases in chunks:
        yield case_csv.lines(cases)
