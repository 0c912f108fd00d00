"""The client of the REST APIs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from casebridge.api import Api, Refused, explain, operator_api
from casebridge.errors import OperationFailed, UsageError
from tests.unit.casebridge.service import Service, serving


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as url:
        yield Api(url, "secret")


def test_list_is_read_page_by_page_up_to_its_limit(api: Api) -> None:
    whole = api.page("/v1/documents", 10)
    assert [item["id"] for item in whole["items"]] == ["W0-1", "W1-1", "W2-1"]
    assert (whole["next"], whole["has_more"]) == (None, False)
    first = api.page("/v1/documents", 2)
    assert (len(first["items"]), first["has_more"]) == (2, True)
    rest = api.page("/v1/documents", 2, first["next"])
    assert ([item["id"] for item in rest["items"]], rest["has_more"]) == (["W2-1"], False)


def test_action_goes_out_under_the_etag_that_was_read(api: Api) -> None:
    assert api.act("/v1/documents/W1-1", "replay", {"reason": "corrected"})["state"] == "pending"
    assert Service.seen[-1] == {"body": {"reason": "corrected"}, "etag": '"7"', "token": "Bearer secret"}


def test_refusal_is_reported_in_the_problem_s_words(api: Api) -> None:
    with pytest.raises(Refused, match=r"Not found: There is no such document\.") as refused:
        api.act("/v1/documents/W9-1", "replay", {"reason": "x"})
    assert refused.value.status == 404


def test_what_is_no_json_and_who_does_not_answer_are_reported(api: Api) -> None:
    with pytest.raises(OperationFailed, match="the answer 502 is not valid JSON"):
        api.get("/html")
    with pytest.raises(OperationFailed, match="does not answer"):
        Api("http://127.0.0.1:1", "").get("/")


def test_a_redirect_is_no_success(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that leads http to https answers for the service, which never saw the order."""
    monkeypatch.setattr(Service, "elsewhere", "https://d365-sync.example/v1/documents/W1-1/replay")
    with pytest.raises(OperationFailed, match=r"308 to https://d365-sync\.example/v1/.*CASEBRIDGE_URL") as failed:
        api.act("/v1/documents/W1-1", "replay", {"reason": "corrected"})
    assert not isinstance(failed.value, Refused), "no service has decided anything"


def test_no_proxy_gets_what_goes_to_this_machine(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert api.get("/v1/documents/W1-1").etag == '"7"'


def test_a_proxy_gets_only_what_the_environment_gives_it(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", api.url)
    monkeypatch.delenv("no_proxy", raising=False)
    behind = Api("http://d365-sync.invalid", "secret")
    assert behind.get("/v1/ledger").body["adds_up"]
    monkeypatch.setenv("no_proxy", ".invalid")
    with pytest.raises(OperationFailed, match="does not answer"):
        behind.get("/v1/ledger")


def test_problem_names_its_fields() -> None:
    problem = {"title": "Invalid", "errors": [{"pointer": "/payload/category", "detail": "does not exist"}]}
    assert explain(422, problem) == "Invalid\n  /payload/category does not exist"
    assert explain(500, None) == "refused with 500"


def test_a_stack_without_the_development_provider_needs_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBRIDGE_URLS", "d365-sync=http://d365-sync:8000")
    monkeypatch.setenv("OIDC_ISSUER", "https://login.example")
    with pytest.raises(UsageError, match="set CASEBRIDGE_TOKEN"):
        operator_api(tmp_path, None, None)
    assert operator_api(tmp_path, None, "t") == Api("http://d365-sync:8000", "t")


def test_strange_address_needs_a_token_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--token"):
        operator_api(tmp_path, "https://casebridge.example", None)
    assert operator_api(tmp_path, "https://casebridge.example/", "t") == Api("https://casebridge.example", "t")
