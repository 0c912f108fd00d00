"""Every endpoint, with every scope, for own, another and unknown dealer; the application lists the endpoints."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from case_api import wiring
from case_shared.words.identifiers import new_web_case_id
from case_shared.words.scopes import Scope
from tests.integration.case_api.conftest import DEALER, DRAFT, OTHER, Api, answering, token
from tests.support import asgi
from tests.support.asgi import Answer
from tests.support.databases import cloned
from tests.support.servers import Servers

UNKNOWN = "usmf-us-999"
MATCH = {"If-Match": '"1"'}


@dataclass(frozen=True)
class Try:
    """One call of an endpoint for a draft, which succeeds with status `ok` if the caller has `scope`."""

    scope: str
    ok: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


DEALERS = "/v1/dealers"
CASES = f"{DEALERS}/{{dealer}}/cases"
CASE = f"{CASES}/{{web_case_id}}"
TRIES = {
    f"GET {DEALERS}": Try(Scope.CASES_READ),
    f"GET {DEALERS}/{{dealer}}/categories": Try(Scope.CASES_READ),
    f"GET {DEALERS}/{{dealer}}/priorities": Try(Scope.CASES_READ),
    f"GET {DEALERS}/{{dealer}}/lengths": Try(Scope.CASES_READ),
    f"GET {CASES}": Try(Scope.CASES_READ),
    f"GET {CASES}.csv": Try(Scope.CASES_READ),
    f"GET {CASES}/stream": Try(Scope.CASES_READ),
    f"POST {CASES}": Try(Scope.CASES_WRITE, 201, body=DRAFT),
    f"GET {CASE}": Try(Scope.CASES_READ),
    f"PATCH {CASE}": Try(Scope.CASES_WRITE, headers=MATCH, body={"priority": "Low"}),
    f"PATCH {CASE}?": Try(Scope.CASES_WRITE, 428, body={"priority": "Low"}),
    f"DELETE {CASE}": Try(Scope.CASES_WRITE, 204, headers=MATCH),
    f"DELETE {CASE}?": Try(Scope.CASES_WRITE, 412, headers={"If-Match": '"7"'}),
    f"POST {CASE}/copy": Try(Scope.CASES_WRITE, 201),
    f"POST {CASE}/copy?": Try(Scope.CASES_WRITE, 201, headers={"Idempotency-Key": "copy-{web_case_id}"}),
    f"GET {CASE}/timeline": Try(Scope.CASES_READ),
    f"GET {CASE}/submission": Try(Scope.CASES_READ, 404),  # a draft has no submission
    f"POST {CASE}/submission": Try(Scope.CASES_SUBMIT, 202, headers=MATCH),
    f"POST {CASE}/submission?": Try(Scope.CASES_SUBMIT, 202, headers={**MATCH, "Prefer": "wait=0"}),
    f"POST {CASE}/submission?validate_only=true": Try(Scope.CASES_SUBMIT, headers=MATCH),
}
each_try = pytest.mark.parametrize("name", TRIES)


def test_each_endpoint_is_in_the_matrix() -> None:
    tried = {name.partition("?")[0] for name in TRIES}
    assert set(asgi.operations(wiring.build_app(None))) == tried, "give TRIES a line for each endpoint"


@dataclass
class Matrix:
    """Calls, and the SQL statements of each."""

    api: Api
    statements: list[str] = field(default_factory=list)

    async def call(self, name: str, dealer: str, web_case_id: str, caller: dict[str, str]) -> Answer:
        """Call the endpoint as `caller`, for that dealer and case."""
        one, (method, _, path) = TRIES[name], name.partition(" ")
        transport = self.api.client._transport
        assert isinstance(transport, httpx2.ASGITransport)
        target = path.replace("{dealer}", dealer).replace("{web_case_id}", web_case_id)
        headers = {key: value.replace("{web_case_id}", web_case_id) for key, value in one.headers.items()}
        self.statements.clear()
        app: Any = transport.app
        return await asgi.call(app, method, target, {**headers, **caller}, one.body)


@pytest_asyncio.fixture(scope="module")
async def matrix(running_servers: Servers, template_database: str) -> AsyncIterator[Matrix]:
    """One API for all: each test has its own cases."""
    async with cloned(running_servers.postgres, template_database) as database, answering(database) as api:
        found = Matrix(api)
        await api.service.dealers.refresh()
        pool = api.service.pool
        async with AsyncExitStack() as stack:
            for _ in range(pool.get_max_size()):
                connection = await stack.enter_async_context(pool.acquire())
                connection.add_query_logger(lambda record: found.statements.append(record.query))
        yield found


@each_try
async def test_only_its_scope_opens_an_endpoint(matrix: Matrix, name: str) -> None:
    needed = TRIES[name].scope
    grants = [[], *([scope] for scope in Scope), list(Scope), [scope for scope in Scope if scope != needed]]
    for scopes in grants:
        case = await matrix.api.create()
        caller = token(scopes=",".join(scopes), dealers=DEALER)
        answer = await matrix.call(name, DEALER, case["web_case_id"], caller)
        if needed in scopes:
            assert answer.status == TRIES[name].ok, answer
        else:
            assert answer.status == 403, (scopes, answer)
            assert f'scope="{needed}"' in answer.headers["www-authenticate"]
            assert (await matrix.api.get(case))["updated_at"] == case["updated_at"]
    for caller in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YW5uOmFubg=="}):
        assert (await matrix.call(name, DEALER, case["web_case_id"], caller)).status == 401


@pytest.mark.parametrize("name", [name for name in TRIES if "{dealer}" in name])
async def test_another_dealer_and_an_unknown_one_look_the_same(matrix: Matrix, name: str) -> None:
    case, absent = await matrix.api.create(OTHER), new_web_case_id()
    caller = token("eve", scopes=",".join(Scope), dealers=DEALER)
    answers = {}
    for dealer in (OTHER, UNKNOWN):
        for web_case_id in (case["web_case_id"], absent):
            answer = await matrix.call(name, dealer, web_case_id, caller)
            answers[dealer, web_case_id] = (answer.comparable(), tuple(matrix.statements))
    assert len({repr(answer) for answer in answers.values()}) == 1, answers
    (status, _, problem), statements = answers[OTHER, absent]
    assert (status, problem["type"], statements) == (404, "urn:casebridge:problem:not-found", ())
    forbidden = token("eve", scopes="", dealers=DEALER)
    refusals = [(await matrix.call(name, dealer, absent, forbidden)).comparable() for dealer in (OTHER, UNKNOWN)]
    assert (refusals[0], refusals[0][0]) == (refusals[1], 403)
    assert await matrix.api.get(case) == case


@pytest.mark.parametrize("name", [name for name in TRIES if "{web_case_id}" in name])
async def test_anothers_case_and_an_absent_one_look_the_same(matrix: Matrix, name: str) -> None:
    case, submitted, absent = await matrix.api.create(OTHER), await matrix.api.create(OTHER), new_web_case_id()
    path = f"/v1/dealers/{OTHER}/cases/{submitted['web_case_id']}/submission"
    assert (await matrix.api.client.post(path, headers=MATCH)).status_code == 202
    caller = token("eve", scopes=",".join(Scope), dealers=DEALER)
    answers = {}
    await matrix.call(name, DEALER, new_web_case_id(), caller)  # asyncpg queries the types of a statement once
    for web_case_id in (absent, case["web_case_id"], submitted["web_case_id"]):
        answer = await matrix.call(name, DEALER, web_case_id, caller)
        answers[web_case_id] = (answer.comparable(), tuple(matrix.statements))
    assert len({repr(answer) for answer in answers.values()}) == 1, answers
    assert answers[absent][0][0] == (428 if TRIES[name].ok == 428 else 404)
    assert await matrix.api.get(case) == case


async def test_lists_have_the_callers_dealers_alone(matrix: Matrix) -> None:
    case = await matrix.api.create(OTHER)
    caller = token("eve", scopes=",".join(Scope), dealers=f"{DEALER},{UNKNOWN}")
    for name in TRIES:
        if name.startswith("GET ") and "{web_case_id}" not in name:
            answer = await matrix.call(name, DEALER, "", caller)
            assert answer.status == 200
            assert case["web_case_id"].encode() not in answer.body
            assert OTHER.encode() not in answer.body


async def test_an_idempotency_key_of_another_caller_shows_nothing(matrix: Matrix) -> None:
    key = {"Idempotency-Key": "k-1"}
    own, theirs = f"/v1/dealers/{DEALER}/cases", f"/v1/dealers/{OTHER}/cases"
    first = await matrix.api.client.post(theirs, json=DRAFT, headers={**token("ann", dealers=OTHER), **key})
    second = await matrix.api.client.post(own, json=DRAFT, headers={**token("eve", dealers=DEALER), **key})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["web_case_id"] != second.json()["web_case_id"]
    refused = await matrix.api.client.post(theirs, json=DRAFT, headers={**token("ann", dealers=DEALER), **key})
    assert (refused.status_code, refused.json()["type"]) == (404, "urn:casebridge:problem:not-found")
