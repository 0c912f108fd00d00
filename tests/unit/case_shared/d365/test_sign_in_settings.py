"""Which settings define the sign-in to D365, and which are incomplete, too many, or contradictory."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from case_shared.d365.settings import D365Settings
from case_shared.d365.sign_in import (
    Certificate,
    ClientCredentials,
    ManagedIdentity,
    Secret,
    SignIn,
    Tenant,
    WorkloadIdentity,
)
from tests.support.tls import client_certificate

GOOD = "c2f1a90b7e64d853c2f1a90b"
URL = "https://Contoso.operations.dynamics.com/"
WITH_SECRET = {"d365_url": URL, "d365_client_id": "app", "d365_client_secret": GOOD}
BARE = {"d365_url": URL, "d365_client_id": "app", "d365_tenant_id": "contoso.com"}
PUBLIC = Tenant("https://login.microsoftonline.com", "contoso.com")
ENTRA_URL = "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token"


def settings(**given: Any) -> D365Settings:
    return D365Settings(**given)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate with its key, also used as a federated token: the start does not read that file."""
    return client_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.mark.parametrize(
    ("given", "sign_in"),
    [
        ({**WITH_SECRET, "d365_tenant_id": "contoso.com"}, Secret(PUBLIC, "app", SecretStr(GOOD))),
        ({**WITH_SECRET, "d365_token_url": ENTRA_URL}, Secret(PUBLIC, "app", SecretStr(GOOD))),
        (
            {**WITH_SECRET, "d365_tenant_id": "t", "d365_cloud": "usgov"},
            Secret(Tenant("https://login.microsoftonline.us", "t"), "app", SecretStr(GOOD)),
        ),
        (
            {**WITH_SECRET, "d365_tenant_id": "t", "d365_cloud": "china"},
            Secret(Tenant("https://login.chinacloudapi.cn", "t"), "app", SecretStr(GOOD)),
        ),
        (
            {**WITH_SECRET, "d365_token_url": "https://adfs.example/adfs/oauth2/token"},
            ClientCredentials("https://adfs.example/adfs/oauth2/token", "app", SecretStr(GOOD)),
        ),
        (
            {**WITH_SECRET, "d365_url": "http://sandbox:8365", "casebridge_trial": True},
            ClientCredentials("http://sandbox:8365/oauth2/v2.0/token", "app", SecretStr(GOOD)),
        ),
        ({"d365_url": URL, "d365_managed_identity": True}, ManagedIdentity(None)),
        ({"d365_url": URL, "d365_managed_identity": True, "d365_client_id": "id"}, ManagedIdentity("id")),
    ],
)
def test_each_way_of_signing_in_is_known_by_its_settings(given: dict[str, Any], sign_in: SignIn) -> None:
    assert settings(**given).sign_in == sign_in
    assert GOOD not in repr(settings(**given).sign_in), "what is logged shows no secret"


def test_files_prove_us_to_entra_alone(file: Path) -> None:
    assert settings(**BARE, d365_client_certificate=file).sign_in == Certificate(PUBLIC, "app", file)
    assert settings(**BARE, d365_federated_token_file=file).sign_in == WorkloadIdentity(PUBLIC, "app", file)


def test_the_scope_is_the_environment_in_lower_case_or_what_is_set() -> None:
    given = {**WITH_SECRET, "d365_tenant_id": "t"}
    assert settings(**given).scope == "https://contoso.operations.dynamics.com/.default"
    assert settings(**given, d365_scope="api://x/.default").scope == "api://x/.default"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (WITH_SECRET, "D365_TOKEN_URL: not set, so the secret would go to D365 itself"),
        (
            {**WITH_SECRET, "d365_url": "http://d365.example"},
            "use https, because secrets go there; http is only for this machine\nD365_TOKEN_URL: not set",
        ),
        ({**WITH_SECRET, "d365_token_url": f"{URL}oauth2/v2.0/token"}, "D365_TOKEN_URL: this is D365_URL's own host"),
        ({**WITH_SECRET, "d365_token_url": ENTRA_URL, "d365_tenant_id": "t"}, "D365_TOKEN_URL: D365_TENANT_ID is set"),
        ({**WITH_SECRET, "d365_tenant_id": "t", "d365_managed_identity": True}, "D365_CLIENT_SECRET and D365_MANAGED"),
        ({"d365_url": URL, "d365_tenant_id": "t", "d365_managed_identity": True}, "needs neither D365_TENANT_ID"),
        (
            {**WITH_SECRET, "d365_url": "http://sandbox:8365", "casebridge_trial": True, "d365_tenant_id": "t"},
            "CASEBRIDGE_TRIAL: ",
        ),
        ({"d365_url": URL, "d365_client_id": "app"}, "D365_CLIENT_SECRET: not set. Set one of"),
        ({**WITH_SECRET, "d365_client_id": None, "d365_tenant_id": "t"}, "D365_CLIENT_ID: not set"),
        ({**BARE, "d365_client_certificate": __file__}, "D365_CLIENT_CERTIFICATE: "),
        (
            {"d365_url": URL, "d365_client_id": "app", "d365_token_url": "https://x.example/t",
             "d365_federated_token_file": __file__},
            "D365_TOKEN_URL: only Entra accepts",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**given)
    assert says in str(refused.value)
    assert GOOD not in refused.value.errors(include_input=False)[0]["msg"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("d365_cloud", "germany"), ("d365_tenant_id", "https://x"), ("d365_client_certificate", "/does/not/exist")],
)
def test_a_value_that_cannot_be_is_named(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**{**WITH_SECRET, "d365_tenant_id": "t", name: value})
    assert refused.value.errors()[0]["loc"] == (name,)
