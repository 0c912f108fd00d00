"""A Kafka as a platform team runs it: TLS by an authority of its own, and every way to sign in that it offers."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialUpsertion

from case_shared.kafka.connection import KafkaSettings, connection_arguments
from casebridge import kafka, servers
from casebridge.output import Progress
from casebridge.ports import HOST, free_ports
from tests.support.eventually import eventually
from tests.support.issuer import CLIENT_SECRET, issuer
from tests.support.tls import client_certificate, server_certificate

USER = "case-api"
PASSWORD = "of-case-api-in-kafka-4c1d"
_SECURITY = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class Guarded:
    """Where it is, and what its clients need; `settings` by the way to sign in."""

    ca_file: Path
    settings: Mapping[str, KafkaSettings]
    # Nobody has to sign in here, and may do everything.
    open_door: KafkaSettings

    def of(self, way: str, **changes: object) -> KafkaSettings:
        """The settings for one way to sign in, with changes."""
        return KafkaSettings.model_validate({**self.settings[way].model_dump(), **changes})


@asynccontextmanager
async def guarded_kafka(folder: Path) -> AsyncIterator[Guarded]:
    """Run one broker: users by PLAIN, SCRAM and OAUTHBEARER at one listener, client certificates at another."""
    _, ca_file = server_certificate(folder)
    certificate = client_certificate(folder)
    open_port, controller, users, certificates = free_ports(4)
    async with issuer() as provider:
        broker = kafka.program(
            folder,
            open_port,
            controller,
            Progress(sys.stderr),
            kafka.Secured(users, {USER: PASSWORD}, folder / "server.pem"),
            settings=_settings(
                folder, {"PLAINTEXT": open_port, "SERVICES": users, "CERTIFICATES": certificates}, controller, provider
            ),
        )
        # Kafka fetches keys only from addresses that its start names.
        allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={provider}/keys"
        broker = replace(broker, environment={**broker.environment, "JAVA_TOOL_OPTIONS": allowed})
        server = await asyncio.to_thread(servers.start, broker, f"{HOST}:{open_port}", folder)
        try:
            await asyncio.to_thread(_add_scram_user, server.address)
            clients = _clients(ca_file, certificate, users, certificates, provider)
            # The controller has stored the user; the broker learns of it a moment later.
            await eventually(lambda: _signs_in(clients["SCRAM-SHA-512"]))
            yield Guarded(ca_file, clients, KafkaSettings(kafka_bootstrap_servers=server.address))
        finally:
            server.kill()


def _settings(folder: Path, ports: Mapping[str, int], controller: int, provider: str) -> dict[str, str]:
    listeners = ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items())
    protocols = "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SERVICES:SASL_SSL,CERTIFICATES:SSL"
    own = folder / "client.pem"
    trusted = folder / "clients.pem"
    text = own.read_text()
    trusted.write_text(text[text.index("-----BEGIN CERTIFICATE") :])
    return {
        "listeners": f"{listeners},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": listeners,
        "listener.security.protocol.map": protocols,
        "listener.name.services.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512,OAUTHBEARER",
        "listener.name.services.scram-sha-512.sasl.jaas.config": f"{_SECURITY}.scram.ScramLoginModule required;",
        "listener.name.services.oauthbearer.sasl.jaas.config": (
            f"{_SECURITY}.oauthbearer.OAuthBearerLoginModule required;"
        ),
        "listener.name.services.oauthbearer.sasl.server.callback.handler.class": (
            f"{_SECURITY}.oauthbearer.OAuthBearerValidatorCallbackHandler"
        ),
        "sasl.oauthbearer.jwks.endpoint.url": f"{provider}/keys",
        "sasl.oauthbearer.expected.issuer": provider,
        "sasl.oauthbearer.expected.audience": "casebridge",
        "listener.name.certificates.ssl.keystore.type": "PEM",
        "listener.name.certificates.ssl.keystore.location": str(folder / "server.pem"),
        "listener.name.certificates.ssl.truststore.type": "PEM",
        "listener.name.certificates.ssl.truststore.location": str(trusted),
        "listener.name.certificates.ssl.client.auth": "required",
        # Who may do what is another test's subject.
        "allow.everyone.if.no.acl.found": "true",
    }


def _add_scram_user(address: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=address)
    try:
        admin.alter_user_scram_credentials([UserScramCredentialUpsertion(USER, ScramMechanism.SCRAM_SHA_512, PASSWORD)])
    finally:
        admin.close()


async def _signs_in(settings: KafkaSettings) -> bool:
    client = AIOKafkaClient(**connection_arguments(settings))
    try:
        await client.bootstrap()
    except KafkaError:
        return False
    finally:
        await client.close()
    return True


def _clients(
    ca_file: Path, certificate: Path, users: int, certificates: int, provider: str
) -> dict[str, KafkaSettings]:
    trust = {"kafka_ca_file": ca_file, "kafka_session_timeout_seconds": 3}
    user = {**trust, "kafka_bootstrap_servers": f"{HOST}:{users},{HOST}:{users}", "kafka_security_protocol": "SASL_SSL"}
    password = {"kafka_sasl_username": USER, "kafka_sasl_password": PASSWORD}
    token = {
        "kafka_oauth_token_url": f"{provider}/token",
        "kafka_oauth_client_id": USER,
        "kafka_oauth_client_secret": CLIENT_SECRET,
        "kafka_oauth_scope": "kafka",
    }
    mutual = {
        **trust,
        "kafka_bootstrap_servers": f"{HOST}:{certificates},{HOST}:{certificates}",
        "kafka_security_protocol": "SSL",
        "kafka_client_certificate_file": certificate,
    }
    found = {
        "PLAIN": {**user, **password},
        "SCRAM-SHA-512": {**user, **password, "kafka_sasl_mechanism": "SCRAM-SHA-512"},
        "OAUTHBEARER": {**user, **token, "kafka_sasl_mechanism": "OAUTHBEARER"},
        "certificate": mutual,
    }
    return {way: KafkaSettings.model_validate(given) for way, given in found.items()}
