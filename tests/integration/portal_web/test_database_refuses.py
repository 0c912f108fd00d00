"""PostgreSQL that only reads: a page that says when to come back, and no restart afterwards."""

from tests.integration.portal_web.conftest import Portal


async def only_reads(portal: Portal, setting: str) -> None:
    async with portal.database.connect() as superuser:
        await superuser.execute("SET default_transaction_read_only = off")
        await superuser.execute(f"ALTER DATABASE {portal.database.name} {setting}")
    await portal.context.store.pool.expire_connections()  # type: ignore[attr-defined]


async def test_nobody_can_sign_in_while_the_database_only_reads(portal: Portal) -> None:
    await only_reads(portal, "SET default_transaction_read_only = on")
    async with portal.browser() as browser:
        answer = await browser.sign_in("dana")
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5")
    await only_reads(portal, "RESET default_transaction_read_only")
    async with portal.browser() as browser:
        assert (await browser.sign_in("dana")).status_code == 200
