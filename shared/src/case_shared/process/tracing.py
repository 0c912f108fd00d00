"""Spans of what is done for many at once: records, documents, cases, each with its own trace.

Where nobody gets the spans, or the caller of a trace does not sample it, nothing is made: a traceparent is passed on as
it is.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode

from case_shared.process import telemetry

_tracer = trace.get_tracer("casebridge")
_SAMPLED = 1
Attributes = Mapping[str, str | int]


def is_recorded(traceparent: str | None) -> bool:
    """Whether a collector gets the spans of this trace."""
    return telemetry.Exporting.on and traceparent is not None and bool(int(traceparent[-2:], 16) & _SAMPLED)


@contextmanager
def working_on(
    name: str,
    traceparents: Sequence[str | None],
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes | None = None,
    always: bool = False,
) -> Iterator[list[str | None]]:
    """Run the block in a span of each of these traces; several are linked to one more span, the block's own.

    Gives the traceparents by which each trace goes on, in the same order. Where none of them is recorded, the block
    runs in the only one, so that the log has its id; with `always`, else, in a new one.
    """
    recorded = [one for one in dict.fromkeys(traceparents) if one is not None and is_recorded(one)]
    if not recorded:
        with _unrecorded(name, {one for one in traceparents if one}, attributes, always=always):
            yield list(traceparents)
        return
    parents = {one: propagate.extract({"traceparent": one}) for one in recorded}
    meeting = _meeting(name, parents.values(), kind, attributes) if len(recorded) > 1 else None
    links = [Link(meeting.get_span_context())] if meeting else []
    spans = {one: _tracer.start_span(name, parent, kind, attributes, links) for one, parent in parents.items()}
    goes_on = {one: _traceparent(span.get_span_context()) for one, span in spans.items()}
    started = [*spans.values(), *([meeting] if meeting else [])]
    try:
        with trace.use_span(started[-1], record_exception=False, set_status_on_exception=False):
            yield [goes_on.get(one, one) if one else None for one in traceparents]
    except Exception as error:
        for span in started:
            span.set_status(StatusCode.ERROR, type(error).__name__)
            span.set_attribute("error.type", type(error).__name__)
        raise
    finally:
        for span in started:
            span.end()


def _unrecorded(
    name: str, traceparents: Collection[str], attributes: Attributes | None, *, always: bool
) -> AbstractContextManager[object]:
    if len(traceparents) == 1:
        (only,) = traceparents
        if telemetry.current_trace_id() == telemetry.trace_id_of(only):
            return nullcontext()
        inside = trace.get_current_span(propagate.extract({"traceparent": only}))
        return trace.use_span(inside, record_exception=False, set_status_on_exception=False)
    return telemetry.span(name, attributes=attributes) if always else nullcontext()


def _meeting(name: str, parents: Iterable[Context], kind: SpanKind, attributes: Attributes | None) -> Span:
    """Start a span in its own trace, linked to all that meet in it."""
    links = [Link(trace.get_current_span(parent).get_span_context()) for parent in parents]
    return _tracer.start_span(name, Context(), kind, attributes, links)


def record(
    name: str, traceparent: str | None, began: datetime | int, attributes: Attributes | None = None
) -> str | None:
    """A span of this trace from `began` (or nanoseconds) until now; gives the traceparent by which it goes on."""
    if not is_recorded(traceparent):
        return traceparent
    start = began if isinstance(began, int) else int(began.timestamp() * 1e9)
    parent = propagate.extract({"traceparent": traceparent or ""})
    span = _tracer.start_span(name, parent, attributes=attributes, start_time=min(start, time.time_ns()))
    span.end()
    return _traceparent(span.get_span_context())


def _traceparent(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
