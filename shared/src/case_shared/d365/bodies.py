"""Reads an answer's body without trusting its size."""

import aiohttp


async def read_at_most(response: aiohttp.ClientResponse, most: int) -> bytes | None:
    """Return the whole body, or None if it exceeds `most` bytes; the rest is then not read."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > most:
            return None
    return bytes(content)
