"""Who did something, as it is kept."""

from typing import NamedTuple


class Actor(NamedTuple):
    """A person or program: the name is for people to read and may change; issuer and subject together never do.

    Statements take it as `text[]`, in this order. Without subject and issuer it is a command run beside the database.
    """

    name: str
    subject: str | None = None
    issuer: str | None = None
