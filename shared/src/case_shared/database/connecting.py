"""One connection to PostgreSQL: of several hosts the one that is wanted, however the others are."""

from collections.abc import Callable
from typing import Any

import asyncpg

from case_shared.process.database_urls import hosts_of, session_attrs

# With several hosts, one that does not answer delays nobody for longer than this.
HOST_SECONDS = 3.0
# What calls for the next host: this one is away, starts up, or is a standby where another is wanted.
_NEXT = (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.TargetServerAttributeNotMatched)


def connector(url: Callable[[], str]) -> Callable[..., Any]:
    """What opens the connections of a pool; the address is asked for at each of them.

    The host that let the last one in is asked first: a host that is gone costs its time once, not each time.
    """
    last: tuple[str, int] | None = None

    async def connect(*_: object, **options: Any) -> Any:
        nonlocal last
        address = url()
        hosts = hosts_of(address)
        if len(hosts) <= 1:  # the driver understands all of it
            return await asyncpg.connect(address, **options)
        wanted = {"target_session_attrs": session_attrs(address), "timeout": HOST_SECONDS, **options}
        failure: Exception | None = None
        for host, port in sorted(hosts, key=lambda one: one != last):
            try:
                connection = await asyncpg.connect(address, host=host, port=port, **wanted)
            except _NEXT as error:
                failure = error
            else:
                last = (host, port)
                return connection
        assert failure is not None
        raise failure

    return connect
