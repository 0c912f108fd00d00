"""The connection to D365: what the last check found, since when, and what to do."""

from collections.abc import Iterator

from fastapi import APIRouter, Request, Response

from case_shared.d365.check.texts import TEXTS
from portal_web.domain.d365_sync import StepDocument
from portal_web.web.console.access import Operator
from portal_web.web.console.pages import show
from portal_web.web.preferences import words_of
from portal_web.web.words import Words

router = APIRouter(prefix="/console/d365")


@router.get("")
async def connection(request: Request, console: Operator) -> Response:
    """The last result of each step, in the operator's language."""
    words = words_of(request)
    check = await console.api.d365_check()
    texts = {step.id: (" ".join(messages(step, words)), " ".join(remedies(step, words))) for step in check.steps}
    return await show(request, console, "d365", check=check, texts=texts)


def messages(step: StepDocument, words: Words) -> Iterator[str]:
    """What was found; in English if a newer d365-sync finds something that this page has no text for."""
    try:
        yield from [words(TEXTS[one.code].message, **one.values) for one in step.findings]
    except KeyError:
        yield step.message


def remedies(step: StepDocument, words: Words) -> Iterator[str]:
    """What to do, without repetitions."""
    try:
        said = [words(remedy, **one.values) for one in step.findings if (remedy := TEXTS[one.code].remedy)]
    except KeyError:
        said = [step.remedy or ""]
    yield from dict.fromkeys(said)
