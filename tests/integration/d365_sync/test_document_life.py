"""A document's life as a state machine: every step of dispatcher, operators, D365 and clock, in any order.

Real statements, real decisions, a real database; D365 is a model that accepts a case immediately, later, or never, and
does not keep the Web Case ID unique. Time passes by dating stored times back.
"""

# ruff: noqa: ASYNC109 - D365Client's signatures

import asyncio
import os
import time
from collections.abc import Awaitable, Collection, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from case_shared.d365.answers import (
    CreateAnswer,
    Created,
    Exchange,
    NotSent,
    Rejected,
    Throttled,
    Unauthorized,
    Unknown,
)
from case_shared.d365.errors import D365Misconfigured, D365Throttled, D365Unavailable
from case_shared.d365.models import AbsenceProof, CaseToCreate, D365Case, LookUpAnswer
from case_shared.database.postgres import Connection
from case_shared.words.actor import Actor
from case_shared.words.events import CaseContent, CaseSubmitted
from d365_sync.app.deliver import Deliver
from d365_sync.app.look_up import LookUp
from d365_sync.app.operator_actions import DocumentChanged, NotAllowed, Order
from d365_sync.app.ports import Leader, Result
from d365_sync.domain.backoff import Backoff
from d365_sync.domain.decision import Decision
from d365_sync.domain.document import ALLOWED, TRANSITIONS, Action, AttemptKind, Claim, DocumentId, State
from d365_sync.domain.look_ups import not_cleared
from d365_sync.domain.outcomes import Policy
from tests.integration.d365_sync.by_hand import ByHand, by_hand
from tests.integration.d365_sync.conftest import submitted
from tests.support.databases import Database

T = TypeVar("T")
ENDED = {State.DELIVERED, State.FAILED, State.RETURNED, State.DISCARDED}
LEASE_SECONDS = 30
SETTLE_SECONDS = 100.0
# D365's own request timeout: nothing lands later.
LANDS_WITHIN_SECONDS = 80
POLICY = Policy(SETTLE_SECONDS, max_attempts=3, backoff=Backoff(0.0, 0.0))
LANDS_AT_ONCE = ("created", "lost_after", "refused_after")
ANSWERS = (*LANDS_AT_ONCE, "lost", "lost", "lost", "refused", "refused_500", "throttled", "not_sent", "unauthorized")
TROUBLES = (None, None, None, "no_control", "throttled", "unavailable", "misconfigured")
EXCHANGE = Exchange(None, "{}", None, 0.1)


@dataclass
class Post:
    """One POST that was sent: `pending` while D365 may still accept it."""

    case: CaseToCreate
    sent_at: float
    pending: bool
    landed: bool


@dataclass
class World:
    """D365's cases, and its next answer."""

    passed: float = 0
    cases: list[D365Case] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    answer: str = "created"
    trouble: str | None = None

    @property
    def now(self) -> float:
        """By the clock that the database has, too: what rules let pass, and what passed by itself."""
        return self.passed + time.monotonic()

    def land(self, case: CaseToCreate) -> str:
        """Create the case in D365; returns its Case ID."""
        case_id = f"C-{len(self.cases) + 1}"
        self.cases.append(
            D365Case(
                case_id=case_id,
                **case.model_dump(exclude={"notes", "submission_id"}),
                submission_id=str(case.submission_id),
            )
        )
        return case_id

    def may_land(self, post: Post) -> bool:
        """Whether D365 may still accept it."""
        return post.pending and self.now < post.sent_at + LANDS_WITHIN_SECONDS

    async def create_case(self, case: CaseToCreate, *, timeout: float) -> CreateAnswer:
        """Answer as set; a `lost` one may land later."""
        lands = self.answer in LANDS_AT_ONCE
        self.posts.append(Post(case, self.now, self.answer == "lost", lands))
        case_id = self.land(case) if lands else ""
        answers: dict[str, CreateAnswer] = {
            "created": Created(case_id, EXCHANGE),
            "refused": Rejected(400, "no", "no", False, EXCHANGE),
            "refused_after": Rejected(400, "no", "no", False, EXCHANGE),
            "refused_500": Rejected(500, "no", "no", True, EXCHANGE),
            "throttled": Throttled(None, EXCHANGE),
            "not_sent": NotSent("no connection", EXCHANGE),
            "unauthorized": Unauthorized("401", EXCHANGE),
        }
        return answers.get(self.answer, Unknown("lost", None, EXCHANGE))

    async def find_by_web_case_id(
        self, data_area_id: str, web_case_ids: Collection[str], *, control_case_ids: Sequence[str], timeout: float
    ) -> LookUpAnswer:
        """The cases of this moment, or a failure."""
        match self.trouble:
            case "throttled":
                raise D365Throttled("429", retry_after=None)
            case "unavailable":
                raise D365Unavailable("503")
            case "misconfigured":
                raise D365Misconfigured("404")
        if self.trouble == "no_control":
            return LookUpAnswer({}, {})
        found = {one: tuple(case for case in self.cases if case.web_case_id == one) for one in web_case_ids}
        return LookUpAnswer(
            {one: cases for one, cases in found.items() if cases},
            dict.fromkeys(web_case_ids, AbsenceProof.BY_KNOWN_CASE),
        )

    async def probe(self, *, timeout: float) -> None:
        """Reads succeed."""


@dataclass
class Leased:
    """A process's claim, and when its lease ends."""

    claim: Claim
    ends: float


# By hand: DOCUMENT_LIVES=1000 draws new lives, and shows the shortest one that breaks a promise.
_AS_IN_CI = "DOCUMENT_LIVES" not in os.environ
LIVES = settings(
    max_examples=int(os.environ.get("DOCUMENT_LIVES", "20")),
    derandomize=_AS_IN_CI,
    phases=[Phase.generate] if _AS_IN_CI else [Phase.generate, Phase.shrink],
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class DocumentLife(RuleBasedStateMachine):
    """The rules are the steps; the invariants are the promises."""

    def __init__(self, runner: asyncio.Runner, queue: ByHand, cleaner: Connection) -> None:
        super().__init__()
        self.runner, self.queue = runner, queue
        self.run(cleaner.execute("TRUNCATE d365_sync.documents, d365_sync.attempts, d365_sync.notes, d365_sync.audit"))
        self.world = World()
        self.submissions: list[CaseSubmitted] = []
        self.looking: list[Leased] = []
        self.cleared: list[tuple[Leased, Result]] = []
        self.posting: list[Leased] = []
        self.answered: list[Result] = []
        self.orders = 0
        self.seen: dict[DocumentId, dict[str, Any]] = {}
        self.published: dict[DocumentId, int] = {}
        # A known case as the positive control of look-ups.
        control = submitted()
        self.run(self.queue.take_in(control))
        self.run(
            self.queue.set(
                control, "state = 'delivered', case_id = 'CONTROL', delivered_at = now(), published_revision = 1"
            )
        )

    def run(self, work: Coroutine[Any, Any, T] | Awaitable[T]) -> T:
        """Await `work`."""

        async def awaited() -> T:
            return await work

        return self.runner.run(awaited())

    @initialize(by_submission_id=st.booleans(), answer=st.sampled_from(ANSWERS))
    def begin(self, by_submission_id: bool, answer: str) -> None:
        """The mapping has a field for the submission ID, or not; a first case is sent."""
        self.exact = by_submission_id
        self.deliver = Deliver(self.world, POLICY, 1.0)  # type: ignore[arg-type]
        self.look_up = LookUp(self.world, self.queue.documents, POLICY, 1.0, by_submission_id)  # type: ignore[arg-type]
        self.submit()
        self.promises()
        self.dispatch_a_turn(answer)

    # What dealers and Kafka do

    @precondition(lambda self: len(self.submissions) < 3)
    @rule()
    def submit(self) -> None:
        event = submitted()
        self.submissions.append(event)
        self.run(self.queue.take_in(event))

    @precondition(lambda self: self.submissions)
    @rule(data=st.data())
    def hear_again_or_resubmit(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self.submissions))
        newest = max(
            (one for one in self.submissions if one.web_case_id == event.web_case_id), key=lambda one: one.submission_no
        )
        if self.state(newest) is State.RETURNED:
            event = submitted(
                web_case_id=event.web_case_id,
                submission_no=newest.submission_no + 1,
                submission_id=uuid4(),
                content=CaseContent(category="Other"),
            )
            self.submissions.append(event)
        self.run(self.queue.take_in(event))

    # What dispatchers do

    @rule()
    def claim(self) -> None:
        asked_at = self.world.now
        for claim in self.run(self.queue.claim()):
            if claim.kind is AttemptKind.CREATE:
                self.permitted(claim)
                self.posting.append(self.leased(claim, asked_at))
            else:
                self.looking.append(self.leased(claim, asked_at))

    @rule()
    def claim_to_look_up(self) -> None:
        asked_at = self.world.now
        self.looking += [self.leased(claim, asked_at) for claim in self.run(self.queue.claim_to_look_up())]

    @precondition(lambda self: self.looking)
    @rule(data=st.data(), trouble=st.sampled_from(TROUBLES))
    def look(self, data: st.DataObject, trouble: str | None) -> None:
        self.world.trouble = trouble
        self.looked_up(self.take(data, self.looking))

    def looked_up(self, leased: Leased) -> None:
        (result,) = self.run(self.look_up([leased.claim]))
        if result.decision.post_now:
            self.cleared.append((leased, result))
        else:
            self.answered.append(result)

    @precondition(lambda self: self.cleared)
    @rule(data=st.data())
    def begin_post(self, data: st.DataObject) -> None:
        self.posted_if_begun(*self.take(data, self.cleared))

    def posted_if_begun(self, leased: Leased, result: Result) -> None:
        claim = replace(result.claim, cause=result.decision.cause, detail=result.decision.detail)
        asked_at = self.world.now
        begun = self.run(
            self.queue.documents.begin_posts(self.queue.leader, [claim], lease_seconds=LEASE_SECONDS, support={})
        )
        for one in begun:
            self.permitted(one)
            self.posting.append(self.leased(one, asked_at))
        if not begun:
            self.answered.append(Result(claim, not_cleared(claim)))

    @precondition(lambda self: self.posting)
    @rule(data=st.data(), answer=st.sampled_from(ANSWERS))
    def post(self, data: st.DataObject, answer: str) -> None:
        self.world.answer = answer
        self.posted(self.take(data, self.posting))

    def posted(self, leased: Leased) -> None:
        if self.world.now >= leased.ends:
            self.answered.append(Result(leased.claim, Decision.not_sent(claim=leased.claim, why="too late")))
            return
        self.answered.append(self.run(self.deliver(leased.claim)))

    @precondition(lambda self: self.answered)
    @rule(data=st.data())
    def store(self, data: st.DataObject) -> None:
        self.run(self.queue.documents.store([self.take(data, self.answered)], log_failures=True))

    @rule(answer=st.sampled_from(ANSWERS))
    def dispatch_a_turn(self, answer: str) -> None:
        """All steps of a turn in their usual order."""
        self.world.trouble, self.world.answer = None, answer
        self.dispatch()

    def dispatch(self) -> None:
        for claim in (self.claim, self.claim_to_look_up):
            claim()
            self.promises()
        while self.looking:
            self.looked_up(self.looking.pop())
        while self.cleared:
            self.posted_if_begun(*self.cleared.pop())
        self.promises()
        while self.posting:
            self.posted(self.posting.pop())
        while self.answered:
            self.run(self.queue.documents.store([self.answered.pop()], log_failures=True))
            self.promises()

    @precondition(lambda self: self.looking or self.cleared or self.posting or self.answered)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        """A process dies with its claim."""
        places: list[list[Any]] = [self.looking, self.cleared, self.posting, self.answered]
        self.take(data, data.draw(st.sampled_from([place for place in places if place])))

    @rule()
    def expire_leases(self) -> None:
        self.run(self.queue.documents.expire_leases(settle_seconds=SETTLE_SECONDS))

    @rule()
    def another_leads(self) -> None:
        """The former leader can no longer claim or begin a POST."""
        old = self.queue.leader
        self.run(self.queue.pool.execute("UPDATE leases SET token = token + 1"))
        assert self.run(self.queue.claim()) == []
        assert self.run(self.queue.claim_to_look_up()) == []
        cleared = [result.claim for _, result in self.cleared]
        assert self.run(self.queue.documents.begin_posts(old, cleared, lease_seconds=LEASE_SECONDS, support={})) == []
        self.queue.leader = Leader(old.name, old.token + 1)

    @rule(crash=st.booleans())
    def publish(self, crash: bool) -> None:
        unpublished = self.run(self.queue.unpublished())
        for event in unpublished:
            key = DocumentId(event.web_case_id, event.submission_no)
            assert event.revision >= self.published.get(key, 0)
            self.published[key] = event.revision
        if not crash:
            self.run(self.queue.mark_published(unpublished))

    # What D365, its clerks and the clock do

    @rule(seconds=st.sampled_from([5, 31, 90, 400]))
    def time_passes(self, seconds: int) -> None:
        self.world.passed += seconds
        columns = ("due_at", "verify_at", "settles_at", "lease_expires_at", "changed_at", "submitted_at")
        moved = ", ".join(f"{column} = {column} - interval '{seconds} seconds'" for column in columns)
        self.run(self.queue.pool.execute(f"UPDATE documents SET {moved}"))

    @precondition(lambda self: any(self.world.may_land(post) for post in self.world.posts))
    @rule(data=st.data())
    def land_late(self, data: st.DataObject) -> None:
        post = data.draw(st.sampled_from([one for one in self.world.posts if self.world.may_land(one)]))
        post.pending, post.landed = False, True
        self.world.land(post.case)

    @precondition(lambda self: self.submissions and len(self.world.cases) < 8)
    @rule(data=st.data())
    def a_clerk_makes_another_case_with_our_number(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self.submissions))
        self.world.cases.append(
            D365Case(
                data_area_id="usmf",
                case_id=f"F-{len(self.world.cases)}",
                web_case_id=event.web_case_id,
                customer_account="OTHER",
            )
        )

    @precondition(lambda self: self.world.cases)
    @rule(data=st.data())
    def status_sync_tells(self, data: st.DataObject) -> None:
        self.send_event(data.draw(st.sampled_from(self.world.cases)))

    # What operators do

    @precondition(lambda self: self.submissions)
    @rule(data=st.data(), action=st.sampled_from(Action), stale=st.sampled_from([False, False, False, True]))
    def operate(self, data: st.DataObject, action: Action, stale: bool) -> None:
        event = data.draw(st.sampled_from(self.submissions))
        row = self.run(self.queue.row(event))
        order = Order(DocumentId(event.web_case_id, event.submission_no), row["revision"] - stale, Actor("op"), "why")
        content = CaseContent(category="Edited") if data.draw(st.booleans()) else None
        acts: dict[Action, Any] = {
            Action.REPLAY: lambda: self.queue.actions.replay(order, content, []),
            Action.LINK: lambda: self.queue.actions.link(order, f"L-{uuid4().hex[:8]}", []),
        }
        try:
            self.run(acts.get(action, lambda: self.queue.actions.change(action, order))())
        except (NotAllowed, DocumentChanged):
            assert stale or row["lease_token"] or not self.may(action, row)
        else:
            assert not stale
            assert row["state"] in ALLOWED[action]
            self.orders += 1
            if action in {Action.RETURN, Action.DISCARD, Action.REPLAY}:
                assert not any(self.world.may_land(post) for post in self.posts_of(event.submission_id)), "unproven"

    def may(self, action: Action, row: dict[str, Any]) -> bool:
        """Whether a document's row allows `action`; `link` here never names one of two cases that D365 has."""
        if action is Action.LINK and row["state"] == State.DELIVERED:
            return False
        return row["state"] in ALLOWED[action] and (action is not Action.ACKNOWLEDGE or bool(row["alarms"]))

    # The promises

    @invariant()
    def promises(self) -> None:
        rows = self.run(self.queue.pool.fetch("SELECT * FROM documents WHERE case_id IS DISTINCT FROM 'CONTROL'"))
        for row in rows:
            self.check(dict(row))
        audited = self.run(self.queue.pool.fetchval("SELECT count(*) FROM audit"))
        assert audited == self.orders
        ours = [case.submission_id for case in self.world.cases if case.submission_id]
        assert len(ours) == len(set(ours)), "a submission is in D365 twice"

    def check(self, row: dict[str, Any]) -> None:
        key, state = DocumentId(row["web_case_id"], row["submission_no"]), State(row["state"])
        before = self.seen.get(key)
        self.seen[key] = row
        assert row["published_revision"] <= row["revision"]
        if state is State.FAILED:
            assert row["cause"]
        if state is State.VERIFYING:
            assert row["verify_at"] or row["lease_token"], "nobody would ever look it up"
        assert (state is State.DELIVERING) <= (row["lease_token"] is not None), "nobody would ever take it up"
        assert (state in {State.PENDING, State.DEFERRED}) <= (row["lease_token"] is None)
        if before:
            was = State(before["state"])
            assert row["revision"] >= before["revision"]
            assert state is was or row["revision"] > before["revision"], "a change that nobody hears of"
            assert state is was or state in TRANSITIONS[was], f"{was} became {state}"
            renumbered = (row["detail"] or "").startswith("D365 has given case")
            assert was is not State.DELIVERED or row["case_id"] == before["case_id"] or renumbered

    def permitted(self, claim: Claim) -> None:
        """A POST is permitted only if this submission is not in D365 and cannot get there by an earlier POST."""
        assert self.seen[claim.id]["state"] != State.DELIVERED
        for post in self.posts_of(claim.case.submission_id):
            assert not self.world.may_land(post), "an earlier POST may still land"
            assert not post.landed, "an earlier POST has landed"

    # Words

    def posts_of(self, submission_id: UUID) -> list[Post]:
        return [post for post in self.world.posts if post.case.submission_id == submission_id]

    def leased(self, claim: Claim, asked_at: float) -> Leased:
        return Leased(claim, asked_at + LEASE_SECONDS)

    def take(self, data: st.DataObject, places: list[T]) -> T:
        return places.pop(data.draw(st.integers(0, len(places) - 1)))

    def state(self, event: CaseSubmitted) -> State:
        return State(self.run(self.queue.row(event))["state"])

    def send_event(self, case: D365Case) -> None:
        """status-sync reports a case in D365; if it is ours, it is delivered then, whatever its state."""
        owners = [event for event in self.submissions if event.web_case_id == case.web_case_id]
        owner = next((event for event in owners if event.submission_id == case.submission_id), None)
        submission_id = owner.submission_id if owner and self.exact else None
        self.run(self.queue.seen(owner or owners[0], case.case_id, submission_id))
        if owner and self.exact:
            assert self.state(owner) is State.DELIVERED

    def teardown(self) -> None:
        """D365 is well, nobody dies, and status-sync reports what it sees: then every document reaches its end."""
        if not self.submissions:
            return
        self.world.trouble, self.world.answer = None, "created"
        self.time_passes(400)
        for case in self.world.cases:
            self.send_event(case)
        self.promises()
        for _ in range(12):
            self.turn()
            states = {event.submission_id: self.state(event) for event in self.submissions}
            if set(states.values()) <= ENDED:
                break
        assert set(states.values()) <= ENDED, states
        ours = [case for case in self.world.cases if self.exact and case.submission_id in states]
        assert {states[case.submission_id] for case in ours if case.submission_id} <= {State.DELIVERED}

    def turn(self) -> None:
        """One turn of everything, without failures."""
        self.time_passes(31)
        self.expire_leases()
        self.promises()
        self.dispatch()


def test_a_documents_life(database: Database) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        queue = runner.run(stack.enter_async_context(by_hand(database)))
        cleaner = runner.run(stack.enter_async_context(database.connect()))
        try:
            run_state_machine_as_test(partial(DocumentLife, runner, queue, cleaner), settings=LIVES)  # type: ignore[arg-type]
        finally:
            runner.run(stack.aclose())
