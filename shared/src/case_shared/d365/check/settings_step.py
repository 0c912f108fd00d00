"""Step `settings`: names what is missing or wrong before anything is sent."""

from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict
from yarl import URL

from case_shared.d365.check.report import Finding, failed, ok, warning
from case_shared.d365.settings import D365Settings
from case_shared.kafka.event_hub import InboundTopic
from case_shared.process.secret_files import UnusableSecretFile

_SOME_URL = "https://example.operations.dynamics.com"


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
        return None, [*_problems(error), *_behind_the_missing_url(error)]
    return settings, judge_settings(settings)


def judge_settings(settings: D365Settings) -> list[Finding]:
    """Judge whether settings that are readable also fit together."""
    url = URL(settings.d365_url)
    if url.path not in {"", "/"}:
        return [warning("url_has_path", path=url.path, root=url.origin())]
    return [ok("settings_fit", url=settings.d365_url)]


def _behind_the_missing_url(error: ValidationError) -> list[Finding]:
    """Find what else is missing: settings are compared with each other only once each one is readable."""
    if [(one["loc"], one["type"]) for one in error.errors()] != [(("d365_url",), "missing")]:
        return []
    try:
        CheckSettings(d365_url=_SOME_URL)
    except ValidationError as further:
        return _problems(further)
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
