"""A small HTTP server that answers as DESIGN section 7 says, for the commands' own logic."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit


class Service(BaseHTTPRequestHandler):
    """Three documents on pages of two; one of them can be replayed under its ETag."""

    seen: ClassVar[list[dict[str, Any]]] = []
    adds_up: ClassVar[bool] = True

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/v1/documents":
            first = int(parse_qs(address.query).get("cursor", ["0"])[0])
            items = [{"id": f"W{number}-1"} for number in range(first, min(first + 2, 3))]
            self.answer(200, {"items": items, "next": "2" if first == 0 else None, "has_more": first == 0})
        elif address.path == "/v1/documents/W1-1":
            self.answer(200, {"id": "W1-1", "state": "failed"}, ETag='"7"')
        elif address.path == "/v1/ledger":
            self.answer(200, {"adds_up": self.adds_up, "submissions": 3})
        elif address.path == "/html":
            self.answer(502, "<html>")
        else:
            self.answer(404, {"title": "Not found", "detail": "There is no such document."})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append({"body": body, "etag": self.headers["If-Match"], "token": self.headers["Authorization"]})
        self.answer(200, {"id": "W1-1", "state": "pending"})

    def answer(self, status: int, body: object, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode() if isinstance(body, str) else json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """The address of the service, while it runs."""
    Service.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
