"""The X++ model in `deploy/d365`: rules that need no D365 compiler, and what each finds when it is violated."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from case_shared.d365.mapping import Mapping
from d365_sandbox.entities import build_catalog
from tests.support.d365_model import contract, files, rules
from tests.support.d365_model.broken import BROKEN, CASES, NAME_EDT, Broken
from tests.support.d365_model.files import OBJECTS, Model
from tests.support.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox

Rule = Callable[[Model], Iterator[str]]
MODEL = files.load()
WEB_CASE_ID = "\t\t\t<DataField>WebCaseId</DataField>"
DEFAULTS = Mapping()
CATALOG = build_catalog()
LENGTHS = {name: {field.name: field.length for field in entity.fields} for name, entity in CATALOG.items()}
MANDATORY = {name: {field.name for field in entity.fields if field.mandatory} for name, entity in CATALOG.items()}
SHARED: tuple[Rule, ...] = (
    partial(contract.has_the_names_of_the_mapping, mapping=DEFAULTS),
    partial(contract.tells_events_that_are_expected, mapping=DEFAULTS),
    partial(contract.has_the_lengths_of_the_portal, mapping=DEFAULTS),
    partial(contract.has_the_lengths_of_the_sandbox, served=LENGTHS),
    partial(contract.demands_what_the_sandbox_demands, served=MANDATORY),
)


def name_of(rule: Rule) -> str:
    return str(getattr(getattr(rule, "func", rule), "__name__", rule))


BY_NAME = {name_of(rule): rule for rule in (*rules.ALL, *SHARED)}


@pytest.mark.parametrize("rule", BY_NAME.values(), ids=BY_NAME.keys())
def test_the_model_keeps_the_rule(rule: Rule) -> None:
    assert list(rule(MODEL)) == []


@pytest.mark.parametrize("broken", BROKEN, ids=[f"{broken.rule}-{broken.said}" for broken in BROKEN])
def test_what_breaks_a_rule_is_seen(broken: Broken) -> None:
    found = list(BY_NAME[broken.rule](MODEL.changed(broken.path, broken.old, broken.new)))
    assert any(broken.said in problem for problem in found), found


def test_every_rule_has_been_broken_once() -> None:
    assert {broken.rule for broken in BROKEN} == set(BY_NAME)


def test_a_file_that_the_project_does_not_know_is_seen() -> None:
    model = MODEL.added(f"{OBJECTS}/AxEdt/CBOther.xml", MODEL.files[NAME_EDT].replace("CBContactName", "CBOther"))
    assert list(rules.is_listed_in_the_project(model)) == ["Casebridge.rnrproj does not list AxEdt/CBOther"]


async def test_the_sandbox_says_the_same_in_its_metadata(d365: Sandbox) -> None:
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scope": f"{d365.url}/.default"}
    form = client | {"grant_type": "client_credentials"}
    async with d365.session.post(f"{d365.url}/oauth2/v2.0/token", data=form) as response:
        token = (await response.json())["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    async with d365.session.get(f"{d365.url}/data/$metadata", headers=headers) as response:
        metadata = await response.read()
    async with d365.session.get(f"{d365.url}/metadata/PublicEntities", headers=headers) as response:
        listed = (await response.json())["value"]

    assert list(contract.says_what_metadata_says(MODEL, metadata)) == []
    assert list(contract.says_what_public_entities_say(MODEL, listed)) == []
    renamed = MODEL.changed(CASES, "<Name>CaseRecId<", "<Name>RecordId<")
    assert "DealerPortalCases" in "".join(contract.says_what_metadata_says(renamed, metadata))
    given = MODEL.changed(CASES, "<AllowEditOnCreate>No</AllowEditOnCreate>", "")
    fixed = MODEL.changed(CASES, f"<AllowEdit>No</AllowEdit>\n{WEB_CASE_ID}", WEB_CASE_ID)
    for other in (given, fixed):
        assert "DealerPortalCases" in "".join(contract.says_what_public_entities_say(other, listed))
