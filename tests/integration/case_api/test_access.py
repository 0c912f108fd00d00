"""Who may do what: tokens, scopes, and that another dealer's case does not exist."""

import pytest

from case_shared.words.scopes import Scope
from tests.integration.case_api.conftest import CASES, DEALER, OTHER, Api, token
from tests.support.clocks import clock_of_limits

SOMEONE_ELSES = token("eve", dealers="demf-de-001")


async def test_a_call_needs_a_token(api: Api) -> None:
    answer = await api.client.get(CASES, headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "", Scope.CASES_READ),
        ("POST", "", Scope.CASES_WRITE),
        ("GET", "/stream", Scope.CASES_READ),
        ("GET", "/W000000000", Scope.CASES_READ),
        ("PATCH", "/W000000000", Scope.CASES_WRITE),
        ("DELETE", "/W000000000", Scope.CASES_WRITE),
        ("POST", "/W000000000/copy", Scope.CASES_WRITE),
        ("GET", "/W000000000/timeline", Scope.CASES_READ),
        ("GET", "/W000000000/submission", Scope.CASES_READ),
        ("POST", "/W000000000/submission", Scope.CASES_SUBMIT),
    ],
)
async def test_each_call_needs_its_scope_and_the_dealer(api: Api, method: str, path: str, scope: str) -> None:
    others = ",".join({Scope.CASES_READ, Scope.CASES_WRITE, Scope.CASES_SUBMIT} - {scope})
    answer = await api.client.request(method, CASES + path, headers=token(scopes=others))
    assert answer.status_code == 403
    assert f'scope="{scope}"' in answer.headers["WWW-Authenticate"]
    for caller in (SOMEONE_ELSES, token(dealers="")):
        answer = await api.client.request(method, CASES + path, headers=caller)
        assert (answer.status_code, answer.json()["title"]) == (404, "Not found")


async def test_another_dealers_case_does_not_exist(api: Api) -> None:
    case = await api.create(OTHER)
    path = f"{CASES}/{case['web_case_id']}"
    match = {"If-Match": '"1"'}
    unknown = await api.client.get(f"{CASES}/W000000000")
    answers = [
        await api.client.get(path),
        await api.client.patch(path, json={}, headers=match),
        await api.client.delete(path, headers=match),
        await api.client.post(f"{path}/copy"),
        await api.client.get(f"{path}/timeline"),
        await api.client.get(f"{path}/submission"),
        await api.client.post(f"{path}/submission", headers=match),
    ]
    for answer in answers:
        assert answer.status_code == 404
        assert {**answer.json(), "trace_id": ""} == {**unknown.json(), "trace_id": ""}
    assert await api.get(case) == case


async def test_a_dealer_must_be_registered(api: Api) -> None:
    answer = await api.client.get("/v1/dealers/usmf-us-999/cases", headers=token(dealers="usmf-us-999"))
    assert answer.status_code == 404


async def test_a_dealer_registered_a_moment_ago_is_known(api: Api) -> None:
    await api.client.get(CASES)
    api.service.dealers._read_at -= 2
    await api.fetch(
        "INSERT INTO status_sync.dealers (dealer, data_area_id, customer_account) VALUES ('new-1', 'new', '1')"
    )
    assert (await api.client.get("/v1/dealers/new-1/cases", headers=token(dealers="new-1"))).status_code == 200


@pytest.mark.parametrize("path", ["", "/W000000000", "/W000000000/submission", "/W000000000/timeline"])
async def test_unknown_parameters_are_refused(api: Api, path: str) -> None:
    answer = await api.client.get(f"{CASES}{path}?colour=red")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "?colour")


@pytest.mark.parametrize("web_case_id", ["nonsense", "W%00", "w000000001", "W0000000001"])
async def test_what_is_no_web_case_id_is_not_found(api: Api, web_case_id: str) -> None:
    assert (await api.client.get(f"{CASES}/{web_case_id}")).status_code == 404


async def test_a_dealer_with_nul_is_not_found(api: Api) -> None:
    assert (await api.client.get("/v1/dealers/%00/cases")).status_code == 404


async def test_a_user_who_asks_too_much_learns_when_to_come_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = clock_of_limits(monkeypatch)
    api.limit(user=3)
    answers = [await api.client.get(CASES) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["type"] == "urn:casebridge:problem:too-many-requests"
    assert int(answers[-1].headers["Retry-After"]) == 20
    unknown = await api.client.get("/v1/dealers/nobody/cases")
    assert unknown.status_code == 429, "guessing dealers counts"
    assert (await api.client.get("/v1/dealers")).status_code == 429
    assert (await api.client.get(CASES, headers=token("bob"))).status_code == 200
    clock.seconds += 20
    assert (await api.client.get(CASES)).status_code == 200


async def test_a_dealer_that_is_asked_too_much_delays_no_other(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    clock_of_limits(monkeypatch)
    api.limit(user=3, dealer=2)
    for user in ("ann", "bob"):
        assert (await api.client.get(CASES, headers=token(user))).status_code == 200
    assert (await api.client.get(CASES, headers=token("eve"))).json()["policy"] == "dealer"
    for _ in range(3):
        assert (await api.client.get(CASES)).json()["policy"] == "dealer"
    # Ann was let in once; refused requests do not count.
    answers = [await api.client.get(f"/v1/dealers/{OTHER}/cases") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["policy"] == "user"


async def test_the_store_itself_shows_no_other_dealers_submissions(api: Api) -> None:
    case, store = await api.submitted(), api.service.context().cases
    assert len(await store.submissions(DEALER, case["web_case_id"])) == 1
    assert await store.submissions(OTHER, case["web_case_id"]) == []
