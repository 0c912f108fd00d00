"""Each service's OpenAPI document matches the committed one and is complete; so is docs/problems.md."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import case_api.__main__
import d365_sync.__main__
import status_sync.__main__
from case_api.web import problems as case_api_problems
from case_shared.web.problems import Kind
from d365_sync.web import openapi as d365_sync_problems
from status_sync.web import openapi as status_sync_problems
from tests.support.contract import resolve, validator

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
PROGRAMS = {"case-api": case_api.__main__, "d365-sync": d365_sync.__main__, "status-sync": status_sync.__main__}
# The committed ones, because every worker reads them to collect its tests, and making them takes seconds.
DOCUMENTS: dict[str, Json] = {
    service: json.loads((ROOT / f"docs/openapi/{service}.json").read_text(encoding="utf-8")) for service in PROGRAMS
}
CATALOGS: dict[str, dict[str, Kind]] = {
    "case-api": case_api_problems.CATALOG,
    "d365-sync": d365_sync_problems.CATALOG,
    "status-sync": status_sync_problems.CATALOG,
}
FOUND: list[tuple[str, str, Json]] = [
    (f"{service} {method} {path}", service, operation)
    for service, document in DOCUMENTS.items()
    for path, item in document["paths"].items()
    for method, operation in item.items()
]
OPERATIONS = [pytest.param(service, operation, id=name) for name, service, operation in FOUND]
each_operation = pytest.mark.parametrize(("service", "operation"), OPERATIONS)
each_service = pytest.mark.parametrize("service", DOCUMENTS)


@each_service
def test_the_committed_document_is_current(service: str) -> None:
    made = json.loads(json.dumps(PROGRAMS[service].openapi()))
    assert DOCUMENTS[service] == made, f"run: {service} openapi > docs/openapi/{service}.json"
    assert made["openapi"].startswith("3.1.")


@each_operation
def test_each_operation_is_described(service: str, operation: Json) -> None:
    assert re.fullmatch("[a-z]+(_[a-z0-9]+)*", operation["operationId"]), "give it an operation_id"
    assert "_v1_" not in operation["operationId"], "give it an operation_id"
    assert operation["summary"]
    assert operation["description"]
    tags = {tag["name"] for tag in DOCUMENTS[service]["tags"]}
    assert operation["tags"]
    assert set(operation["tags"]) <= tags
    assert operation["security"], "no dependency of it demands a scope"


@each_operation
def test_each_operation_documents_its_problems(service: str, operation: Json) -> None:
    refused = {status: response for status, response in operation["responses"].items() if status >= "400"}
    assert {"401", "413", "500", "503"} <= set(refused)
    for status, response in refused.items():
        content = resolve(DOCUMENTS[service], response)["content"]["application/problem+json"]
        for slug, example in content["examples"].items():
            assert CATALOGS[service][slug].status == int(status)
            validator(DOCUMENTS[service], content["schema"]).validate(example["value"])


@each_operation
def test_each_operation_has_examples_that_fit(service: str, operation: Json) -> None:
    answered = [response for status, response in operation["responses"].items() if status < "400"]
    described = [*answered, *([operation["requestBody"]] if "requestBody" in operation else [])]
    for content in (one["content"] for one in described if "content" in one):
        for media_type, media in content.items():
            if not media_type.endswith("json"):
                continue
            assert "example" in media, f"give the model of {media['schema']} an example"
            validator(DOCUMENTS[service], media["schema"]).validate(media["example"])


@each_operation
def test_links_lead_to_operations_and_name_their_parameters(service: str, operation: Json) -> None:
    operations = {one["operationId"]: one for _, its, one in FOUND if its == service}
    for response in operation["responses"].values():
        for link in response.get("links", {}).values():
            target = operations[link["operationId"]]
            known = {parameter["name"] for parameter in target.get("parameters", [])}
            assert {name.removeprefix("header.") for name in link["parameters"]} <= known


@each_service
def test_each_id_is_unique_and_each_reference_is_there(service: str) -> None:
    document = DOCUMENTS[service]
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))
    for reference in set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))):
        assert resolve(document, {"$ref": reference})


@each_service
def test_each_text_that_is_sent_has_its_limit(service: str) -> None:
    document = DOCUMENTS[service]
    bodies = [one.get("requestBody", {}) for _, its, one in FOUND if its == service]
    unlimited = [path for body in bodies for path in texts_without_limit(document, body.get("content", {}), "", set())]
    assert unlimited == [] or service == "status-sync"  # D365's envelope, unchanged: the limit on the body applies


@each_operation
def test_whatever_varies_with_a_header_documents_that_header(service: str, operation: Json) -> None:
    named = {one["name"].lower() for one in operation.get("parameters", []) if one["in"] == "header"}
    varies = any("Vary" in one.get("headers", {}) for one in operation["responses"].values())
    assert varies == ("accept-language" in named)
    if service == "case-api" and operation["operationId"] in {"list_cases", "export_cases"}:
        assert varies


@each_service
def test_answers_may_grow_and_what_is_sent_may_not(service: str) -> None:
    """docs/upgrade.md: a client that is generated from today's document reads tomorrow's answers."""
    document = DOCUMENTS[service]
    assert "Ignore fields that you do not know" in document["info"]["description"]
    operations = [one for _, its, one in FOUND if its == service]
    answered = [one["responses"][status] for one in operations for status in one["responses"] if status < "300"]
    assert [path for one in answered for path in closed(document, one, "", set())] == []
    sent = [one["requestBody"]["content"] for one in operations if "requestBody" in one]
    assert service == "status-sync" or {path for one in sent for path in closed(document, one, "", set())}


def closed(document: Json, value: Any, path: str, seen: set[str]) -> Iterator[str]:
    """Paths of schemas that refuse fields which they do not name."""
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from closed(document, entry, f"{path}/{number}", seen)
    if not isinstance(value, dict):
        return
    reference = value.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        seen.add(reference)
        yield from closed(document, resolve(document, value), reference, seen)
    if value.get("additionalProperties") is False:
        yield path
    for key, entry in value.items():
        if key not in {"example", "examples"}:
            yield from closed(document, entry, f"{path}/{key}", seen)


def texts_without_limit(document: Json, value: Any, path: str, seen: set[str]) -> Iterator[str]:
    """Paths of string schemas with neither maximum length nor values."""
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from texts_without_limit(document, entry, f"{path}/{number}", seen)
    if not isinstance(value, dict):
        return
    reference = value.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        seen.add(reference)
        yield from texts_without_limit(document, resolve(document, value), reference, seen)
    if value.get("type") == "string" and not {"maxLength", "enum", "const", "format"} & set(value):
        yield path
    for key, entry in value.items():
        if key not in {"example", "examples"}:
            yield from texts_without_limit(document, entry, f"{path}/{key}", seen)


def documented() -> dict[str, int]:
    text = (ROOT / "docs/problems.md").read_text(encoding="utf-8")
    return {slug: int(status) for slug, status in re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", text, re.MULTILINE)}


def test_the_catalog_is_what_the_services_can_answer() -> None:
    known = {slug: kind.status for catalog in CATALOGS.values() for slug, kind in catalog.items()}
    assert documented() == known


def test_titles_of_the_dealers_api_are_documented() -> None:
    text = (ROOT / "docs/problems.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| \d{3} \| ([^|]+) \|", text, re.MULTILINE)
    titles = {slug: title.strip() for slug, title in rows}
    assert titles == titles | {slug: kind.title for slug, kind in CATALOGS["case-api"].items()}


@pytest.mark.parametrize("slug", ["version-changed", "version-required"])
def test_where_d365_sync_means_a_document_it_is_documented(slug: str) -> None:
    assert slug in CATALOGS["d365-sync"]
    text = (ROOT / "docs/problems.md").read_text(encoding="utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith(f"| `{slug}` |")]
    assert "in d365-sync" in row
    assert "document" in row


@pytest.mark.parametrize(
    ("source", "service"),
    [
        ("shared/src/case_shared", None),
        ("services/case-api/src", "case-api"),
        ("services/d365-sync/src", "d365-sync"),
        ("services/status-sync/src", "status-sync"),
    ],
)
def test_no_code_answers_with_a_type_that_its_service_does_not_document(source: str, service: str | None) -> None:
    known = CATALOGS[service] if service else {slug: kind for one in CATALOGS.values() for slug, kind in one.items()}
    for slug, status in raised(ROOT / source):
        assert slug in known, f"{source} answers {slug}, which is in no catalog"
        assert status in {None, known[slug].status}


def raised(folder: Path) -> Iterator[tuple[str, int | None]]:
    """Problem types that code in `folder` uses: `Problem(409, "type", …)` and `problem("type", …)`."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            literals = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if node.func.id == "Problem" and len(literals) > 1 and isinstance(literals[0], int):
                yield str(literals[1]), literals[0]
            elif node.func.id == "problem" and literals:
                yield str(literals[0]), None
