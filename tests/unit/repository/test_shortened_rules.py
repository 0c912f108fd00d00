"""`make alerts-live` shortens what is time in a rule, and nothing else."""

import pytest

from tests.alerts.shortened import rules, shortened, wait_seconds


@pytest.mark.parametrize(
    ("deployed", "short"),
    [
        ("avg_over_time(a:rate5m[6h]) * 21600 > 2.5", "avg_over_time(a:rate5m[1080000ms]) * 1080 > 2.5"),
        (
            "max_over_time(max(d365_sync_breaker_open)[1h:1m]) == bool 0",
            "max_over_time(max(d365_sync_breaker_open)[180000ms:3000ms]) == bool 0",
        ),
        (
            'max(a_age_seconds{state=~"x|y"}) > 900 unless max(b) == 1',
            'max(a_age_seconds{state=~"x|y"}) > 45 unless max(b) == 1',
        ),
        (
            "max by (topic, group) (casebridge_consumer_lag_seconds) > 60",
            "max by (topic, group) (casebridge_consumer_lag_seconds) > 3",
        ),
        # What the metrics themselves say, a certificate's days, a delay that is slow at any pace, a share.
        ("min(casebridge_progress_age_seconds) > max(b)", "min(casebridge_progress_age_seconds) > max(b)"),
        ("end_timestamp_seconds - time() < 14 * 86400", "end_timestamp_seconds - time() < 14 * 86400"),
        (
            "histogram_quantile(0.99, rate(delay_seconds_bucket[5m])) > 0.25",
            "histogram_quantile(0.99, rate(delay_seconds_bucket[15000ms])) > 0.25",
        ),
        (
            'rate(a_seconds_bucket{le="60.0"}[5m]) > 14.4 * 0.001',
            'rate(a_seconds_bucket{le="60.0"}[15000ms]) > 14.4 * 0.001',
        ),
    ],
)
def test_ranges_counts_and_waiting_are_shortened(deployed: str, short: str) -> None:
    (rule,) = rules(shortened({"groups": [{"rules": [{"alert": "A", "expr": deployed}]}]}, 20))
    assert rule["expr"] == short


def test_durations_are_shortened_and_the_given_rules_stay() -> None:
    rule = {"alert": "A", "expr": "a_age_seconds > 900", "for": "5m"}
    paused = {"alert": "DeliveryPaused", "expr": "max(d365_sync_paused) == 1", "for": "4h"}
    deployed = {"global": {"scrape_interval": "15s"}, "groups": [{"interval": "30s", "rules": [rule, paused]}]}
    short = shortened(deployed, 20)
    assert short["global"] == {"scrape_interval": "750ms"}
    assert short["groups"][0]["interval"] == "1500ms"
    assert [one["for"] for one in rules(short)] == ["15000ms", "60000ms"]
    assert [wait_seconds(one) for one in (*rules(deployed), *rules(short))] == [1200, 14400, 60, 60]
