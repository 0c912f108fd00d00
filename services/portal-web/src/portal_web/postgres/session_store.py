"""Sessions and kept forms in PostgreSQL; their content is sealed with the browser's secret."""

from dataclasses import dataclass

from case_shared.database.postgres import Pool
from portal_web.app.ports import Marks, Sealed
from portal_web.postgres.statements import Statement

# For all users together: some hundred forms of the greatest length, many thousands of the usual length.
MOST_KEPT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class PostgresSessionStore:
    """Implements `app.ports.SessionStore`."""

    pool: Pool
    idle_minutes: float

    async def put(self, session_id: bytes, content: bytes, hours: float, form_key_id: bytes, marks: Marks) -> None:
        """Store a session."""
        statement = Statement.PUT_SESSION.text
        whose = (marks.owner, marks.provider_session)
        await self.pool.execute(statement, session_id, content, hours, form_key_id, *whose)

    async def find(self, session_id: bytes) -> Sealed | None:
        """The session."""
        row = await self.pool.fetchrow(Statement.FIND_SESSION.text, session_id, self.idle_minutes)
        return Sealed(row["content"], row["version"], row["idle_seconds"]) if row else None

    async def touch(self, session_id: bytes) -> None:
        """Note that it is used."""
        await self.pool.execute(Statement.TOUCH_SESSION.text, session_id)

    async def replace(self, session_id: bytes, content: bytes, version: int, form_key_id: bytes) -> bool:
        """Store its new content."""
        return bool(await self.pool.fetchval(Statement.REPLACE_SESSION.text, session_id, content, version, form_key_id))

    async def remember_dealers(self, session_id: bytes, content: bytes, version: int) -> None:
        """Store its content with the user's dealers."""
        await self.pool.execute(Statement.REMEMBER_DEALERS.text, session_id, content, version)

    async def claim_renewal(self, session_id: bytes, version: int) -> bool:
        """Whether the caller may renew."""
        return bool(await self.pool.fetchval(Statement.CLAIM_RENEWAL.text, session_id, version))

    async def release_renewal(self, session_id: bytes) -> None:
        """Let others try."""
        await self.pool.execute(Statement.RELEASE_RENEWAL.text, session_id)

    async def delete(self, session_id: bytes) -> None:
        """End it."""
        await self.pool.execute(Statement.DELETE_SESSION.text, session_id)

    async def delete_of(self, owner: bytes) -> int:
        """End all of a user's."""
        return int(await self.pool.fetchval(Statement.DELETE_SESSIONS_OF.text, owner))

    async def delete_from(self, provider_session: bytes) -> int:
        """End those of a session at the provider."""
        return int(await self.pool.fetchval(Statement.DELETE_PROVIDER_SESSION.text, provider_session))

    async def put_kept(self, kept_id: bytes, content: bytes, form_key_id: bytes) -> bool:
        """Keep a form."""
        return bool(await self.pool.fetchval(Statement.PUT_KEPT.text, kept_id, content, form_key_id, MOST_KEPT_BYTES))

    async def find_kept(self, kept_id: bytes) -> bytes | None:
        """The form; it stays stored."""
        content: bytes | None = await self.pool.fetchval(Statement.FIND_KEPT.text, kept_id)
        return content

    async def delete_kept(self, kept_id: bytes) -> None:
        """Delete a kept form."""
        await self.pool.execute(Statement.DELETE_KEPT.text, kept_id)

    async def delete_expired(self) -> bool:
        """Delete what has expired."""
        await self.pool.execute(Statement.DELETE_EXPIRED.text, self.idle_minutes)
        return False
