"""The JSON keys that SQL builds and reads are the fields of the events' models, for sender and reader."""

import re
from collections.abc import Iterator
from inspect import getsource
from pathlib import Path
from typing import Any, get_args

import pytest
import pytest_asyncio

from case_shared.words.events import (
    AttemptSummary,
    CaseContent,
    CaseDelivery,
    CaseSubmitted,
    Contact,
    Payload,
)
from d365_sync.postgres.outbox import event_of
from tests.support.databases import Database

ROOT = Path(__file__).parents[3]
STATEMENTS = {path.stem: path.read_text() for path in sorted(ROOT.glob("services/*/src/*/postgres/sql/*.sql"))}
# The names of JSON values in our statements, and the model of each.
MODELS: dict[str, type[Payload]] = {"event": CaseSubmitted, "content": CaseContent, "contact": Contact}
Keys = tuple[str, ...]
Built = dict[str, Any]


def fields_of(model: type[Payload]) -> dict[str, type[Payload] | None]:
    """A model's fields, each with the model that it contains, if any."""

    def held(annotation: Any) -> type[Payload] | None:
        found = [one for one in (annotation, *get_args(annotation)) if isinstance(one, type)]
        return next((one for one in found if issubclass(one, Payload)), None)

    return {name: held(field.annotation) for name, field in model.model_fields.items()}


def read_in(text: str) -> Iterator[tuple[type[Payload], Keys]]:
    """Each chain of keys that `text` reads of an event, of its content or of its contact."""
    code = re.sub(r"--.*", "", text)
    for root, chain in re.findall(r"\b(\w+)((?:\s*->>?\s*'\w+')+)", code):
        if root in MODELS:
            yield MODELS[root], tuple(re.findall(r"'(\w+)'", chain))
    for root, chain in re.findall(r"\b(\w+)\s*#>>?\s*'\{([\w,]+)\}'", code):
        if root in MODELS:
            yield MODELS[root], tuple(chain.split(","))


def leads_to_a_field(model: type[Payload] | None, path: Keys) -> bool:
    """Whether `path` is a field of the model or of a model within."""
    for key in path:
        if model is None or key not in fields_of(model):
            return False
        model = fields_of(model)[key]
    return True


def built_in(text: str) -> Iterator[Built]:
    """The keys of each `jsonb_build_object` in `text`, with those of the objects within."""
    for begin in re.finditer(r"jsonb_build_object\(", text):
        yield _object(text, begin.end())


def _object(text: str, start: int) -> Built:
    """The keys of the object whose arguments begin at `start`."""
    arguments, depth, argument = [], 0, ""
    for letter in text[start:]:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            break
        if letter == "," and depth == 0:
            arguments.append(argument)
            argument = ""
        else:
            argument += letter
    arguments.append(argument)
    keys = [re.sub(r"::\w+", "", key).strip().strip("'") for key in arguments[::2]]
    return {key: next(built_in(value), None) for key, value in zip(keys, arguments[1::2], strict=True)}


def is_whole(built: Built, model: type[Payload]) -> bool:
    """Whether an object has exactly the fields of `model`, and so has each object within."""
    fields = fields_of(model)
    return built.keys() == fields.keys() and all(
        fields[key] is not None and is_whole(inner, fields[key])  # type: ignore[arg-type]
        for key, inner in built.items()
        if inner is not None
    )


@pytest_asyncio.fixture(scope="module")
async def definitions(module_database: Database) -> dict[str, str]:
    """The definitions of functions and views after all migrations."""
    async with module_database.connect() as connection:
        event = await connection.fetchval("SELECT pg_get_functiondef('case_api.event_value'::regproc)")
        view = await connection.fetchval("SELECT pg_get_viewdef('d365_sync.deliveries'::regclass)")
        columns = await connection.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'd365_sync.deliveries'::regclass AND attnum > 0"
        )
    return {"event_value": event, "deliveries": view, "columns": " ".join(row["attname"] for row in columns)}


@pytest.mark.parametrize("name", STATEMENTS)
def test_each_key_that_is_read_is_a_field(name: str) -> None:
    strange = [path for model, path in read_in(STATEMENTS[name]) if not leads_to_a_field(model, path)]
    assert strange == []


@pytest.mark.parametrize("name", ["submit_cases", "restore_delivered"])
def test_the_content_is_built_with_every_field(name: str) -> None:
    contents = [built for built in built_in(STATEMENTS[name]) if "category" in built]
    assert [is_whole(built, CaseContent) for built in contents] == [True]


async def test_a_submissions_event_is_built_with_every_field(definitions: dict[str, str]) -> None:
    always, where_known = list(built_in(definitions["event_value"]))
    assert is_whole(always | where_known, CaseSubmitted)
    required = {name for name, field in CaseSubmitted.model_fields.items() if field.is_required()}
    assert always.keys() == required


async def test_an_attempt_of_a_delivery_is_built_with_every_field(definitions: dict[str, str]) -> None:
    assert [is_whole(built, AttemptSummary) for built in built_in(definitions["deliveries"])] == [True]


async def test_a_delivery_has_every_field_at_both_ends(definitions: dict[str, str]) -> None:
    """d365-sync builds the event from the view's columns; case-api reads the same columns from it."""
    columns = ["changed_at" if name == "occurred_at" else name for name in CaseDelivery.model_fields]
    assert set(columns) <= set(definitions["columns"].split())
    made = set(re.findall(r"^ +(\w+)=", getsource(event_of), re.MULTILINE))
    assert made == CaseDelivery.model_fields.keys()
    # The first three identify the submission.
    assert [name for name in columns[3:] if f"known.{name}" not in STATEMENTS["apply_deliveries"]] == []


def test_a_submission_is_recovered_from_its_event_with_every_field() -> None:
    """After a restore case-api reads its own events; a field that it omits is lost."""
    read = {path for name in ("recover_submissions", "recover_cases") for _, path in read_in(STATEMENTS[name])}
    fields = {(name,) for name in fields_of(CaseSubmitted)}
    assert {path[:1] for path in read} == fields
    for model, path in ((CaseContent, ("content",)), (Contact, ("content", "contact"))):
        leaves = {(*path, name) for name, held in fields_of(model).items() if held is None}
        assert leaves <= read


def test_a_returned_case_gets_every_field_of_its_content_back() -> None:
    read = {path for _, path in read_in(STATEMENTS["restore_delivered"])}
    assert read == {(name,) for name, held in fields_of(CaseContent).items() if held is None} | {
        ("contact", name) for name in fields_of(Contact)
    }
