"""A Prometheus server that scrapes the services with their token, and evaluates the deployed rules, shortened."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from casebridge.parts import answers
from casebridge.ports import HOST
from casebridge.program import Program
from tests.alerts.shortened import Json, rules, seconds, shortened, wait_seconds

ROOT = Path(__file__).parents[2]
DEPLOYED = ROOT / "deploy" / "prometheus"
FACTOR = 20.0
PROGRAM = shutil.which("prometheus") or shutil.which(str(ROOT / ".tools/promtool/usr/bin/prometheus"))


@dataclass(frozen=True)
class Prometheus:
    """The server; its files are in `folder`."""

    folder: Path
    port: int
    session: aiohttp.ClientSession

    def program(self, token: str) -> Program:
        """What runs it; writes its files."""
        assert PROGRAM is not None, "Prometheus is not here. Install it, or run `make alerts-live`, which brings it."
        configuration = _shortened("prometheus.yml")
        for name in configuration["rule_files"]:
            (self.folder / name).write_text(yaml.safe_dump(_shortened(name)))
        (job,) = configuration["scrape_configs"]
        # The targets name their job themselves: here all have the same host name.
        del job["static_configs"], job["relabel_configs"]
        job["file_sd_configs"] = [{"files": [str(self._targets)]}]
        job["authorization"]["credentials_file"] = str(self.folder / "token")
        (self.folder / "token").write_text(token)
        file = self.folder / "prometheus.yml"
        file.write_text(yaml.safe_dump(configuration))
        address = f"--web.listen-address={HOST}:{self.port}"
        argv = (PROGRAM, f"--config.file={file}", f"--storage.tsdb.path={self.folder / 'data'}", address)
        return Program("prometheus", argv, self.folder, {}, lambda: answers(self.port, "/-/ready"))

    def scrape(self, targets: Mapping[str, Sequence[int]]) -> None:
        """Scrape these ports from now on, by service."""
        found = [
            {"targets": [f"{HOST}:{port}" for port in ports], "labels": {"job": job}} for job, ports in targets.items()
        ]
        new = self._targets.with_suffix(".new")
        new.write_text(json.dumps(found))
        new.replace(self._targets)

    async def firing(self) -> set[str]:
        """The alerts that fire now, each with the job that it names, if any: `ServiceDown case-api`."""
        found = (await self._get("alerts"))["alerts"]
        return {_name(one["labels"]) for one in found if one["state"] == "firing"}

    async def fired(self, within_seconds: float) -> set[str]:
        """The alerts that fired at some time within the last seconds."""
        query = f'max_over_time(ALERTS{{alertstate="firing"}}[{within_seconds * 1000:.0f}ms])'
        return {_name(one["metric"]) for one in (await self._get("query", query=query))["result"]}

    async def scraped(self) -> set[str]:
        """The services of which every target answers."""
        found = (await self._get("query", query="min by (job) (up) == 1"))["result"]
        return {one["metric"]["job"] for one in found}

    @property
    def _targets(self) -> Path:
        return self.folder / "targets.json"

    async def _get(self, what: str, **query: str) -> Any:
        async with self.session.get(f"http://{HOST}:{self.port}/api/v1/{what}", params=query) as answer:
            answer.raise_for_status()
            return (await answer.json())["data"]


def waits(alert: str) -> tuple[float, float]:
    """Seconds that an alert waits at most, here and in production: its own time, a scrape and two evaluations.

    Two, because `for` is counted from one evaluation, and has passed at another.
    """

    def of(read: Callable[[str], Json]) -> float:
        configuration = read("prometheus.yml")
        every, files = configuration["global"], configuration["rule_files"]
        (rule,) = (one for name in files for one in rules(read(name)) if one.get("alert") == alert)
        return wait_seconds(rule) + seconds(every["scrape_interval"]) + 2 * seconds(every["evaluation_interval"])

    return of(_shortened), of(_deployed)


def _shortened(name: str) -> Json:
    return shortened(_deployed(name), FACTOR)


def _deployed(name: str) -> Json:
    document: Json = yaml.safe_load((DEPLOYED / name).read_text())
    return document


def _name(labels: Mapping[str, str]) -> str:
    return f"{labels['alertname']} {labels.get('job', '')}".strip()
