"""The data file of an earlier version is brought up to date when it is opened."""

import sqlite3
from pathlib import Path

from d365_sandbox.entities import build_catalog
from d365_sandbox.store import Store


def test_customers_of_an_earlier_version_get_their_group(tmp_path: Path) -> None:
    path = tmp_path / "d365.sqlite3"
    Store(path, build_catalog()).close()
    earlier = sqlite3.connect(path)
    with earlier:
        earlier.execute("ALTER TABLE CustTable DROP COLUMN CustomerGroupId")
        for account in ("US-004", "US-005"):
            earlier.execute(
                "INSERT INTO CustTable (rec_version, dataAreaId, CustomerAccount, OrganizationName) "
                "VALUES (1, 'usmf', ?, 'Contoso')",
                (account,),
            )
        earlier.execute("PRAGMA user_version = 3")
    earlier.close()

    store = Store(path, build_catalog())
    rows = store.read("SELECT CustomerAccount, CustomerGroupId FROM CustTable ORDER BY CustomerAccount")
    store.close()

    assert [tuple(row) for row in rows] == [("US-004", "30"), ("US-005", "80")]
