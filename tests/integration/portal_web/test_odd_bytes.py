"""Bytes that no browser sends: each gets the fitting refusal, a page in the visitor's language, never a 500."""

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from tests.integration.portal_web.conftest import CASES, Browser, Portal, hidden

ODD = "%FF%00é\u2028%0d%0a%ED%A0%80🛠%25"
QUERY = (
    "q=%FF%ED%A0%80&cursor=%C3%A9%00x&key=%C3%A9&state=%C3%A9%F0%9F%9B%A0&from=/%09/evil.example&to=//evil.example"
    "&kept=é&code=%00&older_than_seconds=é"
)
HEADERS = [
    (b"last-event-id", "é\x7f".encode()), (b"if-none-match", b"\xff\xfe"), (b"accept-language", "de, é;q=x".encode()),
    (b"hx-current-url", b"http://[\xff?q=\xff"), (b"traceparent", b"\xff"), (b"host", b"[\xff"), (b"referer", b"\xff"),
]  # fmt: skip
COOKIE = "notice=saved.\xff\xe9; zone=\xff/../../etc; language=\xff; theme=\x7f; browser_zone=Europe/\xe9"
FIELDS = {
    "etag": '"é\x00',
    "key": "é\u2028",
    "page": "/%09/evil.example",
    "kept": "é",
    "typed": "\x00",
    "reason": "\x00é",
}


def routes(portal: Portal) -> list[tuple[str, str]]:
    """Method and address of every route, with odd bytes as its parameters."""
    app = portal.app.app
    assert isinstance(app, FastAPI)
    found = []
    for route in iter_route_contexts(app.routes):
        path = str(route.path).replace("{dealer}", "usmf-us-001")
        parts = [ODD if part.startswith("{") else part for part in path.split("/")]
        found += [(method, "/".join(parts)) for method in route.methods or () if method in {"GET", "POST"}]
    return sorted(set(found))


async def answered(browser: Browser, method: str, path: str, cookies: str, fields: dict[str, str]) -> tuple[int, str]:
    """The status and text of an answer to odd bytes; leaves a stream immediately."""
    headers = [*HEADERS, (b"cookie", cookies.encode("latin-1")), (b"origin", b"http://127.0.0.1:8080")]
    data = fields if method == "POST" else None
    answer = await browser.http.request(method, f"{path}?{QUERY}", headers=headers, data=data)
    assert "evil.example" not in answer.headers.get("location", "").partition("?")[0], path
    return answer.status_code, answer.text


@pytest.mark.parametrize("signed_in", [False, True])
async def test_no_route_fails_at_odd_bytes(portal: Portal, dana: Browser, signed_in: bool) -> None:
    form = hidden((await dana.get(f"{CASES}/new")).text)
    session = "; ".join(f"{name}={value}" for name, value in dana.http.cookies.items() if "session" in name)
    dana.http.cookies.clear()
    state = "é🛠".encode().decode("latin-1")
    cookies = f"{COOKIE}; casebridge-sign-in-8080-{state}=\xff; casebridge-form-8080-x=\xff; " + (
        session if signed_in else "casebridge-session-8080=\xff\xfe"
    )
    fields = {**FIELDS, **({"token": form["token"], "author": form["author"]} if signed_in else {"token": "é"})}
    failed = {}
    for method, path in routes(portal):
        if path in {"/sign-out", "/sign-out/everywhere"} or (signed_in and path.endswith("/stream")):
            continue  # the one would end the session of all that follows, the other never ends
        status, text = await answered(dana, method, path, cookies, fields)
        if status >= 500 or ("<html" in text and 'lang="de"' not in text):
            failed[f"{method} {path}"] = status
    assert failed == {}


@pytest.mark.parametrize("field", ["etag", "key"])
async def test_what_was_typed_beside_odd_bytes_comes_back(dana: Browser, field: str) -> None:
    case = await dana.draft(description="first")
    path = f"{CASES}/{case}/edit"
    form = await dana.get(path)
    refused = await dana.send(form, path, True, **{"action": "close", "description": "typed", field: "é\x00"})
    assert refused.status_code in {200, 422}
    assert "typed" in refused.text
