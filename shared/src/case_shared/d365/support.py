"""What Microsoft's support needs to find one request in D365's telemetry (Learn, "Service request tracing")."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from case_shared.d365.texts import readable

REQUEST_HEADER = "x-ms-client-request-id"
_ANSWER_HEADER = "ms-dyn-aid"
_MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class SupportIds:
    """Of one request: the GUID that we sent with it, and the activity ID of D365's answer, None without one."""

    client_request_id: UUID
    dyn_aid: str | None = None

    @classmethod
    def new(cls) -> "SupportIds":
        """Make the IDs of a request that is about to be sent."""
        return cls(uuid4())

    def answered(self, headers: Mapping[str, str]) -> "SupportIds":
        """Return the IDs of the request with the one from its answer's headers."""
        return SupportIds(self.client_request_id, readable(headers.get(_ANSWER_HEADER, ""))[:_MOST_CHARACTERS] or None)

    def by_name(self) -> dict[str, str]:
        """Return the IDs under the names that logs, spans and records use."""
        names = {"client_request_id": str(self.client_request_id), "dyn_aid": self.dyn_aid}
        return {name: value for name, value in names.items() if value}
