"""Render pages: Jinja templates in the visitor's language. `values_of` and `_environment` give what they may use."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from gettext import NullTranslations
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context as TemplateContext
from markupsafe import Markup

from portal_web.domain.cases import undelivered
from portal_web.web import notices
from portal_web.web.assets import asset
from portal_web.web.current_user import find_user
from portal_web.web.labels import STATES, STATUSES
from portal_web.web.preferences import Preferences, preferences_of
from portal_web.web.words import LANGUAGES, Words, catalog, zones

# The parameter, in an address and in a form, for what was typed there before a sign-in.
KEPT = "kept"


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
    """A piece of a page that does not depend on the request."""
    return _environment(words.language).get_template(template).render(words=words, **values).strip()


async def values_of(request: Request, preferences: Preferences) -> dict[str, Any]:
    """What every template knows besides its own values."""
    user = await find_user(request)
    return {
        "request": request,
        "here": here(request),
        "words": preferences.words,
        "preferences": preferences,
        "user": user,
        "at": getattr(request.state, "current_dealer", None),
        "notice": notices.read(request),
        "token": user.secret.form_token() if user else "",
        "author": user.session.subject if user else "",
        "kept_reference": getattr(request.state, "kept", ""),
    }


def here(request: Request) -> str:
    """Path and query of the page, without the reference to a kept form."""
    return request.url.path + query_of(request)


def query_of(request: Request) -> str:
    """The query of the page with its question mark, without the reference to a kept form; empty if it has none."""
    query = "&".join(one for one in request.url.query.split("&") if one and not one.startswith(f"{KEPT}="))
    return f"?{query}" if query else ""


def opened(request: Request) -> str:
    """The address to open, instead of a form's that was sent: with what was kept for it."""
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


class _Compiled(BytecodeCache):
    """Shares compiled templates between languages: only the texts differ."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Use what another language has compiled."""
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Store it for the other languages."""
        self._known[bucket.key] = bucket.bytecode_to_string()


_compiled = _Compiled()


def prepare() -> None:
    """At startup, compile every template and read the texts and the time zones, so that no page has to wait."""
    zones()
    for language in LANGUAGES:
        environment = _environment(language)
        for name in environment.list_templates(extensions=["html"]):
            environment.get_template(name)


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        bytecode_cache=_compiled,
        auto_reload=False,  # otherwise each page checks on disk whether its templates changed
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
    environment.globals["_"] = _translating(texts)
    environment.globals.update(
        asset=asset,
        when=when,
        many=many,
        icon=icon,
        languages=LANGUAGES,
        statuses=STATUSES,
        states=STATES,
        undelivered=undelivered,
    )
    return environment


def _translating(texts: NullTranslations) -> Callable[..., Markup]:
    """The `_` of templates: like Jinja's own, but caches texts without values; a page has hundreds."""

    @cache
    def plain(message: str) -> Markup:
        return Markup(texts.gettext(message)) % {}  # noqa: S704 - a text of ours; values are escaped

    def translated(message: str, /, **values: object) -> Markup:
        return Markup(texts.gettext(message)) % values if values else plain(message)  # noqa: S704 - as above

    return translated


@pass_context
def when(context: TemplateContext, at: datetime | None, form: str = "medium") -> str | Markup:
    """A moment in the visitor's time zone, which its title shows; empty for None."""
    if at is None:
        return ""
    words: Words = context["words"]
    shown = Markup('<time datetime="{}" title="{}">{}</time>')
    return shown.format(at.isoformat(), words.moment(at, "full"), words.moment(at, form))


@pass_context
def many(context: TemplateContext, one: str, several: str, number: int) -> str:
    """A text that depends on a number. The extraction of texts finds this name in templates, but not `words.many`."""
    words: Words = context["words"]
    return words.many(one, several, number)


@cache
def icon(name: str) -> Markup:
    """An icon, hidden from screen readers: the text next to it says the same."""
    address = f"{asset('icons.svg')}#{name}"
    return Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}"></use></svg>').format(address)
