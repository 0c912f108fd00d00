from pathlib import Path

import pytest

from tests.integration.d365_sandbox.conftest import OData, ask_token, sign_in
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.sandbox import Sandbox, started


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_id": "nobody"}, 400, 700016),
        ({"grant_type": "password"}, 400, 70003),
        ({"scope": "something"}, 400, 1002012),
    ],
)
async def test_entra_says_what_is_wrong(d365: Sandbox, changes: dict[str, str], status: int, code: int) -> None:
    got, body = await ask_token(d365, **changes)

    assert got == status
    assert body["error_codes"] == [code]
    assert body["error_description"].startswith(f"AADSTS{code}:")


async def test_a_tenant_in_the_address_is_fine(d365: Sandbox) -> None:
    status, body = await ask_token(d365, "/some-tenant/oauth2/v2.0/token")

    assert (status, body["token_type"], body["expires_in"]) == (200, "Bearer", 3600)


@pytest.mark.parametrize("scope", ["/ /.default", "//.default", "x/.default"])
async def test_a_token_for_another_audience_is_refused(d365: Sandbox, scope: str) -> None:
    _, body = await ask_token(d365, scope=f"{d365.url}{scope.replace('/ ', '')}")
    token = body.get("access_token", "none")

    reply = await OData(d365.url, d365.session, token).call("GET", "/CasePriorities")

    assert (reply.status == 200) is (scope == "/ /.default")


async def test_revoked_tokens_are_refused(d365: Sandbox, odata: OData) -> None:
    assert (await odata.call("GET", "/CasePriorities")).status == 200

    await d365.control("POST", "/tokens/revoke")

    reply = await odata.call("GET", "/CasePriorities")
    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"] == "Bearer"


async def test_tokens_expire(tmp_path: Path) -> None:
    async with started(tmp_path, token_lifetime_seconds=f"{3 * PATIENCE:.0f}") as own:
        odata = await sign_in(own)
        assert (await odata.call("GET", "/CasePriorities")).status == 200

        async def status() -> int:
            return (await odata.call("GET", "/CasePriorities")).status

        await eventually(status, lambda got: got == 401)


async def test_a_token_fault_does_not_touch_odata(d365: Sandbox, odata: OData) -> None:
    await d365.fault(kind="status", status=503, operation="token")

    status, body = await ask_token(d365)

    assert (status, body["error"]) == (503, "temporarily_unavailable")
    assert (await odata.call("GET", "/CasePriorities")).status == 200
