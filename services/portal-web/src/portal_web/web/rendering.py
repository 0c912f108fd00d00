"""Pages: Jinja templates in the visitor's language. What a template may use is in `values_of` and `_environment`."""

from datetime import datetime
from functools import cache
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context as TemplateContext
from markupsafe import Markup

from portal_web.web import notices
from portal_web.web.assets import asset
from portal_web.web.labels import STATES, STATUSES
from portal_web.web.preferences import Preferences, preferences_of
from portal_web.web.visit import find_visit
from portal_web.web.words import LANGUAGES, Words, catalog


async def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page, or a fragment of one."""
    preferences = preferences_of(request)
    environment = _environment(preferences.words.language)
    common = await values_of(request, preferences)
    html = environment.get_template(template).render(**common, **values)
    response = HTMLResponse(html, status, headers={"Vary": "Cookie, Accept-Language"})
    if common["notice"]:
        notices.forget(response)
    return response


def fragment(template: str, words: Words, **values: Any) -> str:
    """A piece of a page that knows nothing of the request."""
    return _environment(words.language).get_template(template).render(words=words, **values).strip()


async def values_of(request: Request, preferences: Preferences) -> dict[str, Any]:
    """What every template knows beside its own values."""
    visit = await find_visit(request)
    return {
        "request": request,
        "here": here(request),
        "words": preferences.words,
        "preferences": preferences,
        "visit": visit,
        "at": getattr(request.state, "dealer_visit", None),
        "notice": notices.read(request),
        "token": visit.secret.form_token() if visit else "",
        "author": visit.session.subject if visit else "",
    }


def here(request: Request) -> str:
    """Path and query of the page."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("portal_web.web"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": True}
    texts = catalog(language)
    environment.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(
        asset=asset, when=when, many=many, icon=icon, languages=LANGUAGES, statuses=STATUSES, states=STATES
    )
    return environment


@pass_context
def when(context: TemplateContext, at: datetime | None, form: str = "medium") -> str | Markup:
    """A moment, as the visitor's clocks show it, with the time zone on demand; nothing for None."""
    if at is None:
        return ""
    words: Words = context["words"]
    shown = Markup('<time datetime="{}" title="{}">{}</time>')
    return shown.format(at.isoformat(), words.moment(at, "full"), words.moment(at, form))


@pass_context
def many(context: TemplateContext, one: str, several: str, number: int) -> str:
    """A text that depends on a number. By this name it is found in templates, as `words.many` would not be."""
    words: Words = context["words"]
    return words.many(one, several, number)


def icon(name: str) -> Markup:
    """A picture that says nothing to who hears the page: the text beside it does."""
    address = f"{asset('icons.svg')}#{name}"
    return Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}"></use></svg>').format(address)
