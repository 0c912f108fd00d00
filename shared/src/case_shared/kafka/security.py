"""How Kafka is reached safely: TLS, with authorities and a certificate of one's own, and how the service signs in."""

import ssl
from collections.abc import Iterator
from typing import Any, Self

from pydantic import Field, FilePath, SecretStr, model_validator

from case_shared.process.secret_files import SecretFileSettings

OAUTH = "OAUTHBEARER"
_OAUTH_NEEDS = ("kafka_oauth_token_url", "kafka_oauth_client_id", "kafka_oauth_client_secret")
_PASSWORD_NEEDS = ("kafka_sasl_username", "kafka_sasl_password")


class KafkaSecurity(SecretFileSettings):
    """TLS and SASL; what does not fit together is named before anything starts."""

    kafka_security_protocol: str = Field(
        default="PLAINTEXT",
        pattern="^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$",
        description="Whether Kafka is reached by TLS (SSL) and with a user (SASL). Event Hubs: SASL_SSL.",
    )
    kafka_ca_file: FilePath | None = Field(
        default=None,
        description="A file with the authorities (PEM) that sign Kafka's certificates. Default: the system's.",
    )
    kafka_client_certificate_file: FilePath | None = Field(
        default=None,
        description="A file with the service's own certificate (PEM), where Kafka asks for one (mutual TLS).",
    )
    kafka_client_key_file: FilePath | None = Field(
        default=None,
        description="A file with that certificate's private key (PEM). Default: the certificate's file has it.",
    )
    kafka_client_key_password: SecretStr | None = Field(
        default=None, description="The password of the private key, where it has one."
    )
    kafka_sasl_mechanism: str = Field(
        default="PLAIN",
        pattern="^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512|OAUTHBEARER)$",
        description="How the user proves itself. Event Hubs: PLAIN.",
    )
    kafka_sasl_username: str | None = Field(
        default=None, description="The service's user in Kafka. Event Hubs: $ConnectionString."
    )
    kafka_sasl_password: SecretStr | None = Field(
        default=None, description="That user's password. Event Hubs: the connection string."
    )
    kafka_oauth_token_url: str | None = Field(
        default=None,
        pattern="^https?://[^/]",
        description="For OAUTHBEARER: the identity provider's token endpoint (client credentials).",
    )
    kafka_oauth_client_id: str | None = Field(
        default=None, min_length=1, description="For OAUTHBEARER: the service's client at that provider."
    )
    kafka_oauth_client_secret: SecretStr | None = Field(
        default=None, min_length=1, description="For OAUTHBEARER: that client's secret."
    )
    kafka_oauth_scope: str | None = Field(
        default=None, min_length=1, description="For OAUTHBEARER: the scopes that are asked for, separated by spaces."
    )

    @model_validator(mode="after")
    def _kafka_can_be_reached(self) -> Self:
        if problems := list(self._kafka_problems()):
            raise ValueError("\n".join(problems))
        return self

    def _kafka_problems(self) -> Iterator[str]:
        if self.kafka_security_protocol.startswith("SASL"):
            for name in _OAUTH_NEEDS if self.kafka_sasl_mechanism == OAUTH else _PASSWORD_NEEDS:
                if getattr(self, name) is None:
                    yield f"{name.upper()}: is missing; KAFKA_SASL_MECHANISM {self.kafka_sasl_mechanism} needs it"
        if self.kafka_client_key_file and not self.kafka_client_certificate_file:
            yield "KAFKA_CLIENT_CERTIFICATE_FILE: is missing; KAFKA_CLIENT_KEY_FILE is its private key"
        if self.kafka_security_protocol.endswith("SSL"):
            try:
                tls_context(self)
            except ValueError as error:
                yield str(error)


def tls_context(settings: KafkaSecurity) -> ssl.SSLContext:
    """What a client's connections to Kafka are made with, all its life.

    Raises ValueError, which names the setting whose file is of no use.
    """
    authorities, certificate = settings.kafka_ca_file, settings.kafka_client_certificate_file
    try:
        context = ssl.create_default_context(cafile=authorities)
    except OSError as error:  # ssl's own errors are such
        raise ValueError(f"KAFKA_CA_FILE: {authorities} has no certificates in PEM form ({error})") from error
    if certificate is None:
        return context
    secret = settings.kafka_client_key_password
    try:
        # Without a password OpenSSL would ask for one at the terminal.
        context.load_cert_chain(
            certificate, settings.kafka_client_key_file, secret.get_secret_value() if secret else ""
        )
    except OSError as error:
        key = settings.kafka_client_key_file or certificate
        raise ValueError(
            f"KAFKA_CLIENT_CERTIFICATE_FILE: {certificate}, with the private key in {key}, cannot be used ({error}); "
            "both must be PEM and belong together, and KAFKA_CLIENT_KEY_PASSWORD must fit"
        ) from error
    return context


def security_arguments(settings: KafkaSecurity) -> dict[str, Any]:
    """Arguments by which each client of aiokafka is safe."""
    arguments: dict[str, Any] = {"security_protocol": settings.kafka_security_protocol}
    if settings.kafka_security_protocol.endswith("SSL"):
        arguments["ssl_context"] = tls_context(settings)
    if settings.kafka_security_protocol.startswith("SASL"):
        arguments["sasl_mechanism"] = settings.kafka_sasl_mechanism
        arguments |= _proof(settings)
    return arguments


def _proof(settings: KafkaSecurity) -> dict[str, Any]:
    if settings.kafka_sasl_mechanism != OAUTH:
        secret = settings.kafka_sasl_password
        return {
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": secret.get_secret_value() if secret else None,
        }
    # Loaded where it is needed only: authlib takes a quarter of a second to import.
    from case_shared.kafka.oauth import Client, tokens_of

    url, client_id = settings.kafka_oauth_token_url, settings.kafka_oauth_client_id
    client_secret = settings.kafka_oauth_client_secret
    assert url, "checked at the start"
    assert client_id, "checked at the start"
    assert client_secret, "checked at the start"
    client = Client(url, client_id, client_secret, settings.kafka_oauth_scope)
    return {"sasl_oauth_token_provider": tokens_of(client)}
