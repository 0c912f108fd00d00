"""A small HTTP server that answers as the services do, for the commands' own logic."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit


def replay(state: str, remaining: int) -> dict[str, Any]:
    """A replay of three documents."""
    return {
        "replay_id": "r-1",
        "state": state,
        "held_up_by": None,
        "query": {"state": "failed", "cause": "rejected"},
        "counts": {
            "documents": 3,
            "remaining": remaining,
            "replayed": 3 - remaining,
            "would_create": 3,
            "already_there": 0,
            "still_invalid": 0,
            "left_out": 0,
        },
        "items": [{"id": "W1-1", "outcome": "replayed"}],
        "next": None,
        "has_more": False,
    }


def restore(state: str, remaining: int) -> dict[str, Any]:
    """A restore of D365, before which three documents had been delivered."""
    counts = {"documents": 3, "there": 1, "queued": 1, "not_sure": 1, "under_way": 0, "remaining": remaining}
    unsure = [{"document": "W1-1", "why": "D365 has it with different content"}]
    progress = {"state": state, "dry_run": False, "held_up_by": None}
    return {"restore_id": "d-1", **progress, "counts": counts, "unsure": unsure}


class Service(BaseHTTPRequestHandler):
    """Three documents on pages of two; one of them can be replayed with its ETag."""

    seen: ClassVar[list[dict[str, Any]]] = []
    adds_up: ClassVar[bool] = True
    more: ClassVar[dict[str, Any]] = {}
    # The document after an action on it, and the state of delivery.
    after: ClassVar[dict[str, Any]] = {}
    delivery: ClassVar[dict[str, Any]] = {
        "paused": False, "windows": [], "breaker": {"state": "closed"}, "environment": {"refused_url": None},
    }  # fmt: skip
    # How it refuses the next GETs, one status each; a token that it refuses.
    refusals: ClassVar[list[int]] = []
    expired: ClassVar[str | None] = None
    # Where a proxy in front sends what changes something.
    elsewhere: ClassVar[str | None] = None

    def do_GET(self) -> None:
        if self.expired and self.headers["Authorization"] == f"Bearer {self.expired}":
            self.answer(401, {"title": "Signature has expired"})
            return
        if self.refusals:
            self.answer(self.refusals.pop(0), {"title": "Not now"})
            return
        self.find()

    def find(self) -> None:
        address = urlsplit(self.path)
        asked = parse_qs(address.query)
        if address.path == "/v1/documents":
            first = int(asked.get("cursor", ["0"])[0])
            items = [{"id": f"W{number}-1"} for number in range(first, min(first + 2, 3))]
            self.answer(200, {"items": items, "next": "2" if first == 0 else None, "has_more": first == 0})
        elif address.path == "/html":
            self.answer(502, "<html>")
        elif address.path == "/v1/ledger":
            compared = {"d365": {"cases": 3}} if "d365" in asked else {}
            self.answer(200, {"adds_up": self.adds_up, "submissions": 3, **compared})
        else:
            self.one(address.path)

    def one(self, path: str) -> None:
        """What is always the same at an address."""
        found: dict[str, dict[str, Any]] = {
            "/v1/documents/W1-1": {"id": "W1-1", "state": "failed", **self.more},
            "/v1/delivery": self.delivery,
            "/v1/replays": {"items": [replay("running", 2)], "next": None, "has_more": False},
            "/v1/replays/r-1": replay("completed", 0),
            "/v1/d365/cases": {"items": [], "has_more": True},
            "/v1/d365/restores": {"items": [restore("running", 2)], "next": None, "has_more": False},
            "/v1/d365/restores/d-1": restore("completed", 0),
        }
        if path in found:
            self.answer(200, found[path], ETag='"7"')
        else:
            self.answer(404, {"title": "Not found", "detail": "There is no such document."})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.elsewhere:
            self.send_response(308)
            self.send_header("Location", self.elsewhere)
            self.end_headers()
            return
        if self.path.startswith("/v1/replays"):
            self.seen.append({"path": self.path, "body": body, "key": self.headers["Idempotency-Key"]})
            self.answer(202, replay("running", 2))
            return
        if self.path == "/v1/d365/restores":
            self.seen.append({"body": body})
            self.answer(202, restore("running", 2))
            return
        if self.path == "/v1/erasures":
            self.seen.append({"body": body})
            self.answer(200, {"dry_run": body["dry_run"], "count": 2, "web_case_ids": ["W1", "W2"]})
            return
        self.seen.append({"body": body, "etag": self.headers["If-Match"], "token": self.headers["Authorization"]})
        self.answer(200, {"id": "W1-1", "state": "pending", **self.after})

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
    """Run the service; yields its address."""
    Service.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
