"""The client of the REST APIs, against a small HTTP server that answers as DESIGN section 7 says."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from casebridge.api import Api, Refused, explain, operator_api
from casebridge.errors import OperationFailed, UsageError


class Service(BaseHTTPRequestHandler):
    """Three documents on pages of two; one of them can be replayed under its ETag."""

    seen: ClassVar[list[dict[str, Any]]] = []

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/v1/documents":
            first = int(parse_qs(address.query).get("cursor", ["0"])[0])
            items = [{"id": f"W{number}-1"} for number in range(first, min(first + 2, 3))]
            self.answer(200, {"items": items, "next": "2" if first == 0 else None, "has_more": first == 0})
        elif address.path == "/v1/documents/W1-1":
            self.answer(200, {"id": "W1-1", "state": "failed"}, ETag='"7"')
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


@pytest.fixture
def api() -> Iterator[Api]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Api(f"http://127.0.0.1:{server.server_port}", "secret")
        server.shutdown()


def test_list_is_read_page_by_page_up_to_its_limit(api: Api) -> None:
    assert [item["id"] for item in api.items("/v1/documents", 10)] == ["W0-1", "W1-1", "W2-1"]
    assert len(api.items("/v1/documents", 2)) == 2


def test_action_goes_out_under_the_etag_that_was_read(api: Api) -> None:
    assert api.act("/v1/documents/W1-1", "replay", {"reason": "mended"})["state"] == "pending"
    assert Service.seen[-1] == {"body": {"reason": "mended"}, "etag": '"7"', "token": "Bearer secret"}


def test_refusal_is_told_in_the_problem_s_words(api: Api) -> None:
    with pytest.raises(Refused, match=r"Not found: There is no such document\.") as refused:
        api.act("/v1/documents/W9-1", "replay", {"reason": "x"})
    assert refused.value.status == 404


def test_what_is_no_json_and_who_does_not_answer_are_told(api: Api) -> None:
    with pytest.raises(OperationFailed, match="502, and no JSON"):
        api.get("/html")
    with pytest.raises(OperationFailed, match="does not answer"):
        Api("http://127.0.0.1:1", "").get("/")


def test_problem_names_its_fields() -> None:
    problem = {"title": "Invalid", "errors": [{"pointer": "/payload/category", "detail": "does not exist"}]}
    assert explain(422, problem) == "Invalid\n  /payload/category does not exist"
    assert explain(500, None) == "refused with 500"


def test_strange_address_needs_a_token_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--token"):
        operator_api(tmp_path, "https://casebridge.example", None)
    assert operator_api(tmp_path, "https://casebridge.example/", "t") == Api("https://casebridge.example", "t")
