"""Reading an answer's body without trusting its size."""

import aiohttp


async def read_at_most(response: aiohttp.ClientResponse, most: int) -> bytes | None:
    """The whole body; None where it has more than `most` bytes: then the rest is not read."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > most:
            return None
    return bytes(content)
