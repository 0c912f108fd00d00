"""Java's own HTTP client against the server of our services; `make foreign-clients`."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response

from tests.support.odd_requests import listening
from tests.support.patience import PATIENCE

PROGRAM = Path(__file__).parent / "java/PlainHttpClient.java"


async def test_what_offers_h2c_keeps_its_body() -> None:
    app = FastAPI()

    @app.api_route("/echo", methods=["POST", "PATCH", "PUT"])
    async def echo(request: Request) -> Response:
        assert "upgrade" in request.headers["connection"].lower(), "otherwise this proves nothing"
        return Response(await request.body())

    java = shutil.which("java")
    if java is None or shutil.which("javac") is None:
        assert not os.environ.get("CI"), "a JDK is missing"
        pytest.skip("this needs a JDK, 17 or newer (Debian, Ubuntu: apt install openjdk-17-jdk)")
    async with listening(app) as port:
        process = await asyncio.create_subprocess_exec(
            java,
            str(PROGRAM),
            env={**os.environ, "ECHO_URL": f"http://127.0.0.1:{port}/echo"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), timeout=60 * PATIENCE)
    assert process.returncode == 0, output.decode(errors="replace")
