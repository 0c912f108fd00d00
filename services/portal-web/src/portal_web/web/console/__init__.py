"""The operator console: what an operator sees and does, through d365-sync's API with the operator's own token."""

from fastapi import APIRouter

from portal_web.web.console import (
    audit,
    d365,
    dealers,
    delivery,
    documents,
    editing,
    flow,
    linking,
    orders,
    records,
    replays,
)

router = APIRouter(include_in_schema=False)
for pages in (flow, editing, linking, documents, orders, replays, records, delivery, d365, audit, dealers):
    router.include_router(pages.router)
