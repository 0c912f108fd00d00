"""An event of a stream of changes (text/event-stream)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass
class Event:
    """One event, built from its lines; without `data` it only gives the place in the stream (`id`)."""

    name: str = "message"
    id: str | None = None
    data: list[str] = field(default_factory=list)
    # As browsers get it, by language: rendered once for all pages.
    shown: dict[str, bytes] = field(default_factory=dict)

    def add(self, line: str) -> None:
        """Add a line."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self.name = value
        elif name == "id":
            self.id = value
        elif name == "data":
            self.data.append(value)

    def text(self, data: str) -> bytes:
        """The event with other data."""
        head = f"id: {self.id}\n" if self.id else ""
        return f"{head}event: {self.name}\ndata: {data}\n\n".encode()


def resync(place: str | None) -> Event:
    """An event that makes a page reload: it missed changes before `place`."""
    return Event("resync", place, ["{}"])


async def events_of(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    """The events of a stream's lines."""
    event = Event()
    async for line in lines:
        if line.startswith(":"):
            continue
        if line:
            event.add(line)
            continue
        if event.data or event.id:
            yield event
        event = Event()
