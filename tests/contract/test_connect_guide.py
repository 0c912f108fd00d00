"""The examples of `docs/connect-d365.md`: mappings load, settings exist, commands work against the sandbox."""

import asyncio
import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from case_shared.d365.check.report import StepId
from case_shared.d365.check.settings_step import CheckSettings
from case_shared.d365.mapping import load_mapping
from tests.support.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/connect-d365.md").read_text(encoding="utf-8")
SHELL = "".join(re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)).splitlines()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("block", blocks("toml"))
def test_a_mapping_of_the_guide_can_be_loaded(block: str, tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(block, encoding="utf-8")
    load_mapping(path)


def test_a_setting_of_the_guide_is_one_of_the_example() -> None:
    known = set(re.findall(r"^#?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    shown = {line.partition("=")[0] for block in blocks("properties") for line in block.splitlines()}
    assert shown <= known


def test_every_step_of_the_check_has_a_line_in_the_guide() -> None:
    assert re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE) == [step.value for step in StepId]


def settings_of_the_rehearsal(d365: Sandbox) -> dict[str, str]:
    shown = dict(line.split("=", 1) for line in blocks("properties")[1].splitlines())
    assert set(shown) == {*d365.environment(), "D365_EVENTS_SECRET"}
    return {**os.environ, **shown, **d365.environment(), "D365_MAPPING": str(ROOT / "deploy/mapping.toml")}


def test_without_docker_each_file_has_the_name_that_the_services_read() -> None:
    listed = re.findall(r"^#?(D365_\w+)_FILE=\./", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(listed) <= {name.upper() for name in CheckSettings.model_fields}
    exported = [line.partition("=")[0] for line in SHELL if line.startswith("export ")]
    assert sorted(exported) == sorted(f"export {name}" for name in listed)


async def test_the_commands_of_the_guide_say_that_all_is_well(d365: Sandbox) -> None:
    commands = [shlex.split(line, comments=True)[1:] for line in SHELL if line.startswith(".venv/bin/casebridge d365")]
    assert ["d365", "check"] in commands
    said = await asyncio.gather(*(run(words, settings_of_the_rehearsal(d365)) for words in commands))
    for code, printed in said:
        assert (code, "D365 allows everything that Casebridge needs." in printed) == (0, True), printed
        assert "d365_request" not in printed  # logs would break --json


async def run(words: list[str], environment: dict[str, str]) -> tuple[int | None, str]:
    program = Path(sys.executable).with_name("casebridge")
    process = await asyncio.create_subprocess_exec(program, *words, env=environment, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()
