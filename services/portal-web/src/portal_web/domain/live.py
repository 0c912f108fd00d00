"""An event of a stream of what changes (text/event-stream)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass
class Event:
    """One event, as its lines come; without `data` it only tells the place in the stream (`id`)."""

    name: str = "message"
    id: str | None = None
    data: list[str] = field(default_factory=list)
    # As browsers get it, by language: made once for all that look.
    shown: dict[str, bytes] = field(default_factory=dict)

    def add(self, line: str) -> None:
        """Take a line in."""
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
    """Bids a page look anew: what happened before `place` cannot be told to it."""
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
