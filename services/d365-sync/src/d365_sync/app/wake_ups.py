"""What wakes the dispatcher's loops before their time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from case_shared.process.loops import Doorbell
from d365_sync.app.ports import Changed
from d365_sync.domain.document import State


@dataclass
class WakeUps:
    """One for each loop that gets work from elsewhere."""

    deliver: Doorbell = field(default_factory=Doorbell)
    look_up: Doorbell = field(default_factory=Doorbell)
    publish: Doorbell = field(default_factory=Doorbell)
    replays: Doorbell = field(default_factory=Doorbell)
    restores: Doorbell = field(default_factory=Doorbell)

    def taken_in(self) -> None:
        """Consumers or operators brought new documents, or made old ones due."""
        self.deliver.ring()
        self.look_up.ring()
        self.publish.ring()

    def stored(self, changed: Sequence[Changed]) -> None:
        """Outcomes were stored."""
        self.publish.ring()
        if any(document.state is State.VERIFYING for document in changed):
            self.look_up.ring()
