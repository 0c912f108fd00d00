"""`case_shared.d365.check` against the sandbox: what each step reports if D365 is not set up correctly."""

import asyncio
import json
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Container, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from case_shared.d365.answers import CreateAnswer, Exchange, Rejected
from case_shared.d365.check import load, writing
from case_shared.d365.check.events import NoKafka, watch_topic
from case_shared.d365.check.metadata import EntitySchema, MetadataService
from case_shared.d365.check.own_cases import OwnCases
from case_shared.d365.check.report import Finding, Report, StepId, skipped
from case_shared.d365.check.running import check_network_only, run_check
from case_shared.d365.check.settings_step import read_settings
from case_shared.d365.check.target import Asked
from case_shared.d365.client import D365Client
from case_shared.d365.models import CaseToCreate
from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.event_hub import Inbound
from case_shared.kafka.topics import topic_name
from case_shared.process.clock import SystemClock
from casebridge.commands.d365_check import show
from tests.support.brokers import Broker
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.processes import free_port
from tests.support.sandbox import Sandbox, started

WRITING = Asked(company="usmf", write=True, event_seconds=0)
ACCEPTS_BLANKS = "D365 accepts two cases without a Web Case ID."
NOT_ASKED: Mapping[str, Any] = {}
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("D365_", "KAFKA_", "CASEBRIDGE_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr(load, "_SLOW_SECONDS", load._SLOW_SECONDS * PATIENCE)


@dataclass(frozen=True)
class Checked:
    """A report, with helpers for tests."""

    report: Report

    @property
    def exit_code(self) -> int:
        return self.report.exit_code

    def states(self) -> dict[str, str]:
        return {step.id.value: step.state.value for step in self.report.steps}

    def troubled(self) -> dict[str, str]:
        """The steps with a problem, without those that were not requested."""
        return {name: state for name, state in self.states().items() if state not in {"ok", "skipped"}}

    def said(self, step: str) -> str:
        (found,) = [one for one in self.report.steps if one.id == step]
        return f"{found.message} {found.remedy or ''}"


async def checked(
    d365: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    asked: Asked = Asked(),  # noqa: B008
    mapping: str = "",
    kafka: KafkaSettings | str = "not set",
    **environment: Any,
) -> Checked:
    given = d365.environment() | {"D365_TIMEOUT_SECONDS": str(10 * PATIENCE)} | environment
    if mapping:
        file = tmp_path / "mapping.toml"
        file.write_text(mapping)
        given["D365_MAPPING"] = str(file)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings, problems = read_settings()
    assert settings is not None, [one.message for one in problems]
    inbound = kafka if isinstance(kafka, str) else Inbound(kafka, "events")
    return Checked(await run_check(settings, asked, SystemClock(), inbound=inbound))


@asynccontextmanager
async def tls_server(tmp_path: Path) -> AsyncIterator[int]:
    """An HTTPS server with a self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    file = tmp_path / "server.pem"
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(
        built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, *form)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    runner, port = web.AppRunner(web.Application()), free_port()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    try:
        yield port
    finally:
        await runner.cleanup()


async def test_all_is_well_and_reading_leaves_no_trace(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await d365.control("DELETE", "/counters")
    found = await checked(d365, tmp_path, monkeypatch)

    assert list(found.states()) == [step.value for step in StepId]
    assert found.troubled() == {"write": "warning", "status_symbols": "warning"}
    assert (found.exit_code, found.report.ok) == (0, True)
    assert "Nothing proves yet" in found.said("write")
    assert "--write --company" in found.said("write")
    assert found.report.or_terms
    counted = (await d365.control("GET", "/counters"))["by_operation"]
    assert not {"create", "update", "delete"} & {name.partition(" ")[0] for name in counted}

    show(found.report)
    printed = capsys.readouterr().out
    assert "✓ settings" in printed
    assert "! write" in printed
    assert "> Run casebridge d365 check --write" in printed


async def test_later_steps_are_skipped_and_name_what_is_in_the_way(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await checked(d365, tmp_path, monkeypatch, D365_CLIENT_SECRET="wrong")
    judged = {"settings": "ok", "network": "ok", "token": "failed"}
    assert found.states() == {one.value: "skipped" for one in StepId} | judged
    assert "(AADSTS7000215)" in found.said("token")
    assert "D365_CLIENT_SECRET" in found.said("token")
    assert "step token failed" in found.said("status_symbols")
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1", ["Casebridge cannot connect to 127.0.0.1:1", "D365_URL"]),
        ("https://casebridge-check.invalid", ["The host name casebridge-check.invalid is unknown", "D365_URL"]),
    ],
)
async def test_a_host_that_is_not_reached(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, words: list[str]
) -> None:
    found = await checked(d365, tmp_path, monkeypatch, D365_URL=url, D365_CLIENT_SECRET="8f3e1b7c9d2056aa")
    assert [word for word in words if word not in found.said("network")] == []
    assert found.states()["service"] == "skipped"
    assert found.exit_code == 2


async def test_a_host_of_two_settings_is_corrected_in_both(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = "http://127.0.0.1:1"
    found = await checked(d365, tmp_path, monkeypatch, D365_URL=away, D365_TOKEN_URL=f"{away}/oauth2/v2.0/token")
    assert "Check D365_URL and D365_TOKEN_URL. " in found.said("network")
    assert found.said("network").count("Casebridge cannot connect") == 1


async def test_a_certificate_that_is_not_trusted(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tls_server(tmp_path) as port:
        found = await checked(
            d365, tmp_path, monkeypatch, D365_URL=f"https://localhost:{port}", D365_CLIENT_SECRET="8f3e1b7c9d2056aa"
        )
    assert f"This computer does not trust the certificate of localhost:{port}" in found.said("network")
    assert "SSL_CERT_FILE" in found.said("network")
    assert found.exit_code == 2


@pytest.mark.parametrize(
    ("fault", "step", "words", "exit_code"),
    [
        ({"kind": "status", "status": 503}, "network", ["503", "maintenance"], 2),
        ({"kind": "redirect"}, "service", ["sign-in page", "it is not the environment's root"], 1),
        ({"kind": "html"}, "service", ["a web page instead of data", "D365_URL", "maintenance page"], 1),
        ({"kind": "status", "status": 404}, "service", ["404", "D365_URL"], 1),
        ({"kind": "status", "status": 403}, "service", ["403", "role"], 1),
        (
            {"kind": "status", "status": 404, "operation": "read", "entity_set": "CaseCategoryHierarchyDetails"},
            "entities",
            ["no entity set CaseCategoryHierarchyDetails", "D365_MAPPING"],
            1,
        ),
        (
            {"kind": "status", "status": 400, "operation": "read", "text": "CHECK00010"},
            "queries",
            ["10 terms"],
            0,
        ),
        (
            {"kind": "status", "status": 400, "operation": "read", "text": "CHECK00000"},
            "queries",
            ["rejects a filter on WebCaseId", "[case.fields]"],
            1,
        ),
        (
            {"kind": "status", "status": 400, "operation": "read", "text": " gt "},
            "queries",
            ["reading further by modified time", "SysModifiedDateTime"],
            1,
        ),
        (
            {"kind": "status", "status": 400, "operation": "read", "text": "eq '*'"},
            "queries",
            ["Search by part of a text does not work"],
            0,
        ),
        (
            {"kind": "reversed_list", "operation": "read", "entity_set": "DealerPortalCases"},
            "queries",
            ["does not sort cases by SysModifiedDateTime", "[case.fields]"],
            1,
        ),
        (
            {"kind": "unasked_record", "operation": "read", "text": "CHECK00000"},
            "queries",
            ["ignores a filter on WebCaseId"],
            1,
        ),
        (
            {"kind": "empty_list", "operation": "read"},
            "companies",
            ["sees no customers in any legal entity", "Assign organizations"],
            1,
        ),
        (
            {"kind": "status", "status": 429, "retry_after_seconds": 1, "count": 1, "operation": "read"},
            "throttling",
            ["429 to 1 requests", "Throttling priority mapping"],
            0,
        ),
    ],
)
async def test_what_reading_finds(
    d365: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any],
    step: str,
    words: list[str],
    exit_code: int,
) -> None:
    await d365.fault(**fault)
    found = await checked(d365, tmp_path, monkeypatch)
    assert [word for word in words if word not in found.said(step)] == []
    assert found.exit_code == exit_code, found.states()
    assert exit_code == 0 or found.states()[step] == "failed"


@pytest.mark.parametrize(
    ("settings", "step", "words"),
    [
        ({"token_error": 700016}, "token", ["AADSTS700016", "D365_CLIENT_ID"]),
        ({"token_error": 7000222}, "token", ["AADSTS7000222", "D365_CLIENT_SECRET"]),
        ({"token_error": 90002}, "token", ["AADSTS90002", "D365_TOKEN_URL"]),
        ({"token_error": 500011}, "token", ["The tenant has no D365 environment with the address in D365_URL"]),
        ({"registered": False}, "service", ["register client casebridge", "with a service user"]),
        ({"sign_in_page": True}, "service", ["D365_URL returns a web page", "If it is a sign-in page"]),
        (
            {"private_fields": ["DealerPortalCases.WebCaseId"]},
            "entities",
            ["Field WebCaseId of DealerPortalCases is missing or private"],
        ),
        (
            {"mandatory_fields": ["Resolution"]},
            "entities",
            ["D365 requires Resolution of DealerPortalCases, but Casebridge does not send it"],
        ),
        (
            {"mandatory_fields": ["Priority"]},
            "entities",
            ["D365 requires Priority of DealerPortalCases, but dealers may leave it empty", "optional in the entity"],
        ),
        (
            {"mandatory_fields": ["ContactPhone", "Notes"]},
            "entities",
            ["requires ContactPhone of DealerPortalCases", "requires Notes of DealerPortalCases"],
        ),
        ({"lacks_view": ["DealerPortalCases"]}, "privileges", ["lacks View on DealerPortalCases (403)"]),
        (
            {"lacks_view": ["CaseCategoryHierarchyDetails"], "missing_privilege_status": 401},
            "privileges",
            ["lacks View on CaseCategoryHierarchyDetails (401)"],
        ),
        (
            {"hidden_companies": ["demf"]},
            "companies",
            [
                "sees only usmf, but dealers exist in demf. An empty list from there proves nothing",
                "Assign organizations",
            ],
        ),
        (
            {"unfilterable_fields": ["DealerPortalCases.CaseRecId"]},
            "entities",
            ["Field CaseRecId of DealerPortalCases cannot be queried", "[case.fields] rec_id"],
        ),
        ({"clock_offset_seconds": 300}, "clock", ["behind D365's", "NTP"]),
    ],
)
async def test_what_reading_finds_of_a_set_up(
    d365: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    step: str,
    words: list[str],
) -> None:
    await d365.set_up(**settings)
    asked = Asked(dealer_companies=frozenset({"usmf", "demf"}))
    found = await checked(d365, tmp_path, monkeypatch, asked=asked)
    assert [word for word in words if word not in found.said(step)] == []
    assert found.states()[step] == "failed"
    assert found.exit_code == 1


async def test_a_mandatory_field_that_every_case_has(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await d365.set_up(mandatory_fields=["WebCaseId", "SubmissionId", "CustomerAccount", "CreatedByUser"])
    found = await checked(d365, tmp_path, monkeypatch)
    assert found.states()["entities"] == "ok", found.said("entities")


async def test_a_key_that_d365_calls_mandatory_and_numbers_itself_is_no_fault(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await d365.set_up(mandatory_fields=["CaseId"])
    found = await checked(d365, tmp_path, monkeypatch)
    assert (found.states()["entities"], found.exit_code) == ("ok", 0), "nobody may set it, so D365 does"

    entity = MetadataService.entity

    async def creatable(self: MetadataService, entity_set: str) -> EntitySchema | None:
        schema = await entity(self, entity_set)
        assert schema
        case_id = replace(schema.fields["CaseId"], creatable=True)
        return replace(schema, fields={**schema.fields, "CaseId": case_id})

    monkeypatch.setattr(MetadataService, "entity", creatable)
    found = await checked(d365, tmp_path, monkeypatch)
    assert (found.states()["entities"], found.exit_code) == ("warning", 0)
    assert "D365 requires CaseId. Only a new case shows whether a number sequence assigns it" in found.said("entities")
    assert "Number sequences" in found.said("entities")

    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert (found.states()["entities"], found.exit_code) == ("ok", 0), found.said("write")
    assert "CaseId" not in found.said("entities")

    await d365.set_up(mandatory_fields=["CaseId"], number_sequence=False)
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert found.states() | {"entities": "warning", "write": "failed"} == found.states()


async def test_what_dealers_may_leave_empty_is_found_although_the_check_fills_it(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await d365.set_up(mandatory_fields=["Description"])
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert "D365 requires Description of DealerPortalCases, but dealers may leave it empty" in found.said("entities")
    assert found.states()["write"] == "ok"
    assert found.exit_code == 1


async def test_a_proxy_that_is_not_there(d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    found = await checked(
        d365, tmp_path, monkeypatch, D365_URL="https://d365.example", D365_CLIENT_SECRET="8f3e1b7c9d2056aa"
    )
    assert "The proxy blocks requests to d365.example" in found.said("network")
    assert "HTTPS_PROXY and NO_PROXY" in found.said("network")
    assert found.exit_code == 2


async def test_a_case_that_was_modified_in_the_future(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await d365.set_up(clock_offset_seconds=3600)
    await d365.control(
        "POST", "/cases", {"dataAreaId": "usmf", "CustomerAccount": "US-001", "CaseCategory": "Warranty"}
    )
    await d365.set_up(clock_offset_seconds=0)
    found = await checked(d365, tmp_path, monkeypatch)
    assert "in the future. Casebridge would miss later changes" in found.said("clock")
    assert found.exit_code == 1


@pytest.mark.parametrize("refused", [False, True])
async def test_two_cases_without_a_web_case_id_are_tried_where_there_are_none(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, refused: bool
) -> None:
    for case in await d365.cases():
        if case["dataAreaId"] == "usmf" and not case["WebCaseId"]:
            await d365.delete("usmf", case["CaseId"])
    if refused:
        taken = "The record already exists."
        await d365.fault(kind="reject", operation="create", fields={"WebCaseId": ""}, message=taken)
    before = await d365.cases()
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert found.states()["write"] == ("failed" if refused else "ok")
    assert ("rejects a second case without a Web Case ID" in found.said("write")) is refused
    assert (ACCEPTS_BLANKS in found.said("write")) is not refused
    assert (found.report.proof is None) is refused
    assert await d365.cases() == before


async def test_two_cases_without_a_web_case_id_are_claimed_only_if_there_were_two(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert ACCEPTS_BLANKS in found.said("write"), "D365 has two"

    for case in await d365.cases():
        if case["dataAreaId"] == "usmf" and not case["WebCaseId"]:
            await d365.delete("usmf", case["CaseId"])
    await d365.fault(kind="status", status=403, operation="delete")
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert "rejects a second case with the same Web Case ID." in found.said("write")
    assert "Two cases without a Web Case ID were not tried" in found.said("write")
    assert "accepts two" not in found.said("write")
    assert found.report.proof is not None


async def test_the_longest_chain_of_or_is_found(d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await d365.set_up(max_filter_nodes=100)
    found = await checked(d365, tmp_path, monkeypatch)
    assert found.states()["queries"] == "ok"
    assert found.report.or_terms is not None
    assert 10 <= found.report.or_terms < 30


@pytest.mark.parametrize(
    ("settings", "step", "state", "words"),
    [
        ({"lacks_maintain": ["DealerPortalCases"]}, "write", "failed", ["lacks Maintain on DealerPortalCases"]),
        ({"number_sequence": False}, "write", "failed", ["Number sequence"]),
        ({"unique_web_case_id": False}, "write", "failed", ["accepted a second case", "CBCaseLink"]),
        (
            {"lengths": {"Description": 60}, "too_long": "cut"},
            "write",
            "warning",
            ["stored only 60 of 4000 characters of Description", "[case.lengths], set description = 60"],
        ),
        (
            {"lengths": {"Description": 60, "Notes": 333}, "too_long": "refuse"},
            "write",
            "warning",
            ["[case.lengths], set description = 60", "accepts 333 characters in Notes"],
        ),
    ],
)
async def test_what_writing_finds_of_a_set_up(
    d365: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    step: str,
    state: str,
    words: list[str],
) -> None:
    await d365.set_up(**settings)
    before = await d365.cases()
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert [word for word in words if word not in found.said(step)] == []
    assert found.states()[step] == state
    assert await d365.cases() == before


@pytest.mark.parametrize(
    ("mapping", "step", "state", "words"),
    [
        (
            '[case.fields]\nnotes = "Remarks"',
            "entities",
            "failed",
            ["Field Remarks of DealerPortalCases is missing or private", "[case]"],
        ),
        (
            '[case]\nentity_set = "DealerPortalCase"',
            "entities",
            "failed",
            ["no entity set DealerPortalCase. Similar names: DealerPortalCases"],
        ),
        ('[customers]\nfilter = "Nothing eq 1"', "entities", "failed", ["filter of [customers]"]),
        (
            "[status]\nNothing = 'open'",
            "status_symbols",
            "warning",
            ["D365's status OnHold is not mapped", "[status]"],
        ),
        ("[status]\nOnHold = 'open'", "status_symbols", "ok", ["All case statuses of D365 are mapped"]),
        (
            '[case.fields]\nrec_id = "Description"\ndescription = ""',
            "entities",
            "failed",
            ["Field Description of DealerPortalCases is Edm.String, but [case.fields] rec_id must be Edm.Int64"],
        ),
        ("web_case_id_unique = false", "write", "warning", ["web_case_id_unique = false"]),
    ],
)
async def test_a_mapping_that_contradicts_the_entity(
    d365: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mapping: str,
    step: str,
    state: str,
    words: list[str],
) -> None:
    found = await checked(d365, tmp_path, monkeypatch, mapping=mapping)
    assert found.states()[step] == state
    assert [word for word in words if word not in found.said(step)] == []


@pytest.mark.parametrize("document", ["docs/connect-d365.md", "deploy/mapping.toml"])
async def test_the_filter_of_customers_that_we_show_is_accepted(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    shown = re.search(r'^(?:# )?filter = "[^"]+"$', (REPOSITORY / document).read_text(), re.MULTILINE)
    assert shown
    mapping = f"[customers]\n{shown[0].removeprefix('# ')}"
    found = await checked(d365, tmp_path, monkeypatch, mapping=mapping)
    assert found.states()["entities"] == "ok", found.said("entities")
    assert "demf, usmf" in found.said("companies")


@pytest.mark.parametrize(
    ("mapping", "skips"),
    [
        ('[customers]\nfilter = "Nothing eq 1"', {"companies"}),
        ('[customers]\nentity_set = "Customers"', {"companies"}),
        ('[case.fields]\nnotes = "Remarks"', {"queries", "write", "throttling"}),
    ],
)
async def test_what_a_step_has_found_is_not_found_again(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapping: str, skips: set[str]
) -> None:
    found = await checked(d365, tmp_path, monkeypatch, mapping=mapping)
    assert [name for name, state in found.states().items() if state == "failed"] == ["entities"]
    skipped_steps = {name for name, state in found.states().items() if state == "skipped"}
    assert skipped_steps - {"events"} == skips
    assert all("step entities failed" in found.said(name) for name in skips)


async def test_a_category_type_that_d365_does_not_have(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await checked(d365, tmp_path, monkeypatch, D365_CATEGORY_TYPES="Sale, general")
    assert found.states()["entities"] == "warning"
    assert "D365 has no category type Sale. It has General, " in found.said("entities")
    assert "Correct D365_CATEGORY_TYPES" in found.said("entities")
    assert found.exit_code == 0

    found = await checked(d365, tmp_path, monkeypatch, D365_CATEGORY_TYPES="Sales, general")
    assert found.states()["entities"] == "ok"


async def test_an_address_with_a_path_is_named_where_d365_refuses_the_token(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await checked(d365, tmp_path, monkeypatch, D365_URL=f"{d365.url}/data")
    assert found.troubled() == {"settings": "warning", "service": "failed"}
    assert f"Set D365_URL to {d365.url}, without the path /data" in found.said("service")


async def test_a_company_without_a_customer_that_is_seen(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await checked(d365, tmp_path, monkeypatch, asked=Asked(company="frrt"))
    assert "sees only demf, usmf, but dealers exist in frrt. An empty list from there proves nothing" in found.said(
        "companies"
    )
    assert found.exit_code == 1


async def test_writing_proves_uniqueness_and_leaves_nothing(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await d365.cases()
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert found.troubled() == {"status_symbols": "warning"}
    assert "deleted again. Nothing is left" in found.said("write")
    assert found.report.proof is not None
    assert "can create cases" in found.said("privileges")
    assert await d365.cases() == before


async def test_a_case_that_d365_creates_and_does_not_show_proves_nothing(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An inner join in the entity, a role, or another legal entity hides it: 200 with no rows."""
    await d365.fault(kind="empty_list", operation="read", entity_set="DealerPortalCases")
    before = await d365.cases()
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert found.states() | {"write": "failed", "privileges": "ok"} == found.states()
    assert "D365 created case " in found.said("write")
    assert "in usmf, but does not show it" in found.said("write")
    assert "outer join" in found.said("write")
    assert "stored as it was sent" not in found.said("write")
    assert "can create cases" in found.said("privileges")
    assert (found.report.proof, found.exit_code) == (None, 1)
    assert await d365.cases() == before


async def test_a_created_case_that_one_read_misses_is_read_again(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    select, misses = OwnCases.select, count(1)

    async def miss_one(self: OwnCases, wanted: str, select_: str, most: int = 10) -> list[dict[str, Any]]:
        rows = await select(self, wanted, select_, most)
        return [] if wanted.startswith("CaseId eq") and next(misses) == 1 else rows

    monkeypatch.setattr(OwnCases, "select", miss_one)
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert found.states()["write"] == "ok", found.said("write")
    assert "stored as it was sent" in found.said("write")
    assert next(misses) > 2
    assert found.report.proof is not None


async def test_writing_leaves_two_canceled_cases_where_deleting_is_not_permitted(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await d365.fault(kind="status", status=403, operation="delete")
    before = {case["CaseId"] for case in await d365.cases() if case["dataAreaId"] == "usmf"}
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    left = [case for case in await d365.cases() if case["dataAreaId"] == "usmf" and case["CaseId"] not in before]
    assert [case["CaseStatus"] for case in left] == ["Canceled", "Canceled"]
    assert all("Casebridge connection check" in case["Description"] for case in left)
    assert [case["CaseId"] for case in left if f"Case {case['CaseId']} remains" not in found.said("write")] == []
    assert len({case["WebCaseId"] for case in left}) == 2
    assert found.troubled() == {"status_symbols": "warning"}
    assert found.report.proof is not None


async def test_lists_in_the_mapping_name_a_company_in_any_letters(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await d365.fault(kind="status", status=403, operation="delete")
    mapping = (
        '[categories]\nlist = [{ category = "Breakdown", category_type = "Service", data_area_id = "USMF" }]\n'
        '[priorities]\nlist = [{ priority = "Low", data_area_id = "frrt" },\n'
        '{ priority = "High", data_area_id = "USMF" }]'
    )
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING, mapping=mapping)
    assert found.states()["write"] == "ok", found.said("write")
    left = [case for case in await d365.cases() if "connection check" in case["Description"]]
    assert {(case["CaseCategory"], case["Priority"]) for case in left} == {("Breakdown", "High")}


@pytest.mark.parametrize(
    ("status", "left_as", "said"),
    [
        ('Canceled = "closed"', "Closed", "remains, closed, because the service user may not delete it"),
        ('OnHold = "canceled"\nCanceled = "open"', "OnHold", "remains, canceled, because"),
        ('Canceled = "open"\nClosed = "open"', "None", "is still open"),
    ],
)
async def test_the_case_of_a_check_ends_as_the_mapping_can_say_it(
    d365: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: str,
    left_as: str,
    said: str,
) -> None:
    await d365.set_up(lacks_delete=["DealerPortalCases"])
    mapping = f"[status]\n{status}"
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING, mapping=mapping)
    left = [case for case in await d365.cases() if "connection check" in case["Description"]]
    assert {case["CaseStatus"] for case in left} == {left_as}
    assert [case["CaseId"] for case in left if f"Case {case['CaseId']} {said}" not in found.said("write")] == []


@pytest.mark.parametrize(
    ("settings", "submission_id", "state"),
    [
        pytest.param({"lengths": {"SubmissionId": 20}, "too_long": "cut"}, "SubmissionId", "failed", id="cut"),
        pytest.param({"lengths": {"SubmissionId": 0}, "too_long": "cut"}, "SubmissionId", "failed", id="dropped"),
        pytest.param({"lengths": {"SubmissionId": 20}, "too_long": "cut"}, "", "ok", id="not sent"),
    ],
)
async def test_a_submission_id_that_d365_changes(
    d365: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    submission_id: str,
    state: str,
) -> None:
    await d365.set_up(**settings)
    mapping = f'[case.fields]\nsubmission_id = "{submission_id}"'
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING, mapping=mapping)
    assert found.states()["write"] == state, found.said("write")
    assert ("D365 did not store SubmissionId as it was sent" in found.said("write")) is (state == "failed")
    assert (found.report.proof is None) is (state == "failed")
    assert "Nothing is left" in found.said("write")


@pytest.mark.parametrize("status", [401, 403])
async def test_a_role_that_may_read_and_not_create(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    await d365.fault(kind="status", status=status, operation="create")
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert found.states() | {"privileges": "ok", "write": "failed", "events": "skipped"} == found.states()
    assert f"CBIntegration lacks Maintain on DealerPortalCases ({status})" in found.said("write")
    assert "assign the role CBIntegration" in found.said("write")
    assert found.said("privileges") == "The service user can read all mapped entity sets. "
    assert found.exit_code == 1


async def test_a_case_that_d365_refuses(d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await d365.fault(kind="reject", operation="create", message="Field 'Site' must be filled in.")
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert "Field 'Site' must be filled in." in found.said("write")
    assert found.states()["write"] == "failed"
    assert found.report.proof is None


async def test_a_case_whose_creation_gets_no_answer_is_cleaned_up(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await d365.fault(kind="drop", operation="create", when="after_commit", count=1)
    before = await d365.cases()
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert "no clear answer" in found.said("write")
    assert "Nothing is left" in found.said("write")
    assert await d365.cases() == before


def refuse(monkeypatch: pytest.MonkeyPatch, numbers: Container[int], *, status: int) -> None:
    """Let D365 refuse the creations with these numbers, whatever their Web Case IDs."""
    create, number = D365Client.create_case, count(1)
    exchange = Exchange(status, "", None, 0.0)
    refusal = Rejected(status, "Wait.", "Wait a minute.", retry_once=status == 500, exchange=exchange)

    async def create_case(self: D365Client, case: CaseToCreate, *, timeout: float) -> CreateAnswer:  # noqa: ASYNC109
        return refusal if next(number) in numbers else await create(self, case, timeout=timeout)

    monkeypatch.setattr(D365Client, "create_case", create_case)
    monkeypatch.setattr(writing, "_COLLISION_SECONDS", 0)


@pytest.mark.parametrize(
    ("unique", "refused", "status", "state", "said"),
    [
        pytest.param(False, {2}, 500, "failed", "accepted a second case", id="a collision proves nothing"),
        pytest.param(True, {2}, 500, "ok", "", id="D365 refuses it after the collision, too"),
        pytest.param(True, {3}, 500, "ok", "", id="the control collides"),
        pytest.param(False, range(2, 9), 400, "warning", "also with another one: Wait a minute.", id="another rule"),
        pytest.param(False, range(2, 9), 500, "warning", "also with another one: Wait a minute.", id="no number"),
    ],
)
async def test_only_a_refusal_of_the_web_case_id_proves_that_it_is_unique(
    d365: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    unique: bool,
    refused: Container[int],
    status: int,
    state: str,
    said: str,
) -> None:
    await d365.set_up(unique_web_case_id=unique)
    refuse(monkeypatch, refused, status=status)
    before = await d365.cases()
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert found.states()["write"] == state, found.said("write")
    assert said in found.said("write")
    assert (found.report.proof is not None) is (state == "ok")
    assert await d365.cases() == before


async def test_a_control_that_is_interrupted_is_cleaned_up(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, number, created = D365Client.create_case, count(1), asyncio.Event()

    async def create_case(self: D365Client, case: CaseToCreate, *, timeout: float) -> CreateAnswer:  # noqa: ASYNC109
        answer = await create(self, case, timeout=timeout)
        if next(number) == 3:
            created.set()
            await asyncio.Event().wait()
        return answer

    monkeypatch.setattr(D365Client, "create_case", create_case)
    before = await d365.cases()
    running = asyncio.ensure_future(checked(d365, tmp_path, monkeypatch, asked=WRITING))
    await asyncio.wait_for(created.wait(), 60)
    assert len(await d365.cases()) == len(before) + 2
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert await d365.cases() == before


async def test_each_missing_setting_is_named() -> None:
    settings, problems = read_settings()
    assert settings is None
    said = " ".join(one.message for one in problems)
    assert [name for name in ("D365_URL", "D365_CLIENT_ID", "D365_CLIENT_SECRET") if name not in said] == []
    (step, *others) = (await check_network_only(problems)).steps
    assert step.remedy == "Set D365_URL. Set D365_CLIENT_SECRET. Set D365_CLIENT_ID. Set D365_TOKEN_URL."
    assert {one.state for one in others} == {"skipped"}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"D365_MAPPING": "/nothing"}, {"D365_MAPPING", "D365_TOKEN_URL"}),
        ({"D365_URL": "contoso.example"}, {"D365_URL", "D365_TOKEN_URL"}),
        ({"D365_URL": "https://contoso.example:port"}, {"D365_URL", "D365_TOKEN_URL"}),
        ({"D365_TENANT_ID": "?", "D365_CLIENT_SECRET": ""}, {"D365_TENANT_ID", "D365_CLIENT_SECRET"}),
        (
            {"D365_CLIENT_CERTIFICATE": "/nothing", "D365_CLIENT_SECRET": ""},
            {"D365_CLIENT_CERTIFICATE", "D365_TOKEN_URL"},
        ),
    ],
)
def test_what_cannot_be_read_hides_nothing_else(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str], named: set[str]
) -> None:
    given = {"D365_URL": "https://d365.example", "D365_CLIENT_ID": "a", "D365_CLIENT_SECRET": "8f3e1b7c9d2056aa"}
    for name, value in (given | wrong).items():
        monkeypatch.setenv(name, value)
    _, problems = read_settings()
    assert {one.values["setting"] for one in problems} == named


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"D365_TOKEN_URL": "http://127.0.0.1:1/token"}, "connect to 127.0.0.1:1"),
        ({"D365_TENANT_ID": "a.example", "D365_CLOUD": "china"}, "login.chinacloudapi.cn"),
        ({"D365_URL": "http://127.0.0.1:1", "D365_TOKEN_URL": "nothing"}, "connect to 127.0.0.1:1"),
    ],
)
async def test_an_address_is_tried_although_other_settings_are_missing(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], asked: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:2")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    _, problems = read_settings()
    found = Checked(await check_network_only(problems))
    assert found.states() == {one.value: "skipped" for one in StepId} | {"settings": "failed", "network": "failed"}
    assert asked in found.said("network")
    monkeypatch.setenv("CASEBRIDGE_TRIAL", "true")
    _, problems = read_settings()
    assert Checked(await check_network_only(problems)).states()["network"] == "skipped"


def test_the_token_endpoint_is_never_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"URL": "https://d365.example", "CLIENT_ID": "a", "CLIENT_SECRET": "8f3e1b7c9d2056aa"}.items():
        monkeypatch.setenv(f"D365_{name}", value)
    settings, (problem,) = read_settings()
    assert settings is None
    assert "D365_TOKEN_URL: not set, so the secret would go to D365 itself" in problem.message
    assert "/oauth2/v2.0/token" in problem.message
    assert "Set D365_TOKEN_URL" in problem.remedy


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("D365_URL", "contoso.operations.dynamics.com", "D365_URL: it must be an address such as https://"),
        ("D365_URL", "http://d365.example", "D365_URL: use https, because secrets go there"),
    ],
)
def test_a_setting_that_is_wrong_is_to_be_corrected(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    for one, text in {"URL": "https://d365.example", "CLIENT_ID": "a", "CLIENT_SECRET": "8f3e1b7c9d2056aa"}.items():
        monkeypatch.setenv(f"D365_{one}", text)
    monkeypatch.setenv("D365_TENANT_ID", "contoso.example")
    monkeypatch.setenv(name, value)
    _, (problem,) = read_settings()
    assert problem.message.startswith(said)
    assert problem.remedy == f"Correct {name}."


async def test_an_event_of_the_marked_case_is_waited_for(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await broker.create("events")
    topic, kafka = topic_name(broker.settings, "events"), broker.settings.kafka_bootstrap_servers
    asked = replace(WRITING, event_seconds=20 * PATIENCE)
    async with started(tmp_path, kafka_bootstrap_servers=kafka, events_topic=topic) as d365:
        found = await checked(d365, tmp_path, monkeypatch, asked=asked, kafka=broker.settings)
        assert found.states()["events"] == "ok"
        assert found.exit_code == 0

        await d365.set_up(inactive_events=["usmf"])
        asked = replace(asked, event_seconds=1)
        found = await checked(d365, tmp_path, monkeypatch, asked=asked, kafka=broker.settings)
        assert found.states()["events"] == "failed"
        assert "CaseStatusChangedBusinessEvent) for usmf arrived within 1 s" in found.said("events")
        assert "activate the event for that legal entity" in found.said("events")
        assert "D365_EVENTS_SECRET" in found.said("events")
        assert "Nothing is left" in found.said("write")

    unreachable = KafkaSettings(kafka_bootstrap_servers="127.0.0.1:1")
    assert "Kafka cannot be reached" in (await watched(unreachable)).message


async def watched(settings: KafkaSettings) -> Finding:
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(watch_topic(settings, "events", SystemClock()))
        except NoKafka as error:
            return skipped("events_need_kafka", why=str(error))
    raise AssertionError("Kafka was reached")


async def test_the_command_prints_json_and_exits_by_what_was_found(d365: Sandbox) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "casebridge", "d365", "check", "--json",
        env=os.environ | d365.environment() | {"D365_URL": "http://127.0.0.1:1"}, stdout=subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert process.returncode == 2
    report = json.loads(printed)
    assert set(report) == {"ok", "steps"}
    assert not report["ok"]
    assert all(set(step) == {"id", "state", "message", "remedy"} for step in report["steps"])
    assert [step["id"] for step in report["steps"]] == [step.value for step in StepId]


@pytest.mark.parametrize("operation", ["create", "delete"])
async def test_a_check_that_is_stopped_cleans_up(d365: Sandbox, operation: str) -> None:
    before = {case["CaseId"] for case in await d365.cases() if case["dataAreaId"] == "usmf"}
    slow = {"create": 60, "delete": 3 * PATIENCE}[operation]
    await d365.fault(kind="slow", operation=operation, when="after_commit", delay_seconds=slow, count=1)
    await d365.fault(kind="status", status=403, operation="delete")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "casebridge", "d365", "check", "--write", "--company", "usmf",
        env=os.environ | d365.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip

    async def created() -> list[dict[str, Any]]:
        return [one for one in await d365.cases() if one["dataAreaId"] == "usmf" and one["CaseId"] not in before]

    async def busy() -> bool:
        hits = [one["hits"] for one in (await d365.control("GET", "/faults"))["items"]]
        return bool(await created()) and bool(hits[0])

    try:
        await eventually(busy, within_seconds=60)
        process.send_signal(signal.SIGTERM)
        _, said = await process.communicate()
    finally:
        # What a failed test leaves running would write into the next one's D365.
        with suppress(ProcessLookupError):
            process.kill()
    left = await created()
    assert len(left) == {"create": 1, "delete": 2}[operation]
    assert process.returncode == 128 + signal.SIGTERM
    assert {case["CaseStatus"] for case in left} == {"Canceled"}
    assert [case["CaseId"] for case in left if f"Case {case['CaseId']} remains, canceled" not in said.decode()] == []
    assert "Traceback" not in said.decode()


async def test_what_a_killed_check_left_open_is_closed_by_the_next_one(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    category = {"CustomerAccount": "US-001", "CaseCategory": "Breakdown", "CategoryType": "Service"}
    before = await d365.cases()
    await d365.set_up(clock_offset_seconds=-3600)
    case = {"dataAreaId": "usmf", "WebCaseId": "CHECK12345", "Description": "left"} | category
    left = await d365.control("POST", "/cases", case)
    await d365.set_up()
    running = await d365.control("POST", "/cases", case | {"WebCaseId": "CHECK67890"})
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert f"Case {left['CaseId']} was deleted again" in found.said("write")
    assert [case["CaseId"] for case in await d365.cases() if case not in before] == [running["CaseId"]]


async def test_earlier_cases_are_recognized_whatever_letters_and_zone_d365_writes(
    d365: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    select = OwnCases.select

    async def written_otherwise(self: OwnCases, wanted: str, names: str, most: int = 10) -> list[dict[str, Any]]:
        rows = await select(self, wanted, names, most)
        if "SysModifiedDateTime" not in names:
            return rows
        return [
            row
            | {
                "SysModifiedDateTime": row["SysModifiedDateTime"].removesuffix("Z"),
                "CaseStatus": f" {row['CaseStatus'].upper()}",
            }
            for row in rows
        ]

    monkeypatch.setattr(OwnCases, "select", written_otherwise)
    case = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "CaseCategory": "Breakdown", "CategoryType": "Service"}
    before = await d365.cases()
    await d365.set_up(clock_offset_seconds=-3600)
    left = await d365.control("POST", "/cases", case | {"WebCaseId": "CHECK12345"})
    ended = await d365.control("POST", "/cases", case | {"WebCaseId": "CHECK24680", "CaseStatus": "Canceled"})
    await d365.set_up()
    running = await d365.control("POST", "/cases", case | {"WebCaseId": "CHECK67890"})
    found = await checked(d365, tmp_path, monkeypatch, asked=WRITING)
    assert f"Case {left['CaseId']} was deleted again" in found.said("write")
    remaining = [case["CaseId"] for case in await d365.cases() if case not in before]
    assert remaining == [ended["CaseId"], running["CaseId"]]
