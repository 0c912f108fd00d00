"""What gets into the logs, and trace contexts that pass through where no trace is recorded."""

import logging

import pytest
from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from case_shared.process import telemetry
from case_shared.process.telemetry import OncePerMinute


def record(at: float, message: str, *arguments: object, name: str = "aiokafka.client") -> logging.LogRecord:
    made = logging.LogRecord(name, logging.ERROR, "", 0, message, arguments, None)
    made.created = at
    return made


def test_a_library_that_repeats_itself_is_reported_once_a_minute_and_how_often() -> None:
    quiet = OncePerMinute("aiokafka")
    assert [quiet.filter(record(1000 + second, "no node %s", second)) for second in (0, 1, 59)] == [True, False, False]
    assert quiet.filter(record(1001, "another kind"))
    again = record(1060, "no node %s", 3)
    assert quiet.filter(again)
    assert again.getMessage() == "no node 3 (and 2 similar ones before)"
    after = record(1121, "no node %s", 4)
    assert quiet.filter(after)
    assert after.getMessage() == "no node 4"


def test_its_errors_are_warnings_for_a_broker_that_restarts_heals_by_itself() -> None:
    quiet, theirs, ours = OncePerMinute("aiokafka"), record(1000, "no node"), record(1000, "lost", name="case_shared")
    quiet.filter(theirs)
    quiet.filter(ours)
    assert (theirs.levelname, theirs.levelno) == ("WARNING", logging.WARNING)
    assert ours.levelname == "ERROR"


def test_the_stack_trace_of_a_warning_is_one_line() -> None:
    """asyncpg 0.32 warns so for each pool, again and again, while PostgreSQL restarts."""
    quiet, retrying = OncePerMinute("asyncpg"), record(1000, "floor not restored; retrying", name="asyncpg.pool")
    retrying.levelno = logging.WARNING
    error = ConnectionRefusedError("100 % refused")
    retrying.exc_info = (type(error), error, None)
    assert quiet.filter(retrying)
    shown = logging.Formatter().format(retrying)
    assert shown == "floor not restored; retrying: ConnectionRefusedError('100 % refused')"
    assert not quiet.filter(record(1001, "floor not restored; retrying", name="asyncpg.pool"))


def test_others_are_left_alone() -> None:
    quiet = OncePerMinute("aiokafka")
    assert all(quiet.filter(record(1000, "same", name=name)) for name in ("uvicorn", "aiokafka2", "uvicorn"))


@pytest.mark.parametrize("endpoint", ["http://collector:4318", "http://collector:4318/"])
def test_spans_go_where_collectors_take_them(endpoint: str) -> None:
    provider = telemetry._exporting("case-api", endpoint)
    [processor] = provider._active_span_processor._span_processors
    assert processor.span_exporter._endpoint == "http://collector:4318/v1/traces"  # type: ignore[attr-defined]
    provider.shutdown()


def test_spans_that_go_nowhere_have_ids_all_the_same() -> None:
    with telemetry.span("outer") as outer, telemetry.span("inner") as inner:
        of_outer, of_inner = outer.get_span_context(), inner.get_span_context()
        assert trace.get_current_span() is inner
    assert of_outer.is_valid
    assert not of_outer.trace_flags.sampled
    assert of_inner.trace_id == of_outer.trace_id
    assert of_inner.span_id != of_outer.span_id
    with telemetry.span("another") as another:
        assert another.get_span_context().trace_id != of_outer.trace_id


def test_what_somebody_else_records_goes_on_so_through_spans_that_go_nowhere() -> None:
    parent = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "theirs=1"}
    passed_on: dict[str, str] = {}
    theirs = trace.get_current_span(propagate.extract(parent))
    with trace.use_span(theirs), telemetry.span("ours"):
        propagate.inject(passed_on)
    version, trace_id, span_id, flags = passed_on["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", "0af7651916cd43dd8448eb211c80319c", "01")
    assert span_id != "b7ad6b7169203331"
    assert passed_on["tracestate"] == "theirs=1"
    with telemetry.span("ours", traceparent=parent["traceparent"]):
        assert (telemetry.current_traceparent() or "").startswith(f"00-{trace_id}-")


def test_a_span_shows_the_kind_of_an_error_and_not_what_it_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    exported, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exported))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("test"))
    monkeypatch.setattr(telemetry.Exporting, "on", True)
    with pytest.raises(ValueError, match="the pump leaks"), telemetry.span("failing"):
        raise ValueError("the pump leaks")
    [span] = exported.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "ValueError")
    assert not span.events
