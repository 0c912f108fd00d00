"""Step `settings`: what is missing or wrong is named before anything is sent."""

from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict
from yarl import URL

from case_shared.d365.check.report import Finding, failed, ok, warning
from case_shared.d365.settings import D365Settings
from case_shared.kafka.event_hub import InboundTopic

_SOME_URL = "https://example.operations.dynamics.com"


class CheckSettings(D365Settings, InboundTopic):
    """What a check needs of the environment: D365's settings alone."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)


def read_settings() -> tuple[CheckSettings | None, list[Finding]]:
    """The settings in the environment, or every one that is wrong or missing."""
    try:
        settings = CheckSettings(_env_ignore_empty=True)
    except ValidationError as error:
        return None, [*_problems(error), *_behind_the_missing_url(error)]
    return settings, judge_settings(settings)


def judge_settings(settings: D365Settings) -> list[Finding]:
    """Settings that can be read, and may still not fit together."""
    url = URL(settings.d365_url)
    if url.path not in {"", "/"}:
        return [warning("url_has_path", path=url.path, root=url.origin())]
    return [ok("settings_fit", url=settings.d365_url)]


def _behind_the_missing_url(error: ValidationError) -> list[Finding]:
    """What else is missing: settings that must fit together are looked at only where each alone can be read."""
    if [(one["loc"], one["type"]) for one in error.errors()] != [(("d365_url",), "missing")]:
        return []
    try:
        CheckSettings(_env_ignore_empty=True, d365_url=_SOME_URL)
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
        return failed("setting_wrong", setting=name.upper(), problem="is missing")
    # A check over several settings has no place of its own; its message names them.
    setting, _, problem = (name, "", message) if name else message.partition(": ")
    problem = (problem or message).rstrip(".")
    if kind == "string_pattern_mismatch" and name.endswith("_url"):
        problem = f"must be an address, such as {_SOME_URL}"
    code = "setting_wrong" if problem.startswith("is ") else "setting_unfit"
    return failed(code, setting=setting.upper(), problem=problem)
