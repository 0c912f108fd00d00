"""Logs, traces and their context: one trace from the dealer's click to D365 and back."""

import logging
import sys
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import asyncpg
import structlog
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode

_QUIET_SECONDS = 60.0
_LAST_SPANS_MILLIS = 2000
_tracer = trace.get_tracer("casebridge")
_ids = RandomIdGenerator()


def configure(service: str, *, level: str, form: str, otlp_endpoint: str | None) -> None:
    """Set up logging (JSON lines, or text for people if `form` is console) and tracing; once, at the start."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_rows,
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
        if form == "console"
        else structlog.processors.JSONRenderer()
    )
    # JSON lines call the text `message`, as log stores expect; people need no name for it.
    rendering = [renderer] if form == "console" else [structlog.processors.EventRenamer("message"), renderer]
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    _adopt_standard_logging(shared, rendering, level)
    if otlp_endpoint is not None:
        trace.set_tracer_provider(_exporting(service, otlp_endpoint))
    Exporting.on = otlp_endpoint is not None


class Exporting:
    """Whether a collector gets the spans: `on` is set once, at the start."""

    on = False


def _exporting(service: str, otlp_endpoint: str) -> TracerProvider:
    """Make spans that go to an OpenTelemetry collector."""
    # Imported here: it imports an HTTP client, which nothing else waits for.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    # The provider shuts it down when the process ends.
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=f"{otlp_endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(_SoonEnding(exporter))
    return provider


class _SoonEnding(BatchSpanProcessor):
    """Gives the last spans little time at the end: the SDK waits 30 seconds for a collector that does not answer.

    By then whoever stops the process has killed it. `force_flush` ignores its time-out (opentelemetry-python#4568).
    """

    def shutdown(self) -> None:
        """Send what is left, but wait no longer than the time granted."""
        from case_shared.process.private import end_spans  # it imports Kafka's client, which commands need not wait for

        end_spans(self, within_millis=_LAST_SPANS_MILLIS)


def _adopt_standard_logging(shared: list[Any], rendering: list[Any], level: str) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        )
    )
    if level != "DEBUG":
        handler.addFilter(OncePerMinute("aiokafka"))
        handler.addFilter(OncePerMinute("asyncpg"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


class OncePerMinute(logging.Filter):
    """Lets each kind of message of one library through once a minute, with the number of similar ones in between.

    While Kafka is away, aiokafka logs each try of each partition, and asyncpg each try of each pool with a stack trace;
    our own logs say once what matters of that. Their errors become warnings, and the stack trace of a warning one line:
    a server that restarts heals by itself, and our own logs report what does not as an error.
    """

    def __init__(self, library: str) -> None:
        super().__init__()
        self._library = library
        self._logged: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False if the record's kind was logged within the last minute."""
        if record.name.partition(".")[0] != self._library:
            return True
        kind = (record.name, str(record.msg))
        if record.levelno == logging.WARNING and record.exc_info:
            record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]!r}", ()
            record.exc_info = None
        if record.levelno == logging.ERROR:
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        logged_at, since = self._logged.get(kind, (-_QUIET_SECONDS, 0))
        if record.created < logged_at + _QUIET_SECONDS:
            self._logged[kind] = (logged_at, since + 1)
            return False
        self._logged[kind] = (record.created, 0)
        if since:
            record.msg = f"{record.msg} (and {since} similar ones before)"
        return True


def _add_trace(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    # A line about one of several that are handled together names that one's own trace.
    if context.is_valid and not event.get("trace_id"):
        event["trace_id"] = format(context.trace_id, "032x")
    return event


def _without_rows(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Remove PostgreSQL's detail from errors: it shows the failing row, and so what a dealer wrote."""
    error: BaseException | None = sys.exc_info()[1] if event.get("exc_info") is True else None
    if isinstance(event.get("exc_info"), BaseException):
        error = event["exc_info"]
    while error is not None:
        if isinstance(error, asyncpg.PostgresError):
            error.detail = None
        error = error.__cause__ or error.__context__
    return event


def current_traceparent() -> str | None:
    """Return the W3C `traceparent` of the current span, to be stored or sent; None outside a trace."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent")


def current_trace_id() -> str | None:
    """Return the current trace's ID, as problem documents and logs show it; None outside a trace."""
    context = trace.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None


def trace_id_of(traceparent: str | None) -> str | None:
    """Return the ID of the trace that `traceparent` belongs to, for a log line about what it was stored with."""
    return traceparent.split("-")[1] if traceparent else None


def span(
    name: str,
    *,
    traceparent: str | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, str | int] | None = None,
    links: tuple[str, ...] = (),
) -> AbstractContextManager[Span]:
    """Run the block in a span: a child of `traceparent` if given, linked to the traces in `links`.

    An error's message may quote what a dealer wrote: the span records only its type, the log has the rest.
    """
    parent = propagate.extract({"traceparent": traceparent}) if traceparent else None
    if not Exporting.on:
        return trace.use_span(_unexported(parent), record_exception=False, set_status_on_exception=False)
    linked = [
        Link(trace.get_current_span(propagate.extract({"traceparent": link})).get_span_context()) for link in links
    ]
    return _exported(name, parent, kind, attributes, linked)


def _unexported(parent: Context | None) -> Span:
    """Make a span that goes nowhere: logs and the next service still get its IDs, and a caller's sampling decision."""
    within = trace.get_current_span(parent).get_span_context()
    trace_id = within.trace_id if within.is_valid else _ids.generate_trace_id()
    ids = SpanContext(trace_id, _ids.generate_span_id(), False, within.trace_flags, within.trace_state)
    return NonRecordingSpan(ids)


@contextmanager
def _exported(
    name: str,
    parent: Context | None,
    kind: SpanKind,
    attributes: Mapping[str, str | int] | None,
    links: Sequence[Link],
) -> Iterator[Span]:
    with _tracer.start_as_current_span(
        name, parent, kind, attributes, links, record_exception=False, set_status_on_exception=False
    ) as started:
        try:
            yield started
        except Exception as error:
            started.set_status(StatusCode.ERROR, type(error).__name__)
            started.set_attribute("error.type", type(error).__name__)
            raise


def calling(
    method: str, server: str, *, template: str | None = None, attributes: Mapping[str, str | int] | None = None
) -> AbstractContextManager[Span]:
    """Run the block in the span of a request to `server`; `template` is the address without what names one thing."""
    named = {"http.request.method": method, "server.address": server, **(attributes or {})}
    if template is None:
        return span(method, kind=SpanKind.CLIENT, attributes=named)
    return span(f"{method} {template}", kind=SpanKind.CLIENT, attributes={**named, "url.template": template})


def answered(calling: Span, status: int) -> None:
    """Note that the request was answered; a client's span counts each refusal as an error."""
    calling.set_attribute("http.response.status_code", status)
    if status >= 400:
        calling.set_attribute("error.type", str(status))
        calling.set_status(StatusCode.ERROR)
