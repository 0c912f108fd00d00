"""What Microsoft's support asks for, to find one request in D365's own telemetry (Learn, "Service request tracing")."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from case_shared.d365.texts import readable

REQUEST_HEADER = "x-ms-client-request-id"
_ANSWER_HEADER = "ms-dyn-aid"
_MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class SupportIds:
    """Of one request: the GUID that we sent with it, and the activity id of D365's answer, None without one."""

    client_request_id: UUID
    dyn_aid: str | None = None

    @classmethod
    def new(cls) -> "SupportIds":
        """Those of a request that is about to be sent."""
        return cls(uuid4())

    def answered(self, headers: Mapping[str, str]) -> "SupportIds":
        """Those of the request, now that its answer's headers are there."""
        return SupportIds(self.client_request_id, readable(headers.get(_ANSWER_HEADER, ""))[:_MOST_CHARACTERS] or None)

    def by_name(self) -> dict[str, str]:
        """As logs, spans and records have them."""
        names = {"client_request_id": str(self.client_request_id), "dyn_aid": self.dyn_aid}
        return {name: value for name, value in names.items() if value}
