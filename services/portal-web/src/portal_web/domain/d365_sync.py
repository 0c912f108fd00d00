# Generated from docs/openapi/d365-sync.json by `make models`: do not edit.

from typing import Any

from pydantic import AwareDatetime

from portal_web.domain.api import ApiEnum, ApiModel


class Action(ApiEnum):
    """What an operator may do with a document."""

    REPLAY = "replay"
    LINK = "link"
    VERIFY = "verify"
    RETURN = "return"
    DISCARD = "discard"
    RESTORE = "restore"
    ACKNOWLEDGE = "acknowledge"


class Alarm(ApiEnum):
    """Something that must not happen, found on a document that is otherwise done; the most serious one first."""

    SECOND_CASE = "second_case"
    STORED_DIFFERENTLY = "stored_differently"


class BreakerDocument(ApiModel):
    """The circuit breaker for D365."""

    reason: str | None = None
    since: AwareDatetime | None = None
    state: str


class CaseStatus(ApiEnum):
    """The status of a case as dealers see it, in the order of a case's life."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_PROCESS = "in_process"
    OPEN = "open"
    CLOSED = "closed"
    CANCELED = "canceled"


class CategoryChoice(ApiModel):
    """A category with its type."""

    category: str
    category_type: str


class Cause(ApiEnum):
    """Why a document is in its state. Operators group documents by it."""

    REJECTED = "rejected"
    EXISTS_WITH_OTHER_CONTENT = "exists_with_other_content"
    FOUND_TWICE = "found_twice"
    UNUSABLE_CASE_ID = "unusable_case_id"
    INVALID_PAYLOAD = "invalid_payload"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    SUPERSEDED = "superseded"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    UNAUTHORIZED = "unauthorized"
    MISCONFIGURED = "misconfigured"
    READ_BACK = "read_back"
    LOST_IN_D365 = "lost_in_d365"
    EVIDENCE = "evidence"
    LINKED = "linked"


class ChangeDocument(ApiModel):
    """A changed field of the payload."""

    after: str | None = None
    before: str | None = None
    pointer: str


class ChoicesDocument(ApiModel):
    """The choices in D365 for the document's legal entity. Empty if they are not known."""

    categories: list[CategoryChoice]
    priorities: list[str]


class CommonReason(ApiModel):
    """A reason that several dead letters share (at most 300 characters)."""

    count: int
    reason: str


class ContactDocument(ApiModel):
    """The person to ask about the case."""

    email: str | None = None
    name: str | None = None
    phone: str | None = None


class D365CaseDocument(ApiModel):
    """A case in D365. `document` is the document that is linked to it."""

    case_id: str
    category: str | None = None
    description: str | None = None
    document: str | None = None
    modified_at: AwareDatetime | None = None
    priority: str | None = None
    status: str | None = None
    web_case_id: str | None = None


class D365CasesDocument(ApiModel):
    """Cases in D365, last modified first."""

    has_more: bool
    items: list[D365CaseDocument]


class DealerDocument(ApiModel):
    """A dealer with its numbers of documents: `open` are on their way, `failed` are dead letters."""

    active: bool
    customer_account: str
    data_area_id: str
    dealer: str
    failed: int
    first_seen_at: AwareDatetime
    name: str | None = None
    oldest_age_seconds: float | None = None
    open: int
    seen_at: AwareDatetime


class DealersDocument(ApiModel):
    """One page of dealers, sorted by slug."""

    has_more: bool
    items: list[DealerDocument]
    next: str | None = None


class DeviationDocument(ApiModel):
    """The number of cases, and the first of them."""

    count: int
    web_case_ids: list[str]


class DifferenceDocument(ApiModel):
    """A field that D365 stored differently from what was sent. The texts are emptied with the payload."""

    field: str
    sent: str | None = None
    stored: str | None = None


class DocumentGroup(ApiModel):
    """Dead letters of one cause."""

    cause: Cause | None = None
    count: int
    first: AwareDatetime
    last: AwareDatetime
    reasons: list[CommonReason]


class DocumentGroups(ApiModel):
    """Dead letters by cause, on a single page."""

    has_more: bool
    items: list[DocumentGroup]
    next: str | None = None


class EnvironmentDocument(ApiModel):
    """The D365 environment that the database belongs to, and a different one that was refused."""

    d365_url: str | None = None
    refused_url: str | None = None


class FindingDocument(ApiModel):
    """One result of a step, for programs and translations."""

    code: str
    values: dict[str, str]


class Minute(ApiModel):
    """What entered the stages in one minute, and the outcomes. `post_seconds` is D365's average time for a POST."""

    deferred: int
    delivered: int
    failed: int
    look_ups: int
    minute: AwareDatetime
    post_seconds: float | None = None
    posts: int
    rejected: int
    submitted: int
    taken_in: int
    told: int
    unknown: int
    unreadable: int


class NoteDocument(ApiModel):
    """A note, with its author and time."""

    at: AwareDatetime
    author: str
    author_issuer: str | None = None
    author_subject: str | None = None
    id: int
    text: str


class Obstacle(ApiEnum):
    """Why an action is not allowed now."""

    SCOPE = "scope"
    BEING_SENT = "being_sent"
    NOT_PROVEN = "not_proven"
    ON_ITS_WAY = "on_its_way"
    DELIVERED = "delivered"
    AT_AN_END = "at_an_end"
    NOT_DISCARDED = "not_discarded"
    DEAD_LETTER = "dead_letter"
    LOOKED_UP_NOW = "looked_up_now"
    PAYLOAD_EMPTIED = "payload_emptied"
    NO_ALARM = "no_alarm"


class Outcome(ApiEnum):
    """The outcome of one attempt."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    DEFERRED = "deferred"


class PausedConsumer(ApiModel):
    """A consumer that is paused because of a flood of unreadable records."""

    cause: str
    consumer_group: str
    let_through_until: AwareDatetime | None = None
    since: AwareDatetime
    told_at: AwareDatetime
    topic: str


class PayloadDocument(ApiModel):
    """What the dealer wrote, or what an operator replaced it with."""

    category: str
    category_type: str | None = None
    contact: ContactDocument | None = None
    description: str | None = None
    notes: str | None = None
    priority: str | None = None


class PayloadFormDocument(ApiModel):
    """What a form for editing the payload needs: the JSON Schema of `payload`, its current value, and the choices."""

    choices: ChoicesDocument
    payload: dict[str, Any] | None = None
    payload_schema: dict[str, Any]


class PermissionDocument(ApiModel):
    """Whether the caller can do this now. `obstacle` is the reason for programs, `why` for people."""

    action: Action
    allowed: bool
    needs_payload: bool
    obstacle: Obstacle | None = None
    why: str | None = None


class ProofDocument(ApiModel):
    """The proof that D365 rejects a second case with the same Web Case ID."""

    at: AwareDatetime
    case_id: str


class ReplayAction(ApiEnum):
    """What an operator may do with a replay."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


class ReplayCounts(ApiModel):
    """How many documents it covers, their outcomes, and how many remain.

    `would_create`, `already_there` and `still_invalid` count the outcomes of a dry run, `replayed` those of a replay.
    """

    already_there: int
    documents: int
    left_out: int
    remaining: int
    replayed: int
    still_invalid: int
    would_create: int


class ReplayOutcome(ApiEnum):
    """What a replay did with a document, or what a dry run expects."""

    REPLAYED = "replayed"
    LEFT_OUT = "left_out"
    WOULD_CREATE = "would_create"
    ALREADY_THERE = "already_there"
    STILL_INVALID = "still_invalid"


class ReplayState(ApiEnum):
    """The state of a replay."""

    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELED = "canceled"


class RequestDocument(ApiModel):
    """The request, with D365's names."""

    body: dict[str, Any]
    method: str
    url: str


class StageName(ApiEnum):
    """Where a submission can be."""

    UNSENT = "unsent"
    KAFKA = "kafka"
    QUEUE = "queue"
    D365 = "d365"
    STATUS = "status"


class State(ApiEnum):
    """How a step ended; a warning does not make the check fail."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class StepId(ApiEnum):
    """The steps, in the order in which they run."""

    SETTINGS = "settings"
    NETWORK = "network"
    TOKEN = "token"
    SERVICE = "service"
    ENTITIES = "entities"
    PRIVILEGES = "privileges"
    COMPANIES = "companies"
    QUERIES = "queries"
    CLOCK = "clock"
    WRITE = "write"
    EVENTS = "events"
    THROTTLING = "throttling"
    STATUS_SYMBOLS = "status_symbols"


class SubmissionState(ApiEnum):
    """The progress of a submission, and the state of its document."""

    PENDING = "pending"
    DELIVERING = "delivering"
    VERIFYING = "verifying"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    FAILED = "failed"
    RETURNED = "returned"
    DISCARDED = "discarded"


class UnreadableRecord(ApiModel):
    """A Kafka record that a service could not read, in its original form."""

    cause: str
    consumer_group: str
    headers: Any
    id: int
    kept_at: AwareDatetime
    key_base64: str | None = None
    key_text: str | None = None
    last_offset: int
    offset: int
    partition: int
    recorded_at: AwareDatetime
    seen_at: AwareDatetime | None = None
    seen_by: str | None = None
    seen_by_issuer: str | None = None
    seen_by_subject: str | None = None
    topic: str
    value_base64: str | None = None
    value_bytes: int | None = None
    value_text: str | None = None


class UnreadableRecords(ApiModel):
    """Unreadable records, newest first."""

    has_more: bool
    items: list[UnreadableRecord]
    next: str | None = None


class Verdict(ApiEnum):
    """The overall state, at a glance."""

    WELL = "well"
    ATTENTION = "attention"
    ALARM = "alarm"


class WindowState(ApiEnum):
    """The current state of a maintenance window."""

    TO_COME = "to_come"
    UNDER_WAY = "under_way"
    OVER = "over"
    CALLED_OFF = "called_off"


class D365SyncDomainChangesKind(ApiEnum):
    """How a field changed."""

    ADDED = "added"
    CHANGED = "changed"
    EMPTIED = "emptied"


class D365SyncDomainFlowKind(ApiEnum):
    """What is wrong or unusual. `ABOUT` says how much each kind matters."""

    ENVIRONMENT_REFUSED = "environment_refused"
    BREAKER_OPEN = "breaker_open"
    PAUSED = "paused"
    MAINTENANCE = "maintenance"
    CONSUMER_PAUSED = "consumer_paused"
    OLD = "old"
    REFUSED_BY_KAFKA = "refused_by_kafka"
    DEAD_LETTERS = "dead_letters"
    UNREADABLE = "unreadable"
    POLL_LATE = "poll_late"
    MOVED_CASES = "moved_cases"
    DELETED_CASES = "deleted_cases"
    CASE_ID_REUSED = "case_id_reused"
    ENVIRONMENT_REFRESHED = "environment_refreshed"
    KNOWN_CASES_NOT_SHOWN = "known_cases_not_shown"
    EVENTS_OF_OTHER_ENVIRONMENT = "events_of_other_environment"
    STORED_DIFFERENTLY = "stored_differently"
    UNIQUENESS_UNPROVEN = "uniqueness_unproven"
    SECOND_CASE = "second_case"
    STATUS_UNKNOWN = "status_unknown"
    D365_RESTORE_WAITS = "d365_restore_waits"
    STEP_NEVER_SUCCEEDED = "step_never_succeeded"
    STEP_LATE = "step_late"
    CONSUMER_STOPPED = "consumer_stopped"
    CONSUMER_LAGS = "consumer_lags"
    PARTITIONS_UNOWNED = "partitions_unowned"


class AttemptDocument(ApiModel):
    """One attempt, with what was sent and what D365 answered, until retention empties them."""

    answer: str | None = None
    client_request_id: str | None = None
    duration_seconds: float | None = None
    dyn_aid: str | None = None
    ended: AwareDatetime | None = None
    finding: str | None = None
    kind: str
    outcome: Outcome | None = None
    request: str | None = None
    started: AwareDatetime
    status: int | None = None
    why: str | None = None


class AttemptInShort(ApiModel):
    """One attempt: a POST or a look-up, and its outcome (null while it is running)."""

    ended: AwareDatetime | None = None
    finding: str | None = None
    kind: str
    outcome: Outcome | None = None
    started: AwareDatetime


class CaseNow(ApiModel):
    """The case as its dealer sees it, and when it stopped following D365."""

    case_id_reused_at: AwareDatetime | None = None
    deleted_in_d365_at: AwareDatetime | None = None
    moved_at: AwareDatetime | None = None
    status: CaseStatus
    status_as_of: AwareDatetime | None = None


class ComparisonDocument(ApiModel):
    """Where D365 and Casebridge disagree."""

    cases: int
    delivered_not_found: DeviationDocument
    found_not_delivered: DeviationDocument
    found_twice: DeviationDocument


class Concern(ApiModel):
    """Something that needs a person's attention.

    `where` is a stage, or a place in it: a step, topic, consumer group or legal entity. `since` is null if unknown.
    `stage` is the stage that the console marks.
    """

    count: int
    detail: str | None = None
    kind: D365SyncDomainFlowKind
    since: AwareDatetime | None = None
    stage: StageName
    verdict: Verdict
    where: str


class DocumentDocument(ApiModel):
    """A document with all details of its attempts."""

    actions: list[PermissionDocument]
    alarm: Alarm | None = None
    alarm_since: AwareDatetime | None = None
    allowed_actions: list[Action]
    attempt_count: int
    attempts: list[AttemptDocument]
    case: CaseNow | None = None
    case_id: str | None = None
    cause: Cause | None = None
    changed_at: AwareDatetime
    changes: list[ChangeDocument] | None = None
    created_at: AwareDatetime
    created_by: str
    created_by_issuer: str | None = None
    created_by_subject: str | None = None
    customer_account: str
    data_area_id: str
    dealer: str
    delivered_at: AwareDatetime | None = None
    detail: str | None = None
    differences: list[DifferenceDocument]
    given_reason: str | None = None
    id: str
    next_attempt_at: AwareDatetime | None = None
    notes: list[NoteDocument]
    other_case_ids: list[str]
    payload: PayloadDocument | None = None
    reason: str | None = None
    replay_id: str | None = None
    request: RequestDocument | None = None
    revision: int
    state: SubmissionState
    submission_id: str
    submission_no: int
    submitted_at: AwareDatetime
    submitted_payload: PayloadDocument | None = None
    web_case_id: str


class DocumentInShort(ApiModel):
    """One submission on its way to D365."""

    alarm: Alarm | None = None
    alarm_since: AwareDatetime | None = None
    allowed_actions: list[Action]
    attempt_count: int
    attempts: list[AttemptInShort]
    case_id: str | None = None
    cause: Cause | None = None
    changed_at: AwareDatetime
    created_at: AwareDatetime
    created_by: str
    created_by_issuer: str | None = None
    created_by_subject: str | None = None
    customer_account: str
    data_area_id: str
    dealer: str
    delivered_at: AwareDatetime | None = None
    detail: str | None = None
    differences: list[DifferenceDocument]
    given_reason: str | None = None
    id: str
    next_attempt_at: AwareDatetime | None = None
    payload: PayloadDocument | None = None
    reason: str | None = None
    replay_id: str | None = None
    revision: int
    state: SubmissionState
    submission_id: str
    submission_no: int
    submitted_at: AwareDatetime
    web_case_id: str


class DocumentPage(ApiModel):
    """Documents, newest first."""

    has_more: bool
    items: list[DocumentInShort]
    next: str | None = None


class FieldChange(ApiModel):
    """A field of an edited payload, and how it changed."""

    change: D365SyncDomainChangesKind
    field: str


class LedgerDocument(ApiModel):
    """The submissions by state. Those counted as `younger` are not judged."""

    adds_up: bool
    as_of: AwareDatetime
    d365: ComparisonDocument | None = None
    delivered: int
    discarded: int
    failed: int
    no_document: int
    open: int
    returned: int
    submissions: int
    without_case_id: int
    without_submission: int
    younger: int


class PreviewDocument(ApiModel):
    """What a replay would send. `problem` names a value that D365's lists do not contain, as far as they are known."""

    changes: list[ChangeDocument]
    problem: str | None = None
    request: RequestDocument | None = None


class ReplayDocument(ApiModel):
    """A bulk replay of dead letters."""

    allowed_actions: list[ReplayAction]
    changed_at: AwareDatetime
    counts: ReplayCounts
    created_at: AwareDatetime
    created_by: str
    created_by_issuer: str | None = None
    created_by_subject: str | None = None
    dry_run: bool
    dry_run_id: str | None = None
    ended_at: AwareDatetime | None = None
    held_up_by: str | None = None
    query: dict[str, Any]
    reason: str
    replay_id: str
    replayable: bool
    state: ReplayState


class ReplayItem(ApiModel):
    """A document of the replay: what the replay did with it (null: nothing yet), and its current state."""

    case_id: str | None = None
    cause: str | None = None
    dealer: str
    detail: str | None = None
    id: str
    outcome: ReplayOutcome | None = None
    state: SubmissionState
    submission_no: int
    web_case_id: str


class ReplaysDocument(ApiModel):
    """One page of replays, newest first."""

    has_more: bool
    items: list[ReplayDocument]
    next: str | None = None


class Stage(ApiModel):
    """The number of submissions in a stage, the age of the oldest, how many leave it per minute, and failures.

    `failures` counts the last hour: records that Kafka refused, unreadable records, dead letters, attempts without a
    delivery, or cases that D365 did not show, depending on the stage.
    """

    count: int
    failures: int
    name: StageName
    oldest_age_seconds: float | None = None
    per_minute: float


class StepDocument(ApiModel):
    """The last result of one step."""

    checked_at: AwareDatetime
    findings: list[FindingDocument]
    id: StepId
    message: str
    remedy: str | None = None
    since: AwareDatetime
    state: State


class WindowDocument(ApiModel):
    """A maintenance window. `ended_by` and `ended_reason` are set if an operator ended it early."""

    begins_at: AwareDatetime
    created_at: AwareDatetime
    created_by: str
    created_by_issuer: str | None = None
    created_by_subject: str | None = None
    ended_by: str | None = None
    ended_by_issuer: str | None = None
    ended_by_subject: str | None = None
    ended_reason: str | None = None
    ends_at: AwareDatetime
    reason: str
    state: WindowState
    window_id: str


class WindowsDocument(ApiModel):
    """Maintenance windows."""

    has_more: bool
    items: list[WindowDocument]
    next: str | None = None


class AuditEntry(ApiModel):
    """Who did what and why. Edited fields appear by name, never with their values."""

    action: str
    actor: str
    actor_issuer: str | None = None
    actor_subject: str | None = None
    at: AwareDatetime
    changes: list[FieldChange]
    document: str | None = None
    documents: int | None = None
    fields: list[str]
    id: int
    outcome: SubmissionState | ReplayState | None = None
    reason: str | None = None
    replay_id: str | None = None
    submission_no: int | None = None
    web_case_id: str | None = None


class AuditPage(ApiModel):
    """The audit, newest first."""

    has_more: bool
    items: list[AuditEntry]
    next: str | None = None


class CheckDocument(ApiModel):
    """The last check of D365. `ok` means that no step failed. It is null if D365 was never checked."""

    checked_at: AwareDatetime | None = None
    environment: str
    ok: bool | None = None
    steps: list[StepDocument]
    uniqueness_proof: ProofDocument | None = None


class DeliveryDocument(ApiModel):
    """The state of delivery."""

    backlog: int
    breaker: BreakerDocument
    concurrency: int
    environment: EnvironmentDocument
    failed: int
    in_flight: int
    oldest_age_seconds: float
    paused: bool
    paused_at: AwareDatetime | None = None
    paused_by: str | None = None
    paused_by_issuer: str | None = None
    paused_by_subject: str | None = None
    paused_consumers: list[PausedConsumer]
    paused_reason: str | None = None
    restored_at: AwareDatetime | None = None
    windows: list[WindowDocument]


class FlowDocument(ApiModel):
    """The whole flow at a glance. `delivery` is what GET /v1/delivery returns."""

    as_of: AwareDatetime
    concerns: list[Concern]
    delivery: DeliveryDocument
    history: list[Minute]
    stages: list[Stage]
    verdict: Verdict


class OneReplayDocument(ApiModel):
    """A replay with one page of its documents, oldest first.

    `states` counts the replayed documents by their current state.
    """

    allowed_actions: list[ReplayAction]
    changed_at: AwareDatetime
    counts: ReplayCounts
    created_at: AwareDatetime
    created_by: str
    created_by_issuer: str | None = None
    created_by_subject: str | None = None
    dry_run: bool
    dry_run_id: str | None = None
    ended_at: AwareDatetime | None = None
    has_more: bool
    held_up_by: str | None = None
    items: list[ReplayItem]
    next: str | None = None
    query: dict[str, Any]
    reason: str
    replay_id: str
    replayable: bool
    state: ReplayState
    states: dict[SubmissionState, int]
