"""Inserts thousands of drafts directly into the tables."""

from collections.abc import Sequence
from typing import Any

from tests.support import web_case_ids

DEALER = "usmf-us-001"
DATA_AREA_ID = "usmf"
CUSTOMER_ACCOUNT = "US-001"
CATEGORY = "Repair"
CATEGORY_TYPE = "Service"
DESCRIPTION = "The lifter leaks oil at the main seal. " * 6


async def insert(connection: Any, count: int) -> list[str]:
    """Insert a dealer, its lists and `count` drafts that can be submitted; returns their Web Case IDs."""
    await connection.execute(
        "INSERT INTO status_sync.dealers (dealer, data_area_id, customer_account, name) VALUES ($1, $2, $3, 'Contoso')"
        " ON CONFLICT DO NOTHING",
        DEALER, DATA_AREA_ID, CUSTOMER_ACCOUNT,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO status_sync.categories (data_area_id, category_type, category) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING",
        DATA_AREA_ID, CATEGORY_TYPE, CATEGORY,
    )  # fmt: skip
    drawn = web_case_ids.draw(count)
    await connection.execute(
        "INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, category,"
        " description, contact_name, created_by)"
        " SELECT unnest($1::text[]), $2, $3, $4, 'portal', 'draft', $5, $6, 'Dora Dealer', 'dora'",
        drawn, DEALER, DATA_AREA_ID, CUSTOMER_ACCOUNT, CATEGORY, DESCRIPTION,
    )  # fmt: skip
    return drawn


async def insert_for(
    connection: Any, dealers: Sequence[str], count: int, category: str, category_type: str | None = None
) -> list[tuple[str, str]]:
    """Insert about `count` drafts of registered dealers, in turn; returns each with its dealer: (Web Case ID, dealer).

    An ID that is taken is left out.
    """
    drawn = {one: dealers[number % len(dealers)] for number, one in enumerate(web_case_ids.draw(count))}
    inserted = await connection.fetch(
        "INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, category,"
        " category_type, description, contact_name, created_by)"
        " SELECT t.web_case_id, d.dealer, d.data_area_id, d.customer_account, 'portal', 'draft', $3, $4, $5,"
        " 'Dora Dealer', 'dora'"
        " FROM unnest($1::text[], $2::text[]) AS t (web_case_id, dealer) JOIN status_sync.dealers d USING (dealer)"
        " ON CONFLICT DO NOTHING RETURNING web_case_id, dealer",
        list(drawn), list(drawn.values()), category, category_type, DESCRIPTION,
    )  # fmt: skip
    return [(row["web_case_id"], row["dealer"]) for row in inserted]
