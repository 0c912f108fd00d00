"""The D365 that a check examines: its settings, the connection to it, and what earlier steps have learned."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from yarl import URL

from case_shared.d365.check.metadata import EntitySchema
from case_shared.d365.check.notes import Notes
from case_shared.d365.check.report import Proof
from case_shared.d365.client import D365Client
from case_shared.d365.mapping import Mapping
from case_shared.d365.reading import EntitySets
from case_shared.d365.session import open_client
from case_shared.d365.settings import D365Settings
from case_shared.process.clock import Clock
from case_shared.words.category_types import CategoryTypes

_CONNECTIONS = 4


class ReceivedEvents(NamedTuple):
    """Which of D365's business events have come: `companies`, in lower case, sent one that the mapping lists.

    `tested`: D365's test of an endpoint has come.
    """

    companies: frozenset[str]
    tested: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check is asked for.

    `company`: the legal entity that `--company` names; with `write` the check creates a case in it.
    `dealer_companies`: the legal entities of registered dealers, as far as known. `proof`: what an earlier check
    proved. `event_seconds`: how long to wait for a business event. `received`: which events have come so far, None if
    unknown.
    """

    company: str | None = None
    write: bool = False
    dealer_companies: frozenset[str] = frozenset()
    proof: Proof | None = None
    event_seconds: float = 60.0
    received: ReceivedEvents | None = None


@dataclass
class Learned:
    """What steps leave for later ones."""

    sees_d365: bool = False
    sees_token_endpoint: bool = False
    sets: frozenset[str] = frozenset()
    case_schema: EntitySchema | None = None
    # Entity sets that D365 forbids this user to read, by status; and those that do not fit the mapping.
    forbidden: dict[str, int] = field(default_factory=dict)
    unfit: set[str] = field(default_factory=set)
    or_terms: int | None = None
    second_refused: bool = False
    proof: Proof | None = None


@dataclass
class Target:
    """Everything that a step works with."""

    settings: D365Settings
    mapping: Mapping
    client: D365Client
    clock: Clock
    notes: Notes
    asked: Asked
    learned: Learned = field(default_factory=Learned)

    @property
    def sets(self) -> EntitySets:
        """The addresses below `/data`, and plain reads of them."""
        return self.client.sets

    @property
    def timeout(self) -> float:
        """The time limit of one call, in seconds."""
        return self.settings.d365_timeout_seconds

    @property
    def category_types(self) -> CategoryTypes:
        """The category types that dealers see."""
        return CategoryTypes.parse(self.settings.d365_category_types)

    @property
    def cases_usable(self) -> bool:
        """Whether the entity set of cases can be read with the mapping's names."""
        entity_set = self.mapping.case.entity_set
        return entity_set not in self.learned.forbidden and entity_set not in self.learned.unfit

    def address(self, path: str) -> URL:
        """Return an address of the environment outside its entity sets."""
        return URL(f"{self.settings.d365_url}/{path}", encoded=True)


@asynccontextmanager
async def open_target(settings: D365Settings, asked: Asked, clock: Clock) -> AsyncIterator[Target]:
    """Open the check's own connection to D365 for the block."""
    mapping = settings.mapping
    notes = Notes(URL(settings.d365_url).host or "", clock)
    tracing = [notes.tracing()]
    async with open_client(settings, mapping, clock, limit=_CONNECTIONS, tracing=tracing) as client:
        yield Target(settings, mapping, client, clock, notes, asked)
