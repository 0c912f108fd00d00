"""Keep a form that could not be processed when it was sent, until its author opens it again."""

import secrets
from dataclasses import dataclass

from case_shared.process.clock import Clock
from portal_web.app.ports import SessionStore
from portal_web.domain.secret import Secret, form_key_id
from portal_web.domain.session import KeptForm, KeptKey

# Enough for one field of the greatest length, in nearly any script, and the other fields.
MOST_BYTES = 384 * 1024


@dataclass(frozen=True)
class KeepingForms:
    """The use case."""

    store: SessionStore
    clock: Clock

    async def keep(self, form: KeptForm, form_token: str) -> KeptKey | None:
        """Keep it for fifteen minutes; None if no session gave its token, it is too long, or there is no room."""
        content, owner = form.model_dump_json().encode(), form_key_id(form_token)
        if owner is None or len(content) > MOST_BYTES:
            return None
        secret = Secret.new()
        if not await self.store.put_kept(secret.id, secret.seal(content), owner):
            return None
        return KeptKey(reference=timed(self.clock) + secrets.token_hex(4), secret=secret.text)

    async def find(self, key: KeptKey) -> KeptForm | None:
        """The form; it stays stored, because its page may be loaded again."""
        secret = Secret(key.secret)
        sealed = await self.store.find_kept(secret.id)
        plain = secret.open(sealed) if sealed else None
        return KeptForm.model_validate_json(plain) if plain else None

    async def forget(self, key: KeptKey) -> None:
        """Delete it: it has been sent."""
        await self.store.delete_kept(Secret(key.secret).id)


def timed(clock: Clock) -> str:
    """The beginning of a name that sorts newer names after older ones."""
    now = clock.now()
    return f"{int(now.timestamp()):08x}{now.microsecond // 1000:03x}"
