"""The cookies that hold secrets; what a visitor chose to see is in preferences.py."""

from dataclasses import dataclass

from fastapi import Request, Response

from portal_web.domain.secret import Secret

_SIGN_IN_SECONDS = 900


@dataclass(frozen=True)
class Cookies:
    """The cookies that matter: for this host alone, out of reach of scripts, and by TLS only where there is TLS."""

    secure: bool
    port: int
    hours: float

    def _name(self, word: str) -> str:
        # Cookies know no ports: without TLS, several stacks of one machine must not share theirs.
        return f"__Host-casebridge-{word}" if self.secure else f"casebridge-{word}-{self.port}"

    def session(self, request: Request) -> Secret | None:
        """The session's secret."""
        return self._read(request, "session")

    def sign_in(self, request: Request) -> Secret | None:
        """The secret of the sign-in under way."""
        return self._read(request, "sign-in")

    def form(self, request: Request) -> Secret | None:
        """The secret of a form that came back after a sign-in."""
        return self._read(request, "form")

    def set_session(self, response: Response, secret: Secret) -> None:
        """For as long as sessions last."""
        self._set(response, "session", secret, round(self.hours * 3600))

    def set_sign_in(self, response: Response, secret: Secret) -> None:
        """For as long as a sign-in is kept."""
        self._set(response, "sign-in", secret, _SIGN_IN_SECONDS)

    def set_form(self, response: Response, secret: Secret) -> None:
        """For as long as a form is kept."""
        self._set(response, "form", secret, _SIGN_IN_SECONDS)

    def forget(self, response: Response, *words: str) -> None:
        """Delete cookies."""
        for word in words:
            response.delete_cookie(self._name(word), secure=self.secure, httponly=True, samesite="lax")

    def _read(self, request: Request, word: str) -> Secret | None:
        text = request.cookies.get(self._name(word))
        return Secret(text) if text else None

    def _set(self, response: Response, word: str, secret: Secret, seconds: int) -> None:
        response.set_cookie(
            self._name(word), secret.text, max_age=seconds, secure=self.secure, httponly=True, samesite="lax"
        )
