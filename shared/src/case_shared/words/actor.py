"""Who did something, as it is stored."""

from typing import NamedTuple


class Actor(NamedTuple):
    """A person or program: the name is for people and may change; issuer and subject together never do.

    SQL statements take it as `text[]`, in this order. Without subject and issuer it is a command run next to the
    database.
    """

    name: str
    subject: str | None = None
    issuer: str | None = None
