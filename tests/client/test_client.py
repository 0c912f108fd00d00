"""The TypeScript client, installed as a package, does what its documentation says, against the running stack."""

import json
from pathlib import Path

import pytest

from tests.client.conftest import CLIENT, run
from tests.support.documents import GUIDE, at, blocks
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.stack import DEALER_SCOPES, Stack

# The stack's start and the compiler take a while on a busy machine.
pytestmark = pytest.mark.timeout(240 * PATIENCE)
DEALER = "usmf-us-001"


@pytest.mark.parametrize("document", [GUIDE, CLIENT / "README.md"], ids=lambda path: path.name)
def test_the_snippets_are_right_by_their_types(document: Path, portal: Path) -> None:
    compiled(portal, f"{document.stem}-all", "".join(blocks(document, "ts")))


async def test_the_client_works_with_the_real_service(stack: Stack) -> None:
    await lists_are_known(stack)
    environment = {
        "CASE_API": stack.urls["case-api"],
        "TOKEN": stack.token("dana", DEALER_SCOPES, DEALER),
        "DEALER": DEALER,
        "OTHER_DEALER": "usmf-us-002",
    }
    run("node", "--test", ".build/integration/stack.test.js", folder=CLIENT, **environment)


async def test_the_program_of_the_guide_works(stack: Stack, portal: Path) -> None:
    await lists_are_known(stack)
    program = compiled(portal, "guide", at(stack, "".join(blocks(GUIDE, "ts"))))
    printed = run("node", program, folder=portal, TOKEN=stack.token("dana", DEALER_SCOPES, DEALER))
    assert "/category The case needs a category" in printed
    assert "\ndelivered " in printed
    assert "\nnot-found 404" in printed


async def lists_are_known(stack: Stack) -> None:
    """Wait until status-sync has read D365's lists for the first time."""
    async with stack.dealer(DEALER) as dealer:
        for name in ("categories", "priorities"):

            async def known(path: str = f"/{name}") -> bool:
                answer = await dealer.call("GET", path)
                return bool(answer.status_code == 200 and answer.json()["items"])

            await eventually(known)


def compiled(portal: Path, name: str, program: str) -> str:
    """Type-check `program` strictly, and compile it; returns the file for Node."""
    (portal / f"{name}.ts").write_text(program)
    options = {
        "strict": True, "noUncheckedIndexedAccess": True, "target": "ES2022", "module": "NodeNext",
        "lib": ["ES2022", "DOM", "DOM.Iterable"], "types": ["node"], "typeRoots": [str(CLIENT / "node_modules/@types")],
    }  # fmt: skip
    (portal / f"{name}.json").write_text(json.dumps({"compilerOptions": options, "files": [f"{name}.ts"]}))
    run(str(CLIENT / "node_modules/.bin/tsc"), "-p", f"{name}.json", folder=portal)
    return f"{name}.js"
