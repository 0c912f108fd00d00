"""The rules and the configuration as they are deployed, but with every duration divided by one factor.

That is `for`, intervals, ranges in brackets, and numbers of seconds that stand for waiting. Everything else keeps its
meaning, so it keeps its value.
"""

import copy
import re
from typing import Any

Json = dict[str, Any]
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATIONS = ("for", "interval", "scrape_interval", "evaluation_interval")
_RANGE = re.compile(r"(?<=[\[:])\d+[smhd](?=[:\]])")
# An age or a lag that is compared with a number.
_WAITED = re.compile(r"(_(?:age|lag)_seconds\b[^>]*> )(\d+)\b")
# A rate over a range, times the seconds of that range: how many there were.
_COUNTED = re.compile(r"(\[(\d+[smhd])\]\) \* )(\d+)\b")
# A twentieth of its four hours is still too long for a test.
_SOONER = {"DeliveryPaused": 60.0}


def shortened(document: Json, factor: float) -> Json:
    """A copy of rules or of a configuration that runs `factor` times as fast."""
    copied: Json = copy.deepcopy(document)
    for part in (copied.get("global", {}), *groups(copied), *rules(copied)):
        for name in _DURATIONS:
            if name in part:
                part[name] = _text(seconds(part[name]) / factor)
    for rule in rules(copied):
        rule["expr"] = _expression(rule["expr"], factor)
        if rule.get("alert") in _SOONER:
            rule["for"] = _text(_SOONER[rule["alert"]])
    return copied


def groups(document: Json) -> list[Json]:
    """The groups of rules."""
    return list(document.get("groups", []))


def rules(document: Json) -> list[Json]:
    """The rules of all groups."""
    return [rule for group in groups(document) for rule in group["rules"]]


def wait_seconds(rule: Json) -> float:
    """How long a rule waits until it fires: the age that it asks for, and its `for`."""
    waited = _WAITED.search(rule["expr"])
    return seconds(rule.get("for", "0s")) + (float(waited[2]) if waited else 0.0)


def seconds(duration: str) -> float:
    """A duration of Prometheus with one unit."""
    number, unit = re.fullmatch(r"(\d+)(ms|[smhd])", duration).groups()  # type: ignore[union-attr]
    return int(number) * _SECONDS[unit]


def _expression(expression: str, factor: float) -> str:
    counted = _COUNTED.sub(lambda found: f"{found[1]}{int(found[3]) / factor:g}", expression)
    waited = _WAITED.sub(lambda found: f"{found[1]}{int(found[2]) / factor:g}", counted)
    return _RANGE.sub(lambda found: _text(seconds(found[0]) / factor), waited)


def _text(duration: float) -> str:
    return f"{duration * 1000:.0f}ms"
