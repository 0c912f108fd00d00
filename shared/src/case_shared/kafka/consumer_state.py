"""The state of one consumer: whether it has joined, what it reads, how far it is behind, and what stops it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka import TopicPartition
from prometheus_client import Counter, Gauge

from case_shared.kafka.connection import RawRecord
from case_shared.kafka.record_batches import UndecodableRecord, record_time
from case_shared.process.clock import Clock

# A batch takes less than a second; for this long, records waited and none was handled.
_LONGEST_LAG_SECONDS = 60.0
_LABELS = ["topic", "group"]
_consumed = Counter("casebridge_records_consumed_total", "Records whose outcome is stored", _LABELS)
_ended = Counter(
    "casebridge_consumer_errors_total", "Number of times that a consumer restarted after an error", _LABELS
)
_record_time = Gauge("casebridge_last_record_timestamp_seconds", "Time of the newest record processed", _LABELS)
_paused = Gauge(
    "casebridge_consumer_paused", "1 while the consumer is paused because of a flood of unreadable records", _LABELS
)
_joined = Gauge("casebridge_consumer_joined", "1 while the consumer is a member of its group", _LABELS)
_assigned = Gauge("casebridge_consumer_partitions", "Partitions that the consumer reads", _LABELS)
_unowned = Gauge("casebridge_consumer_unowned_partitions", "Partitions that no member of the group reads", _LABELS)
_lag = Gauge("casebridge_consumer_lag_records", "Records of its partitions that are not processed yet", _LABELS)
_lag_age = Gauge("casebridge_consumer_lag_seconds", "How long the oldest of these records has waited", _LABELS)


def next_offset(record: RawRecord) -> int:
    """Return the offset after `record`."""
    return 1 + (record.last_offset if isinstance(record, UndecodableRecord) else record.offset)


@dataclass
class ConsumerState:
    """What the consumer of `topic` in `group` reports about itself; times by `clock`."""

    topic: str
    group: str
    clock: Clock
    start_seconds: float
    joined: bool = False
    flooded: bool = False
    topic_missing: bool = False
    assigned: frozenset[TopicPartition] = frozenset()
    unowned: int = 0
    lag_records: int = 0
    lag_seconds: float = 0.0
    last_error: str | None = None
    _ever_joined: bool = False
    _ended_by_error: bool = False
    # By partition: the next offset to handle, and the next one to read.
    _places: dict[TopicPartition, int] = field(default_factory=dict)
    _read_to: dict[TopicPartition, int] = field(default_factory=dict)
    _behind_since: dict[TopicPartition, tuple[int, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._began = self.clock.monotonic()

    @property
    def problem(self) -> str | None:
        """Why this consumer makes the service not ready; None if it does not, or Kafka is only away for a while."""
        reason = f": {self.last_error}" if self.last_error else ""
        if self._ended_by_error:
            return f"the consumer of {self.topic} failed and restarts{reason}"
        late = self.clock.monotonic() - self._began > self.start_seconds
        if late and not self._ever_joined:
            return f"the consumer of {self.topic} has not joined group {self.group} since the service started{reason}"
        return None

    @property
    def concern(self) -> str | None:
        """What else stops it, or part of its topic; None if all records flow."""
        if not self.joined:
            return f"the consumer of {self.topic} is not in group {self.group}"
        if self.flooded:
            return f"the consumer of {self.topic} is paused because of a flood of unreadable records"
        if self.topic_missing:
            return f"topic {self.topic} does not exist"
        if self.lag_seconds > _LONGEST_LAG_SECONDS:
            return f"records of {self.topic} have waited for {self.lag_seconds:.0f} s: the consumer makes no progress"
        if self.unowned:
            return f"{self.unowned} partitions of {self.topic} have no consumer in group {self.group}"
        return None

    @property
    def concern_kind(self) -> str:
        """The kind of `concern` in the flow: it lags, partitions have no owner, or it is stopped."""
        if not self.joined or self.flooded or self.topic_missing:
            return "consumer_stopped"
        return "consumer_lags" if self.lag_seconds > _LONGEST_LAG_SECONDS else "partitions_unowned"

    def has_joined(self) -> None:
        """Note that it is a member of its group now."""
        self.joined = self._ever_joined = True
        self._ended_by_error = False
        self._places.clear()
        self._read_to.clear()
        self._behind_since.clear()
        self._metric(_joined, 1)

    def has_left(self) -> None:
        """Note that it is no longer a member."""
        self.joined = False
        self.assigned = frozenset()
        self._metric(_joined, 0)
        self._metric(_assigned, 0)

    def has_failed(self, error: BaseException | str, *, ended: bool) -> None:
        """Note an error; `ended` if it ended the reading."""
        self.last_error = error if isinstance(error, str) else repr(error)[:500]
        self._ended_by_error = self._ended_by_error or ended
        if ended:
            _ended.labels(self.topic, self.group).inc()

    def has_read(self, records: Iterable[RawRecord]) -> None:
        """Note that these are being handled; everything before them has been."""
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            self._places.setdefault(partition, record.offset)
            self._read_to[partition] = next_offset(record)

    def has_handled(self, records: Sequence[RawRecord]) -> None:
        """Note that the outcome of these is durable."""
        for record in records:
            self._places[TopicPartition(record.topic, record.partition)] = next_offset(record)
        _consumed.labels(self.topic, self.group).inc(len(records))
        self._metric(_record_time, max(record_time(record) for record in records).timestamp())

    def is_flooded(self, *, flooded: bool) -> None:
        """Note whether a flood of unreadable records stops it."""
        self.flooded = flooded
        self._metric(_paused, flooded)

    def measure(self, ends: Mapping[TopicPartition, int], positions: Mapping[TopicPartition, int]) -> None:
        """Measure the lag of the partitions that it reads, by the end of each and the next offset it reads."""
        self.assigned = frozenset(positions)
        self._places = {one: self._place(one, position) for one, position in positions.items()}
        behind = {one: end - self._places[one] for one, end in ends.items() if end > self._places[one]}
        now = self.clock.monotonic()
        self._behind_since = {one: self._since(one, now) for one in behind}
        self.lag_records = sum(behind.values())
        self.lag_seconds = max((now - since for _, since in self._behind_since.values()), default=0.0)
        self._metric(_assigned, len(self.assigned))
        self._metric(_lag, self.lag_records)
        self._metric(_lag_age, self.lag_seconds)

    def has_unowned(self, partitions: int) -> None:
        """Note how many partitions no member reads."""
        self.unowned = partitions
        self._metric(_unowned, partitions)

    def _place(self, partition: TopicPartition, position: int) -> int:
        """Return the offset up to which `partition` is handled: its position if nothing is being handled.

        The position also passes what is not a record, such as the marks of transactions.
        """
        place = self._places.get(partition, position)
        return position if place >= self._read_to.get(partition, place) else place

    def _since(self, partition: TopicPartition, now: float) -> tuple[int, float]:
        place = self._places[partition]
        known = self._behind_since.get(partition)
        return known if known is not None and known[0] == place else (place, now)

    def _metric(self, gauge: Gauge, value: float) -> None:
        gauge.labels(self.topic, self.group).set(value)
