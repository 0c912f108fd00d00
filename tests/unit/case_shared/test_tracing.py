"""Spans of what is done for many at once, and what is passed on where nobody gets any."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from case_shared.process import telemetry, tracing
from case_shared.process.telemetry import current_trace_id, trace_id_of
from case_shared.process.tracing import record, working_on
from tests.support.patience import PATIENCE

Spans = InMemorySpanExporter
TRACES = [f"{number:032x}" for number in (0xA, 0xB, 0xC)]
SAMPLED = [f"00-{one}-b7ad6b7169203331-01" for one in TRACES]
UNSAMPLED = f"00-{0xD:032x}-b7ad6b7169203331-00"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    exported, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exported))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("test"))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    monkeypatch.setattr(telemetry.Exporting, "on", True)
    yield exported
    provider.shutdown()


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def test_one_goes_on_in_its_own_trace(spans: Spans) -> None:
    with working_on("send", [SAMPLED[0]]) as goes_on:
        assert current_trace_id() == TRACES[0]
    [span] = spans.get_finished_spans()
    assert (span.name, trace_of(span), span.links) == ("send", TRACES[0], ())
    assert span.parent is not None
    assert span.parent.span_id == 0xB7AD6B7169203331
    assert span.context is not None
    assert goes_on == [f"00-{TRACES[0]}-{span.context.span_id:016x}-{span.context.trace_flags:02x}"]


def test_where_many_meet_each_goes_on_and_all_are_linked(spans: Spans) -> None:
    given = [SAMPLED[0], None, UNSAMPLED, SAMPLED[1], SAMPLED[0]]
    with working_on("read", given) as goes_on:
        shared = current_trace_id()
    assert [trace_id_of(one) for one in goes_on] == [TRACES[0], None, trace_id_of(UNSAMPLED), TRACES[1], TRACES[0]]
    assert goes_on[2] == UNSAMPLED
    by_trace = {trace_of(span): span for span in spans.get_finished_spans()}
    assert by_trace.keys() == {TRACES[0], TRACES[1], shared}
    meeting = by_trace[shared or ""]
    assert meeting.parent is None
    assert [f"{link.context.trace_id:032x}" for link in meeting.links] == TRACES[:2]
    for one in TRACES[:2]:
        assert [f"{link.context.trace_id:032x}" for link in by_trace[one].links] == [shared]


def test_what_fails_says_so_in_each_trace_and_quotes_nothing(spans: Spans) -> None:
    with pytest.raises(ValueError, match="the pump leaks"), working_on("read", SAMPLED):
        raise ValueError("the pump leaks")
    finished = spans.get_finished_spans()
    assert len(finished) == 4
    assert {(span.status.status_code, span.status.description) for span in finished} == {
        (StatusCode.ERROR, "ValueError")
    }
    assert not any(span.events for span in finished)


def test_what_has_waited_has_a_span_of_that_time(spans: Spans) -> None:
    since = datetime.now(UTC) - timedelta(seconds=5)
    goes_on = record("outbox", SAMPLED[0], since)
    [span] = spans.get_finished_spans()
    assert span.start_time is not None
    assert span.end_time is not None
    assert 5e9 <= span.end_time - span.start_time < (5 + 5 * PATIENCE) * 1e9
    assert trace_id_of(goes_on) == TRACES[0]
    assert goes_on != SAMPLED[0]


@pytest.mark.parametrize("given", [[], [None], [UNSAMPLED], [None, UNSAMPLED]])
def test_without_a_sampled_trace_nothing_is_recorded(spans: Spans, given: list[str | None]) -> None:
    with working_on("read", given) as goes_on:
        assert goes_on == given
        # The only trace there is: the log has its id.
        assert current_trace_id() == trace_id_of(next((one for one in given if one), None))
    assert record("outbox", UNSAMPLED, 0) == UNSAMPLED
    assert not spans.get_finished_spans()


def test_where_nobody_gets_spans_none_are_made(spans: Spans, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry.Exporting, "on", False)
    with working_on("read", SAMPLED) as goes_on:
        assert goes_on == SAMPLED
        assert not trace.get_current_span().is_recording()
    assert not spans.get_finished_spans()


def test_what_nobody_asked_for_has_a_trace_of_its_own_on_request(spans: Spans) -> None:
    with working_on("read", [None, None], always=True) as goes_on:
        assert current_trace_id() is not None
    assert goes_on == [None, None]
    [span] = spans.get_finished_spans()
    assert (span.name, span.parent) == ("read", None)


def test_a_line_of_the_log_keeps_the_trace_that_it_names() -> None:
    inside = trace.NonRecordingSpan(trace.SpanContext(0x1234, 0x56, is_remote=False))
    with trace.use_span(inside):
        assert telemetry._add_trace(None, "", {"trace_id": TRACES[0]})["trace_id"] == TRACES[0]
        assert telemetry._add_trace(None, "", {"trace_id": None})["trace_id"] == f"{0x1234:032x}"
