"""Sessions and sign-ins in PostgreSQL; what is in them is sealed with the browser's secret."""

from dataclasses import dataclass

from case_shared.postgres import Pool, load_sql
from portal_web.app.ports import Sealed


def _sql(name: str) -> str:
    return load_sql("portal_web.postgres", name)


@dataclass(frozen=True)
class PostgresSessionStore:
    """As app/ports.py has it."""

    pool: Pool

    async def put(self, session_id: bytes, content: bytes, hours: float) -> None:
        """Store a new session."""
        await self.pool.execute(_sql("put_session"), session_id, content, hours)

    async def find(self, session_id: bytes) -> Sealed | None:
        """The session."""
        row = await self.pool.fetchrow(_sql("find_session"), session_id)
        return Sealed(row["content"], row["version"]) if row else None

    async def replace(self, session_id: bytes, content: bytes, version: int) -> bool:
        """Store its new content."""
        return bool(await self.pool.fetchval(_sql("replace_session"), session_id, content, version))

    async def claim_renewal(self, session_id: bytes, version: int) -> bool:
        """Whether the caller may renew."""
        return bool(await self.pool.fetchval(_sql("claim_renewal"), session_id, version))

    async def release_renewal(self, session_id: bytes) -> None:
        """Let others try."""
        await self.pool.execute(_sql("release_renewal"), session_id)

    async def delete(self, session_id: bytes) -> None:
        """End it."""
        await self.pool.execute(_sql("delete_session"), session_id)

    async def put_kept(self, kept_id: bytes, content: bytes) -> None:
        """Keep a sign-in, or a form."""
        await self.pool.execute(_sql("put_kept"), kept_id, content)

    async def find_kept(self, kept_id: bytes) -> bytes | None:
        """Look at it."""
        content: bytes | None = await self.pool.fetchval(_sql("find_kept"), kept_id)
        return content

    async def take_kept(self, kept_id: bytes) -> bytes | None:
        """Take it."""
        content: bytes | None = await self.pool.fetchval(_sql("take_kept"), kept_id)
        return content

    async def delete_expired(self) -> bool:
        """Delete what has expired."""
        await self.pool.execute(_sql("delete_expired"))
        return False
