"""The addresses of PostgreSQL (`postgresql://…`): the hosts that they name, and which of these is wanted."""

from urllib.parse import parse_qs, unquote, urlsplit

_PORT = 5432
_SESSION_ATTRS = "target_session_attrs"


def hosts_of(url: str) -> list[tuple[str, int]]:
    """Each host of `url` with its port: from before the path, or from `host=` and `port=`.

    Raises ValueError where a port is none.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    listed = query.get("host", [parts.netloc.rpartition("@")[2]])[-1]
    if not listed:
        return []
    hosts = [_split(one) for one in listed.split(",")]
    ports = query.get("port", [""])[-1].split(",")
    if len(ports) not in {1, len(hosts)}:
        raise ValueError("port= must name one port, or one for each host")
    given = ports * len(hosts) if len(ports) == 1 else ports
    return [(unquote(host), int(port or other or _PORT)) for (host, port), other in zip(hosts, given, strict=True)]


def _split(host: str) -> tuple[str, str]:
    """Host and port of `host:port`, where the host may be an IPv6 address in brackets or a folder."""
    if host.startswith("["):
        address, _, rest = host[1:].partition("]")
        return address, rest.removeprefix(":")
    name, _, port = host.partition(":")
    return name, port


def session_attrs(url: str) -> str | None:
    """What a server of `url` must be like where the URL does not say: of several hosts, the one that takes changes."""
    said = _SESSION_ATTRS in parse_qs(urlsplit(url).query)
    return "read-write" if len(hosts_of(url)) > 1 and not said else None
