"""A load generator in its own process: it writes ready-made requests and finds where an answer ends, no more.

Reads its task as JSON from stdin (see http.py) and prints `{"answers", "per_second"}`.
"""

import asyncio
import itertools
import re
import sys
import time
from typing import Any

import orjson
import uvloop

WARM_UP_SECONDS = 0.5
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered, until it must stop."""

    def __init__(self, requests: "itertools.cycle[bytes]", status: bytes) -> None:
        self._requests, self._status = requests, status
        self._received = b""
        self.answers = 0
        self.stopped = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Send the first request."""
        self._transport = transport
        transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        """Count the answer if it is complete, and send the next request."""
        received = self._received + data
        head = received.find(b"\r\n\r\n")
        length = _LENGTH.search(received, 0, head) if head >= 0 else None
        if length is None or len(received) < head + 4 + int(length[1]):
            self._received = received
            return
        self._received = b""
        if received[9:12] != self._status:
            self.ended.set_exception(RuntimeError(f"unexpected answer: {received[:2000]!r}"))
            self._transport.close()
            return
        self.answers += 1
        if self.stopped:
            self._transport.close()
        else:
            self._transport.write(next(self._requests))

    def connection_lost(self, error: Exception | None) -> None:
        """Note the end, expected or not."""
        if not self.ended.done():
            expected = self.stopped and error is None
            self.ended.set_result(None) if expected else self.ended.set_exception(error or RuntimeError("hung up on"))


async def main(task: dict[str, Any]) -> dict[str, float]:
    """Load the server for `seconds` on `connections` at once."""
    loop = asyncio.get_running_loop()
    requests = itertools.cycle([request.encode() for request in task["requests"]])
    status = str(task["status"]).encode()
    made = [
        await loop.create_connection(lambda: Connection(requests, status), "127.0.0.1", task["port"])
        for _ in range(task["connections"])
    ]
    connections = [connection for _, connection in made]
    await asyncio.sleep(WARM_UP_SECONDS)
    first, began = sum(one.answers for one in connections), time.perf_counter()
    await asyncio.sleep(task["seconds"])
    counted, elapsed = sum(one.answers for one in connections) - first, time.perf_counter() - began
    for connection in connections:
        connection.stopped = True
    await asyncio.gather(*(connection.ended for connection in connections))
    return {"answers": sum(one.answers for one in connections), "per_second": counted / elapsed}


if __name__ == "__main__":
    print(orjson.dumps(uvloop.run(main(orjson.loads(sys.stdin.buffer.read())))).decode())
