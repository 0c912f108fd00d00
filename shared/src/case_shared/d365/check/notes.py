"""What the check's answers say besides their bodies: D365's clock, its 429s, how long to wait."""

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import aiohttp

from case_shared.d365.odata import retry_after_seconds
from case_shared.process.clock import Clock


@dataclass
class Notes:
    """Collects from the session's traces; answers of hosts other than `host`, D365's, do not count."""

    host: str
    clock: Clock
    throttled: int = 0
    longest_wait_seconds: float = 0.0
    clock_offset_seconds: float | None = None
    server_time: datetime | None = field(default=None)

    def tracing(self) -> aiohttp.TraceConfig:
        """Return what a session must be opened with."""
        config = aiohttp.TraceConfig()
        config.on_request_end.append(self._answered)
        return config

    async def _answered(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        answer = params.response
        if params.url.host != self.host:
            return
        if answer.status == 429:
            self.throttled += 1
            self.longest_wait_seconds = max(self.longest_wait_seconds, retry_after_seconds(answer.headers) or 0.0)
        try:
            self.server_time = parsedate_to_datetime(answer.headers.get("Date", ""))
        except ValueError:
            return
        self.clock_offset_seconds = (self.clock.now() - self.server_time).total_seconds()
