"""An OTLP receiver that keeps the spans it is sent, as a test looks at them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.processes import free_port


@dataclass(frozen=True)
class SeenSpan:
    """A span; ids in hexadecimal digits, `parent` is empty where it has none."""

    service: str
    name: str
    kind: int
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    attributes: dict[str, Any]
    failed: bool


@dataclass
class Collector:
    """What came so far: bodies as they were sent, and the spans in them."""

    url: str
    bodies: list[bytes] = field(default_factory=list)
    spans: list[SeenSpan] = field(default_factory=list)

    def of(self, trace: str) -> list[SeenSpan]:
        """The spans of one trace."""
        return [span for span in self.spans if span.trace == trace]

    def take(self, body: bytes) -> None:
        """Keep what a service sends."""
        self.bodies.append(body)
        self.spans.extend(_spans(body))


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    """A collector at its own address, which is `OTEL_EXPORTER_OTLP_ENDPOINT`."""
    port = free_port()
    started = Collector(f"http://127.0.0.1:{port}")

    async def take(request: web.Request) -> web.Response:
        started.take(await request.read())
        return web.Response()

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.add_routes([web.post("/v1/traces", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield started
    finally:
        await runner.cleanup()


def _spans(body: bytes) -> Iterator[SeenSpan]:
    sent = ExportTraceServiceRequest.FromString(body)
    for resource in sent.resource_spans:
        service = _values(resource.resource.attributes)["service.name"]
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            yield SeenSpan(
                service=service,
                name=span.name,
                kind=span.kind,
                trace=span.trace_id.hex(),
                id=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                links=tuple(link.trace_id.hex() for link in span.links),
                attributes=_values(span.attributes),
                failed=span.status.code == 2,
            )


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
