"""The models that are generated from the APIs' OpenAPI documents."""

from pathlib import Path

import pytest

import portal_web
from portal_web.domain.case_api import CaseDocument, CaseStatus
from tests.support.portal_models import USED, generated, path_of

CASE = {
    "web_case_id": "W7K3M9QX2T",
    "dealer": "northwind",
    "status": "open",
    "origin": "portal",
    "created_at": "2026-11-29T08:00:00Z",
    "updated_at": "2026-11-29T08:00:00Z",
    "allowed_actions": ["copy"],
}


@pytest.mark.parametrize("api", USED)
def test_the_models_are_those_of_the_openapi_document(api: str) -> None:
    assert path_of(api).read_text(encoding="utf-8") == generated(api), "run: make models"


@pytest.mark.parametrize("api", USED)
def test_only_what_the_portal_uses_is_generated(api: str) -> None:
    sources = Path(portal_web.__file__).parent.rglob("*.py")
    written_by_hand = "\n".join(path.read_text(encoding="utf-8") for path in sources if path != path_of(api))

    assert [name for name in USED[api] if name not in written_by_hand] == []


def test_what_a_newer_api_adds_is_no_error() -> None:
    case = CaseDocument.model_validate({**CASE, "status": "waiting", "mood": "cheerful"})

    assert case.status == "waiting"
    assert isinstance(case.status, CaseStatus)
    assert str(case.status) == f"{case.status}" == "waiting"
    assert list(CaseStatus) == ["draft", "submitted", "in_process", "open", "closed", "canceled"]
    assert CaseDocument.model_validate_json(case.model_dump_json()) == case


def test_what_an_older_api_does_not_have_yet_is_null() -> None:
    assert CaseDocument.model_validate(CASE).moved_at is None


def test_what_is_no_code_is_refused() -> None:
    with pytest.raises(ValueError, match="status"):
        CaseDocument.model_validate({**CASE, "status": 7})
