"""Step `settings`: names what is missing or wrong before anything is sent."""

from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict
from yarl import URL

from case_shared.d365.check.network import D365_TOKEN_URL, D365_URL, addresses_of
from case_shared.d365.check.report import Finding, failed, ok, warning
from case_shared.d365.settings import D365Settings
from case_shared.d365.sign_in import Cloud, Tenant
from case_shared.kafka.event_hub import InboundTopic
from case_shared.process.secret_files import UnusableSecretFile

_SOME_URL = "https://example.operations.dynamics.com"
# In place of what cannot be read, so that nothing else counts as missing because of it; of others, the default.
_STAND_INS = {
    "d365_url": _SOME_URL,
    "d365_tenant_id": "example.com",
    "d365_client_certificate": __file__,
    "d365_federated_token_file": __file__,
}
_TOKEN_SETTINGS = {D365_TOKEN_URL, "D365_TENANT_ID", "D365_CLOUD", "D365_MANAGED_IDENTITY"}


class CheckSettings(D365Settings, InboundTopic):
    """The settings that a check needs: D365's alone."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)


def read_settings() -> tuple[CheckSettings | None, list[Finding]]:
    """Read the settings from the environment, or return a finding for each that is wrong or missing."""
    try:
        settings = CheckSettings()
    except UnusableSecretFile as error:
        return None, [_problem("", "", str(error))]
    except ValidationError as error:
        return None, [*_problems(error), *_behind_the_unreadable(error)]
    return settings, judge_settings(settings)


def judge_settings(settings: D365Settings) -> list[Finding]:
    """Judge whether settings that are readable also fit together."""
    url = URL(settings.d365_url)
    if url.path not in {"", "/"}:
        return [warning("url_has_path", path=url.path, root=url.origin())]
    return [ok("settings_fit", url=settings.d365_url)]


def addresses_without(problems: Sequence[Finding]) -> dict[str, URL]:
    """Return the addresses that can be tried although there are `problems`, by the setting that names each.

    No secret goes there. A trial, which may reach nothing but its own network, tries none.
    """
    given = CheckSettings.variables()
    unfit = {one.values["setting"] for one in problems}
    d365 = None if D365_URL in unfit else str(given.get("d365_url", "")).rstrip("/")
    token = None if unfit & _TOKEN_SETTINGS else given.get("d365_token_url")
    if tenant := None if unfit & _TOKEN_SETTINGS or token else given.get("d365_tenant_id"):
        token = Tenant(Cloud(given.get("d365_cloud", Cloud.PUBLIC)).authority, tenant).token_url
    is_trial = given.get("casebridge_trial", "false") != "false"
    return {} if is_trial else addresses_of(d365, token)


def _behind_the_unreadable(error: ValidationError) -> list[Finding]:
    """Find what else is wrong: settings are compared with each other only once each one is readable."""
    unreadable = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
    if not unreadable:
        return []
    fields = CheckSettings.model_fields
    try:
        CheckSettings(**{name: _STAND_INS.get(name, fields[name].default) for name in unreadable})
    except ValidationError as further:
        named = {name.upper() for name in unreadable}
        return [one for one in _problems(further) if one.values["setting"] not in named]
    return []


def _problems(error: ValidationError) -> list[Finding]:
    return [
        _problem(".".join(map(str, one["loc"])), one["type"], line)
        for one in error.errors(include_url=False, include_input=False)
        for line in one["msg"].removeprefix("Value error, ").splitlines()
    ]


def _problem(name: str, kind: str, message: str) -> Finding:
    if kind == "missing":
        return failed("setting_wrong", setting=name.upper(), problem="not set")
    # A check over several settings has no location; its message names them.
    setting, _, problem = (name, "", message) if name else message.partition(": ")
    problem = (problem or message).rstrip(".")
    if kind == "string_pattern_mismatch" and name.endswith("_url"):
        problem = f"it must be an address such as {_SOME_URL}"
    code = "setting_wrong" if problem.startswith("not set") else "setting_unfit"
    return failed(code, setting=setting.upper(), problem=problem)
