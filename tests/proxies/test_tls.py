"""The samples with TLS, as browsers see them; nothing runs behind the proxy."""

import asyncio
import re
import ssl
from pathlib import Path

import pytest

from tests.proxies.conftest import program_of, proxy, sample_of
from tests.support.eventually import eventually
from tests.support.processes import free_port
from tests.support.tls import server_certificate


def with_tls(sample: str, certificate: Path, port: int) -> str:
    """The sample on this port, with this certificate and key."""
    sample = re.sub(r"(?<= )[a-z0-9-]+-[12]:\d+", "127.0.0.1:1", sample)
    sample = re.sub(r"/etc/ssl/casebridge/[a-z.]*", str(certificate), sample)
    return re.sub(r"(listen |bind :)443", lambda found: f"{found[1].removesuffix(':')}127.0.0.1:{port}", sample)


@pytest.mark.parametrize("kind", ["nginx", "haproxy"])
async def test_a_browser_needs_only_one_connection(kind: str, tmp_path: Path) -> None:
    """Over HTTP/1.1, browsers open six to a site, and each open page of cases keeps one."""
    _, trusted = server_certificate(tmp_path)
    port = free_port()
    context = ssl.create_default_context(cafile=str(trusted))
    context.set_alpn_protocols(["h2", "http/1.1"])

    async def chosen() -> str | None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        except OSError:
            return None
        protocol: str | None = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        writer.close()
        return protocol or "http/1.1"

    program, sample = program_of(kind), with_tls(sample_of(kind), tmp_path / "server.pem", port)
    with proxy(kind, program, tmp_path, sample):
        assert await eventually(chosen) == "h2"
