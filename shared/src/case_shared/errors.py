"""Errors, sorted by what the caller does about them.

CasebridgeError
├── Transient           retry later, nothing is wrong with the input
│   ├── LeaseLost       stop at once: another process leads now
│   └── Flooded         pause: most records cannot be read, so the fault is hardly theirs
├── UnreadableRecord    park the record with its cause, go on with the next
├── Refused             tell the caller what to change (each service derives its own)
└── Misconfigured       alert: an operator must mend the configuration
"""


class CasebridgeError(Exception):
    """Base of everything that Casebridge raises on purpose."""


class Transient(CasebridgeError):
    """Failed for now; the same call may go through later."""


class LeaseLost(Transient):
    """The lease that allowed this work has expired or was taken over."""


class Flooded(Transient):
    """Most of the records that came last cannot be read: reading them is stopped, and none of them is skipped."""


class UnreadableRecord(CasebridgeError):
    """A Kafka record that cannot be decoded or stored; `str(error)` is the cause shown to operators."""


class Refused(CasebridgeError):
    """The request cannot be done as it stands; the message says what to change."""


class Misconfigured(CasebridgeError):
    """The configuration does not fit the world; the message names the setting."""
