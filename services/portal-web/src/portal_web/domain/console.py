"""What d365-sync tells operators, as far as the console shows it (docs/openapi/d365-sync.json)."""

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime

from portal_web.domain.cases import Told

Json = dict[str, Any]


class Verdict(StrEnum):
    """How the flow goes, at a glance."""

    WELL = "well"
    ATTENTION = "attention"
    ALARM = "alarm"


class Concern(Told):
    """Something that a person should know."""

    stage: str
    what: str
    verdict: Verdict
    count: int | None
    seconds: float | None
    detail: str | None


class Stage(Told):
    """Where submissions stand: how many, since when, how many a minute leave it, failures of the last hour."""

    name: str
    count: int
    oldest_age_seconds: float | None
    per_minute: float
    failures: int


class Minute(Told):
    """What happened in a minute."""

    minute: AwareDatetime
    submitted: int
    taken_in: int
    posts: int
    look_ups: int
    delivered: int
    rejected: int
    unknown: int
    deferred: int
    post_seconds: float | None
    failed: int
    unreadable: int
    told: int


class Breaker(Told):
    """Whether D365 is left alone."""

    state: str
    since: AwareDatetime
    reason: str | None


class Window(Told):
    """A maintenance window."""

    window_id: str
    state: str
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    reason: str
    created_by: str
    ended_by: str | None
    ended_reason: str | None


class PausedConsumer(Told):
    """A consumer that a flood of unreadable records has stopped."""

    consumer_group: str
    topic: str
    since: AwareDatetime
    cause: str
    let_through_until: AwareDatetime | None


class Environment(Told):
    """The D365 that the database belongs to, and one that it refuses."""

    d365_url: str | None
    refused_url: str | None


class Delivery(Told):
    """How delivery goes as a whole."""

    breaker: Breaker
    paused: bool
    paused_by: str | None
    paused_reason: str | None
    paused_at: AwareDatetime | None
    windows: list[Window]
    concurrency: int
    in_flight: int
    backlog: int
    oldest_age_seconds: float
    failed: int
    environment: Environment
    paused_consumers: list[PausedConsumer]

    @property
    def window(self) -> Window | None:
        """The maintenance window that is under way."""
        return next((one for one in self.windows if one.state == "under_way"), None)


class Flow(Told):
    """The pipeline at a glance."""

    as_of: AwareDatetime
    verdict: Verdict
    concerns: list[Concern]
    stages: list[Stage]
    delivery: Delivery
    history: list[Minute]


class Deviation(Told):
    """How many, and the first of them."""

    count: int
    web_case_ids: list[str]


class Comparison(Told):
    """What D365's books and ours do not agree on; `cases` were read there."""

    cases: int
    delivered_not_found: Deviation
    found_not_delivered: Deviation
    found_twice: Deviation


class Ledger(Told):
    """Where each submission stands."""

    adds_up: bool
    as_of: AwareDatetime
    submissions: int
    younger: int
    no_document: int
    open: int
    delivered: int
    failed: int
    returned: int
    discarded: int
    without_submission: int
    without_case_id: int
    d365: Comparison | None = None


class Reason(Told):
    """A reason that dead letters of a cause share."""

    reason: str
    count: int


class Group(Told):
    """Dead letters of one cause."""

    cause: str | None
    count: int
    first: AwareDatetime
    last: AwareDatetime
    reasons: list[Reason]


class Attempt(Told):
    """One try."""

    kind: str
    started: AwareDatetime
    ended: AwareDatetime | None
    outcome: str | None
    finding: str | None
    why: str | None = None
    status: int | None = None
    request: str | None = None
    answer: str | None = None
    duration_seconds: float | None = None


class Contact(Told):
    """Whom D365's staff may ask."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class Payload(Told):
    """What the dealer wrote, perhaps edited."""

    category: str | None = None
    category_type: str | None = None
    priority: str | None = None
    description: str | None = None
    contact: Contact | None = None
    notes: str | None = None


class Change(Told):
    """A field of the payload that differs."""

    pointer: str
    before: str | None
    after: str | None


class Permission(Told):
    """Whether an action is allowed now, and what stands in its way."""

    action: str
    allowed: bool
    obstacle: str | None
    why: str | None
    needs_payload: bool


class Note(Told):
    """What an operator told the others."""

    id: int
    at: AwareDatetime
    author: str
    text: str


class Sent(Told):
    """The request that D365 gets."""

    method: str
    url: str
    body: Json


class Document(Told):
    """A document as the list has it."""

    id: str
    web_case_id: str
    submission_no: int
    dealer: str
    data_area_id: str
    customer_account: str
    state: str
    cause: str | None
    reason: str | None
    detail: str | None
    given_reason: str | None
    case_id: str | None
    attempts: list[Attempt]
    created_by: str
    created_at: AwareDatetime
    submitted_at: AwareDatetime
    delivered_at: AwareDatetime | None
    changed_at: AwareDatetime
    next_attempt_at: AwareDatetime | None
    replay_id: str | None
    payload: Payload | None


class WholeDocument(Document):
    """A document's own page; `etag` is what an order must name."""

    etag: str
    other_case_ids: list[str]
    actions: list[Permission]
    request: Sent | None
    changes: list[Change] | None
    notes: list[Note]

    def permission(self, action: str) -> Permission:
        """Whether `action` is allowed now."""
        return next(one for one in self.actions if one.action == action)


class Choice(Told):
    """A category with its type."""

    category: str
    category_type: str


class Choices(Told):
    """What D365 lets one choose."""

    categories: list[Choice]
    priorities: list[str]


class PayloadForm(Told):
    """What the form of an edited payload needs."""

    payload_schema: Json
    payload: Payload | None
    choices: Choices


class Preview(Told):
    """What a replay would send."""

    changes: list[Change]
    request: Sent | None
    problem: str | None


class Counts(Told):
    """How far a replay has come."""

    documents: int
    remaining: int
    replayed: int
    left_out: int
    would_create: int
    already_there: int
    still_invalid: int


class Replay(Told):
    """A replay of many."""

    replay_id: str
    state: str
    dry_run: bool
    query: Json
    reason: str
    created_by: str
    created_at: AwareDatetime
    ended_at: AwareDatetime | None
    held_up_by: str | None
    counts: Counts
    allowed_actions: list[str]


class ReplayItem(Told):
    """One of its documents."""

    id: str
    dealer: str
    outcome: str | None
    detail: str | None
    state: str
    cause: str | None
    case_id: str | None


class WholeReplay(Replay):
    """A replay with a page of its documents."""

    states: dict[str, int]
    items: list[ReplayItem]
    next: str | None


class Record(Told):
    """A Kafka record that nobody could read."""

    id: int
    topic: str
    partition: int
    offset: int
    consumer_group: str
    headers: list[Any]
    cause: str
    recorded_at: AwareDatetime
    kept_at: AwareDatetime
    seen_at: AwareDatetime | None
    seen_by: str | None
    key_text: str | None
    value_text: str | None
    value_base64: str | None
    value_bytes: int | None


class Entry(Told):
    """Who did what."""

    id: int
    at: AwareDatetime
    actor: str
    action: str
    document: str | None
    replay_id: str | None
    reason: str | None
    fields: list[str]
    documents: int | None
    outcome: str | None


class DealerRow(Told):
    """A dealer with its documents."""

    dealer: str
    name: str | None
    data_area_id: str
    customer_account: str
    active: bool
    seen_at: AwareDatetime
    open: int
    failed: int
    oldest_age_seconds: float | None


class FoundCase(Told):
    """A case of D365, to be linked."""

    case_id: str
    web_case_id: str | None
    status: str | None
    category: str | None
    priority: str | None
    description: str | None
    modified_at: AwareDatetime | None
    document: str | None
