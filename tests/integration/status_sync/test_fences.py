"""A read is written only if none that began later was applied: the check in the statements themselves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from status_sync.postgres.statements import Statement
from tests.support.databases import Database

READ = (["W1"], ["C-1"], ["Closed"], ["closed"], ["x"], ["x"], ["x"], ["x"], [datetime.now(UTC)], [False], [True])
STATEMENTS: dict[Statement, tuple[Any, ...]] = {
    Statement.UPDATE_FROM_READ: READ,
    Statement.LEAVE_UNFOLLOWED: (["W1"], ["C-1"], ["moved"], [True]),
}


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.value)
async def test_a_read_that_began_no_later_than_the_last_one_changes_nothing(
    database: Database, statement: Statement
) -> None:
    last = datetime.now(UTC)
    async with database.connect() as superuser, database.pool("status_sync") as pool:
        await superuser.execute(
            "INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, case_id,"
            " read_began_at) VALUES ('W1', 'd', 'usmf', 'x', 'portal', 'submitted', 'C-1', $1)",
            last,
        )
        for seconds, changed in ((-1, 0), (0, 0), (1, 1)):
            began = last + timedelta(seconds=seconds)
            rows = await pool.fetch(statement.text, began, *STATEMENTS[statement])
            assert len(rows) == changed, seconds
