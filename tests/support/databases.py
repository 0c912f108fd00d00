"""A migrated template database per session, and a clone of it per test."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from case_shared.database import migrations, postgres
from case_shared.database.statements import Statement

PASSWORD = "test"
ROLES = ("case_migrations", "case_api", "d365_sync", "status_sync", "portal_web")
# The order does not matter: each migrates its own schema.
SERVICES = ("status_sync", "d365_sync", "case_api", "portal_web")
# A clone does not get the privileges of its template.
_COPY_PRIVILEGES = """
UPDATE pg_database SET datacl = (SELECT datacl FROM pg_database WHERE datname = $2) WHERE datname = $1
"""


@dataclass(frozen=True)
class Database:
    """A database for one test; `superuser_url` has all rights."""

    superuser_url: str

    @property
    def name(self) -> str:
        """What the server calls it."""
        return urlsplit(self.superuser_url).path.removeprefix("/")

    def url(self, role: str) -> str:
        """The URL with which `role` connects, as in production."""
        return with_user(self.superuser_url, role)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[postgres.Connection]:
        """A superuser's connection, to prepare and check data."""
        connection = await asyncpg.connect(self.superuser_url)
        try:
            await postgres._use_json(connection)
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def pool(
        self, role: str, size: int = 4, settings: Mapping[str, str] | None = None
    ) -> AsyncIterator[postgres.Pool]:
        """A pool like that of the service `role`."""
        pool = await postgres.create_pool(self.url(role), schema=role, name="test", size=size, settings=settings)
        try:
            yield pool
        finally:
            await pool.close()


def with_user(url: str, role: str) -> str:
    """`url` with `role` and the tests' password in place of its user."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}:{PASSWORD}@{parts.hostname}:{parts.port}"))


def with_database(url: str, name: str) -> str:
    """`url` with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def create_template(superuser_url: str, revisions: Mapping[str, str] | None = None) -> str:
    """Create the roles and a database with every migration run, or up to those of `revisions`; returns its name."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    await _execute(superuser_url, f"CREATE DATABASE {name}")
    url = with_database(superuser_url, name)
    for _ in range(2):  # migrations can be repeated
        await _execute(url, Statement.ROLES.text)
    for role in ROLES:
        await _execute(url, f"ALTER ROLE {role} PASSWORD '{PASSWORD}'")
    for service in SERVICES:
        revision = (revisions or {}).get(service, "head")
        migrations.upgrade(with_user(url, "case_migrations"), package=service, schema=service, revision=revision)
    # The first connection after catalog changes writes a cache that later ones use; clones get it too.
    await _execute(url, "SELECT")
    return name


@asynccontextmanager
async def cloned(superuser_url: str, template: str) -> AsyncIterator[Database]:
    """A clone of `template`, dropped at the end even if it still has connections."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(superuser_url)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            await connection.execute(_COPY_PRIVILEGES, name, template)
            yield Database(with_database(superuser_url, name))
        finally:
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


async def _execute(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
