"""The commands of the portal guide work, in their order, on the running stack."""

import json
import re
from pathlib import Path

from tests.support.documents import GUIDE, blocks, run_shell
from tests.support.eventually import eventually
from tests.support.stack import Stack


async def test_the_commands_of_the_guide_work(stack: Stack, tmp_path: Path) -> None:
    async with stack.dealer("usmf-us-001") as dealer:
        await eventually(lambda: dealer.call("GET", "/categories"), lambda answer: answer.status_code == 200)
        run = run_shell(stack, "\n".join(blocks(GUIDE, "sh")), tmp_path)
        draft = json.loads((tmp_path / "draft.json").read_text())
        case = await dealer.case(draft["web_case_id"])
    assert (draft["status"], draft["contact"]["name"], draft["description"]) == (
        "draft",
        "Dana",
        "The hydraulic pump leaks.",
    )
    assert (case["status"], case["submission"]["state"]) == ("submitted", "delivered")
    found = json.loads((tmp_path / "found.json").read_text())["items"]
    assert draft["web_case_id"] in [one["web_case_id"] for one in found]
    assert all("hydraulic pump" in one["description"].lower() for one in found)
    assert '"pointer":"/category"' in run.stdout
    assert "cannot be submitted yet" in run.stdout
    assert "another dealer's, or none" in run.stdout
    assert re.findall(r'"event":"(\w+)"', run.stdout)[-1] in {"delivered", "status"}
