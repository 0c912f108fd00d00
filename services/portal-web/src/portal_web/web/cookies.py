"""The cookies that contain secrets; preferences.py has those for what a visitor chose."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from fastapi import Request, Response
from pydantic import ValidationError

from portal_web.domain.secret import Secret
from portal_web.domain.session import KeptKey, SignIn

KEPT_SECONDS = 900
# The most sign-ins under way, and forms that came back, in one browser: each tab has its own.
_MOST_AT_ONCE = 5
_NAME = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True)
class Cookies:
    """The secret cookies: only for this host, out of reach of scripts, and only by TLS if there is TLS."""

    secure: bool
    port: int
    hours: float

    def _name(self, word: str) -> str:
        # Cookies ignore ports: without TLS, several stacks on one machine must not share theirs.
        return f"__Host-casebridge-{word}" if self.secure else f"casebridge-{word}-{self.port}"

    def session(self, request: Request) -> Secret | None:
        """The session's secret."""
        text = request.cookies.get(self._name("session"))
        return Secret(text) if text else None

    def set_session(self, response: Response, secret: Secret) -> None:
        """Set it for as long as sessions last."""
        self._set(response, self._name("session"), secret.text, round(self.hours * 3600))

    def sign_in(self, request: Request, state: str) -> SignIn | None:
        """The sign-in under way with this state."""
        text = request.cookies.get(self._name("sign-in") + f"-{state}") if _NAME.fullmatch(state) else None
        try:
            return SignIn.model_validate_json(urlsafe_b64decode(text)) if text else None
        except (ValueError, ValidationError):
            return None

    def set_sign_in(self, request: Request, response: Response, sign_in: SignIn) -> None:
        """Set it for as long as a sign-in may take; with too many under way, delete the oldest."""
        text = urlsafe_b64encode(sign_in.model_dump_json(exclude_none=True).encode()).decode()
        self._add(request, response, "sign-in", sign_in.state, text)

    def forget_sign_in(self, response: Response, sign_in: SignIn) -> None:
        """Delete it: it has ended."""
        self._delete(response, self._name("sign-in") + f"-{sign_in.state}")

    def form(self, request: Request, reference: str) -> KeptKey | None:
        """The key of the kept form with this reference."""
        text = request.cookies.get(self._name("form") + f"-{reference}") if _NAME.fullmatch(reference) else None
        return KeptKey(reference=reference, secret=text) if text else None

    def set_form(self, request: Request, response: Response, key: KeptKey) -> None:
        """Set it for as long as a form is kept."""
        self._add(request, response, "form", key.reference, key.secret)

    def forget_form(self, response: Response, key: KeptKey) -> None:
        """Delete it: the form has been sent."""
        self._delete(response, self._name("form") + f"-{key.reference}")

    def forget_all(self, request: Request, response: Response) -> None:
        """Delete the session's cookie, and those of the forms that came back to it."""
        for name in (self._name("session"), *self._several(request, "form")):
            self._delete(response, name)

    def _several(self, request: Request, word: str) -> list[str]:
        """The names of cookies of a kind, from oldest to newest: their names begin with a time."""
        return sorted(name for name in request.cookies if name.startswith(self._name(word) + "-"))

    def _add(self, request: Request, response: Response, word: str, name: str, text: str) -> None:
        for oldest in self._several(request, word)[: 1 - _MOST_AT_ONCE]:
            self._delete(response, oldest)
        self._set(response, f"{self._name(word)}-{name}", text, KEPT_SECONDS)

    def _delete(self, response: Response, name: str) -> None:
        response.delete_cookie(name, secure=self.secure, httponly=True, samesite="lax")

    def _set(self, response: Response, name: str, text: str, seconds: int) -> None:
        response.set_cookie(name, text, max_age=seconds, secure=self.secure, httponly=True, samesite="lax")
