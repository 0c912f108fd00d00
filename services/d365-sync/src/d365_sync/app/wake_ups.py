"""What wakes the dispatcher's loops before their time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from case_shared.process.loops import WakeUp
from d365_sync.app.ports import Changed
from d365_sync.domain.document import State


@dataclass
class WakeUps:
    """One for each loop that gets work from elsewhere."""

    deliver: WakeUp = field(default_factory=WakeUp)
    look_up: WakeUp = field(default_factory=WakeUp)
    publish: WakeUp = field(default_factory=WakeUp)
    replays: WakeUp = field(default_factory=WakeUp)
    restores: WakeUp = field(default_factory=WakeUp)

    def documents_came(self) -> None:
        """The consumer stored submissions. Nothing of a new document is published yet, so only delivery is woken."""
        self.deliver.wake()

    def taken_in(self) -> None:
        """Evidence or operators changed documents, or made them due."""
        self.deliver.wake()
        self.look_up.wake()
        self.publish.wake()

    def stored(self, changed: Sequence[Changed]) -> None:
        """Outcomes were stored."""
        self.publish.wake()
        if any(document.state is State.VERIFYING for document in changed):
            self.look_up.wake()
