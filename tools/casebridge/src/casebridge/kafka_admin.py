"""Grants the rights in Kafka with kafka-python, because aiokafka, which the services use, cannot."""

import asyncio
from collections.abc import Sequence

from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, KafkaAdminClient, ResourcePattern
from kafka.admin import ResourceType as KafkaResourceType
from kafka.errors import KafkaError
from kafka.net.sasl.oauth import AbstractTokenProvider

from case_shared.kafka.connection import KafkaSettings, connection_arguments
from casebridge.errors import OperationFailed
from casebridge.kafka_rights import Resource, Right

_ANY_HOST = "*"


class _Token(AbstractTokenProvider):  # type: ignore[misc]
    """One token, fetched before the rights are granted."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def token(self) -> str:
        """The token."""
        return self._token


def grant(settings: KafkaSettings, wanted: Sequence[Right]) -> None:
    """Grant `wanted` to their users; keeps existing rights. Raises `OperationFailed`."""
    try:
        admin = KafkaAdminClient(**_connection(settings), client_id="casebridge")
        try:
            answer = admin.create_acls([_acl(right) for right in wanted])
        finally:
            admin.close()
    except KafkaError as error:
        raise OperationFailed(f"Kafka at {settings.kafka_bootstrap_servers} grants no rights: {error!r}") from error
    if failed := answer["failed"]:
        raise OperationFailed(f"Kafka refused {len(failed)} of {len(wanted)} rights, for example {failed[0]!r}")


def _connection(settings: KafkaSettings) -> dict[str, object]:
    """The connection arguments without those that are None: kafka-python rejects SSL arguments without SSL."""
    found = {name: value for name, value in connection_arguments(settings).items() if value is not None}
    if "sasl_oauth_token_provider" in found:
        found["sasl_oauth_token_provider"] = _Token(asyncio.run(found["sasl_oauth_token_provider"].token()))
    return found


def _acl(right: Right) -> ACL:
    is_group = right.resource is Resource.GROUP
    return ACL(
        principal=f"User:{right.user}",
        host=_ANY_HOST,
        operation=ACLOperation[right.operation.name],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(
            KafkaResourceType.GROUP if is_group else KafkaResourceType.TOPIC,
            right.name,
            ACLResourcePatternType.PREFIXED if is_group else ACLResourcePatternType.LITERAL,
        ),
    )
