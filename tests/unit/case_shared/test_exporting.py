"""Spans that wait for a collector at the end of a process: they are sent, but no collector delays the end for long."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.support.patience import PATIENCE

# More than fit into one batch.
SPANS = 600
PROGRAM = f"""
import sys
from case_shared.process import telemetry
telemetry.configure("test", level="INFO", form="json", otlp_endpoint=sys.argv[1])
for number in range({SPANS}):
    with telemetry.span(f"number {{number}}"):
        pass
print("made", flush=True)
"""


def ended(endpoint: str) -> tuple[int, float]:
    """The exit code of a program whose spans wait for this collector, and the seconds that its end took."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM, endpoint], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        assert program.stdout.readline() == "made\n"
        began = time.monotonic()
        program.stdout.read()
        return program.wait(), time.monotonic() - began


class Collector(BaseHTTPRequestHandler):
    """Takes every batch."""

    received = bytearray()

    def do_POST(self) -> None:
        self.received.extend(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_collector_that_never_answers_delays_no_stop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        code, seconds = ended(f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert code == 0
    assert seconds < 6 * PATIENCE


def test_the_last_spans_reach_a_collector(collector: str) -> None:
    assert ended(collector)[0] == 0
    assert b"number 0" in Collector.received
    assert f"number {SPANS - 1}".encode() in Collector.received
