"""Who may do what in Kafka: one user per service, and no service may write another one's topics.

The statements are those of `kafka-acls.sh`; a right to read or write includes the right to describe (KIP-50, KIP-679).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED

D365_EVENTS = "d365.case-events.v1"
MIGRATIONS = "migrations"


class Operation(StrEnum):
    """What a user may do, by `kafka-acls.sh`'s names."""

    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    DESCRIBE_CONFIGS = "DescribeConfigs"


class Resource(StrEnum):
    """What a right applies to, by `kafka-acls.sh`'s options; groups by prefix."""

    TOPIC = "topic"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Right:
    """`user` may do `operation` on `resource` called `name`; a group's name is a prefix."""

    user: str
    operation: Operation
    resource: Resource
    name: str


_READS: Mapping[str, tuple[str, ...]] = {
    "case-api": (CASE_DELIVERY, CASE_STATUS_CHANGED),
    "d365-sync": (CASE_SUBMITTED, CASE_STATUS_CHANGED),
    "status-sync": (CASE_DELIVERY, D365_EVENTS),
}
_WRITES: Mapping[str, tuple[str, ...]] = {
    "case-api": (CASE_SUBMITTED,),
    "d365-sync": (CASE_DELIVERY,),
    # status-sync writes what D365 sends over HTTPS to the topic of its events.
    "status-sync": (CASE_STATUS_CHANGED, D365_EVENTS),
    "d365": (D365_EVENTS,),
}
USERS = (*_READS, "d365", MIGRATIONS)
_TOPICS = (CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED, D365_EVENTS)


def rights(topic_prefix: str = "", group_prefix: str = "", events_topic: str = D365_EVENTS) -> list[Right]:
    """All rights of an installation; the prefixes and D365's topic are those of its settings."""

    def topic(name: str) -> str:
        return f"{topic_prefix}{events_topic if name == D365_EVENTS else name}"

    def found() -> Iterator[Right]:
        for user, names in _READS.items():
            yield from (Right(user, Operation.READ, Resource.TOPIC, topic(name)) for name in names)
            yield Right(user, Operation.READ, Resource.GROUP, f"{group_prefix}{user}.")
        for user, names in _WRITES.items():
            yield from (Right(user, Operation.WRITE, Resource.TOPIC, topic(name)) for name in names)
        # `migrate` makes the topics and looks at how safely they are kept; `restored` reads the log again and moves the
        # groups.
        for name in _TOPICS:
            for operation in (Operation.CREATE, Operation.READ, Operation.DESCRIBE_CONFIGS):
                yield Right(MIGRATIONS, operation, Resource.TOPIC, topic(name))
        for user in ("case-api", "d365-sync"):
            yield Right(MIGRATIONS, Operation.READ, Resource.GROUP, f"{group_prefix}{user}.")

    return list(found())


def statement(right: Right, principal_prefix: str = "User:") -> str:
    """The right as arguments of `kafka-acls.sh`."""
    prefixed = " --resource-pattern-type prefixed" if right.resource is Resource.GROUP else ""
    return (
        f"--add --allow-principal {principal_prefix}{right.user} --operation {right.operation}"
        f" --{right.resource} {right.name}{prefixed}"
    )
