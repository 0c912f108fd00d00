"""Browsers keep every file forever, also those that only a script names."""

import re
from urllib.parse import urljoin

import pytest

from portal_web.web.assets import asset, files, serve

SCRIPTS = [name for name in files() if name.endswith(".js") and ".min." not in name]


@pytest.mark.parametrize("name", SCRIPTS)
async def test_what_a_script_imports_is_kept_as_long_as_itself(name: str) -> None:
    imports = re.findall(r'^import .* from "([^"]+)"', files()[name].decode(), re.MULTILINE)
    for address in [asset(name), *(urljoin(asset(name), one) for one in imports)]:
        _, _, version, file = address.split("/")
        assert "immutable" in (await serve(version, file)).headers.get("Cache-Control", ""), address


async def test_an_older_version_s_address_has_today_s_file_and_is_not_kept() -> None:
    answer = await serve("0123456789ab", "app.js")
    assert answer.body == files()["app.js"]
    assert "Cache-Control" not in answer.headers
