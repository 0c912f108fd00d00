"""Errors, sorted by what the caller does about them.

CasebridgeError
├── Transient           retry later, nothing is wrong with the input
│   ├── LeaseLost       stop at once: another process leads now
│   └── Flooded         pause: most records cannot be read, so they are hardly to blame
├── UnreadableRecord    park the record with its cause, go on with the next
├── UnknownRecords      park those records with their causes, store the others
├── Refused             show the caller what to change (each service derives its own)
└── Misconfigured       alert: an operator must correct the configuration
"""

from collections.abc import Mapping


class CasebridgeError(Exception):
    """Base of everything that Casebridge raises on purpose."""


class Transient(CasebridgeError):
    """Failed for now; the same call may succeed later."""


class LeaseLost(Transient):
    """The lease that allowed this work has expired or was taken over."""


class Flooded(Transient):
    """Most of the last records cannot be read: reading pauses, and skips none of them."""


class UnreadableRecord(CasebridgeError):
    """A Kafka record that cannot be decoded or stored; `str(error)` is the cause shown to operators."""


class UnknownRecords(CasebridgeError):
    """Records of a batch that the database does not know: forged, or written before a restore.

    `causes` maps the position of each in the batch to the cause shown to operators.
    """

    def __init__(self, causes: Mapping[int, str]) -> None:
        super().__init__(f"{len(causes)} records of the batch have no match in the database")
        self.causes = causes


class Refused(CasebridgeError):
    """The request cannot be done as it is; the message says what to change."""


class Misconfigured(CasebridgeError):
    """The configuration does not match reality; the message names the setting."""
