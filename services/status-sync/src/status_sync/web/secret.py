"""The shared secret of D365's endpoint, as D365, Dataverse and Azure send it. We never log it or send it back."""

import secrets
from dataclasses import dataclass

from pydantic import SecretStr

from case_shared.web.problems import Problem


@dataclass(frozen=True, repr=False)
class Given:
    """What a request has: `?code=`, the header `Authorization`, the header `x-functions-key`; None if missing."""

    code: str | None = None
    authorization: str | None = None
    functions_key: str | None = None

    @property
    def anything(self) -> bool:
        """Whether it has a secret at all."""
        return any(part is not None for part in (self.code, self.authorization, self.functions_key))

    def candidates(self) -> list[str]:
        """Return the secrets in it: a proxy or Event Grid may add a token of its own to what is configured."""
        scheme, _, token = (self.authorization or "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        return [part for part in (bearer, self.code, self.functions_key) if part]


def check_secret(secret: SecretStr | None, given: Given) -> None:
    """Compare in constant time. Raises: `Problem` 401, or 503 if the endpoint has no secret."""
    expected = secret.get_secret_value() if secret else ""
    if not expected:
        raise Problem(503, "events-off", "This endpoint is off", "Set D365_EVENTS_SECRET to turn it on.")
    matches = [secrets.compare_digest(one.encode(), expected.encode()) for one in given.candidates()]
    if not any(matches):
        detail = "Send the shared secret as a bearer token, in the header x-functions-key, or as ?code=."
        raise Problem(
            401, "unauthorized", "The secret is missing or wrong", detail, headers={"WWW-Authenticate": "Bearer"}
        )
