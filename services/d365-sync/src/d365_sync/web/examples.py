"""Examples of the operators' documents, by their models' names; a test holds them to the schemas."""

from typing import Any

from case_shared.examples import CONTENT

_ATTEMPT = {
    "kind": "create",
    "started": "2026-03-02T09:31:12.950Z",
    "ended": "2026-03-02T09:31:13.870Z",
    "outcome": "rejected",
    "finding": None,
}
_DOCUMENT = {
    "id": "W7K3M9QX2T-1",
    "web_case_id": "W7K3M9QX2T",
    "submission_no": 1,
    "submission_id": "0f6bfb54-9f0a-4c39-9d0b-3f7a5a1c2e11",
    "dealer": "usmf-us-001",
    "data_area_id": "usmf",
    "customer_account": "US-001",
    "state": "failed",
    "cause": "rejected",
    "reason": "The category is closed.",
    "detail": "Write failed for table row of type 'DealerPortalCaseEntity'. The category is closed.",
    "given_reason": None,
    "case_id": None,
    "attempts": [_ATTEMPT],
    "created_by": "dana",
    "created_at": "2026-03-02T09:31:12.500Z",
    "submitted_at": "2026-03-02T09:31:12.104Z",
    "delivered_at": None,
    "changed_at": "2026-03-02T09:31:14.020Z",
    "next_attempt_at": None,
    "revision": 3,
    "replay_id": None,
    "payload": CONTENT,
    "allowed_actions": ["replay", "link", "verify", "return", "discard"],
}
_WHOLE_ATTEMPT = {
    **_ATTEMPT,
    "why": None,
    "status": 400,
    "request": '{"dataAreaId": "usmf", "WebCaseId": "W7K3M9QX2T"}',
    "answer": '{"error": {"message": "Write failed"}}',
    "duration_seconds": 0.92,
}
_REPLAY = {
    "replay_id": "7b1d9c1e-3a0f-4a55-8a39-5b3c2f1d0e22",
    "state": "running",
    "dry_run": False,
    "query": {"state": "failed", "cause": "rejected"},
    "reason": "The category is open again.",
    "created_by": "olga",
    "created_at": "2026-03-02T10:00:00Z",
    "changed_at": "2026-03-02T10:00:01Z",
    "ended_at": None,
    "held_up_by": None,
    "counts": {
        "documents": 120,
        "remaining": 20,
        "replayed": 100,
        "left_out": 0,
        "would_create": 0,
        "already_there": 0,
        "still_invalid": 0,
    },
    "allowed_actions": ["pause", "cancel"],
}
_WINDOW = {
    "window_id": "2f4c7a3e-51d0-4b53-9a0e-0c8f3b1d7e44",
    "state": "to_come",
    "begins_at": "2026-03-08T06:00:00Z",
    "ends_at": "2026-03-08T09:00:00Z",
    "reason": "D365 is updated.",
    "created_by": "olga",
    "created_at": "2026-03-02T10:00:00Z",
    "ended_by": None,
    "ended_reason": None,
}
_CHANGE = {"pointer": "/category", "before": "Warranty", "after": "Breakdown"}
_REQUEST = {
    "method": "POST",
    "url": "https://contoso.operations.dynamics.com/data/DealerPortalCases?cross-company=true",
    "body": {"dataAreaId": "usmf", "WebCaseId": "W7K3M9QX2T", "CaseCategory": "Warranty"},
}
_NOTE = {"id": 3, "at": "2026-03-02T09:45:00Z", "author": "olga", "text": "Accounting opens the period on Monday."}
_ACTIONS = [
    {"action": action, "allowed": action != "restore", "obstacle": None, "why": None, "needs_payload": False}
    for action in ("replay", "link", "verify", "return", "discard")
]
_DELIVERY = {
    "breaker": {"state": "closed", "since": "2026-03-02T08:00:00Z", "reason": None},
    "paused": False,
    "paused_by": None,
    "paused_reason": None,
    "paused_at": None,
    "windows": [_WINDOW],
    "concurrency": 50,
    "in_flight": 4,
    "backlog": 17,
    "oldest_age_seconds": 1.4,
    "failed": 120,
    "environment": {"d365_url": "https://contoso.operations.dynamics.com", "refused_url": None},
    "restored_at": None,
    "paused_consumers": [],
}
_RECORD = {
    "id": 7,
    "topic": "d365.case-events.v1",
    "partition": 2,
    "offset": 48113,
    "consumer_group": "status-sync.d365.case-events.v1",
    "key_base64": None,
    "value_base64": "bm9uc2Vuc2U=",
    "headers": [],
    "cause": "it is no JSON",
    "recorded_at": "2026-03-02T09:31:12Z",
    "kept_at": "2026-03-02T09:31:12.400Z",
    "seen_at": None,
    "seen_by": None,
    "key_text": None,
    "value_text": "nonsense",
    "value_bytes": 8,
}
EXAMPLES: dict[str | tuple[str, str], Any] = {
    "DocumentPage": {"items": [_DOCUMENT], "next": None, "has_more": False},
    "DocumentDocument": {
        **_DOCUMENT,
        "attempts": [_WHOLE_ATTEMPT],
        "other_case_ids": [],
        "actions": _ACTIONS,
        "request": _REQUEST,
        "submitted_payload": CONTENT,
        "changes": [],
        "notes": [_NOTE],
    },
    "NoteInput": {"text": _NOTE["text"]},
    "NoteDocument": _NOTE,
    "NotesDocument": {"items": [_NOTE], "next": None, "has_more": False},
    "PreviewInput": {"payload": {**CONTENT, "category": "Breakdown"}},
    "PreviewDocument": {"changes": [_CHANGE], "request": _REQUEST, "problem": None},
    "PayloadFormDocument": {
        "payload_schema": {"type": "object"},
        "payload": CONTENT,
        "choices": {"categories": [{"category": "Warranty", "category_type": "Service"}], "priorities": ["High"]},
    },
    "WindowInput": {
        "begins_at": "2026-03-08T06:00:00Z",
        "ends_at": "2026-03-08T09:00:00Z",
        "reason": "D365 is updated.",
    },
    "WindowsDocument": {"items": [_WINDOW], "next": None, "has_more": False},
    "DealersDocument": {
        "items": [
            {
                "dealer": "usmf-us-001",
                "name": "Contoso Equipment",
                "data_area_id": "usmf",
                "customer_account": "US-001",
                "active": True,
                "first_seen_at": "2026-01-02T08:00:00Z",
                "seen_at": "2026-03-02T09:00:00Z",
                "open": 3,
                "failed": 1,
                "oldest_age_seconds": 1.4,
            }
        ],
        "next": None,
        "has_more": False,
    },
    "D365CasesDocument": {
        "items": [
            {
                "case_id": "C-000123",
                "web_case_id": None,
                "status": "Opened",
                "category": "Warranty",
                "priority": "High",
                "description": "Entered by phone",
                "modified_at": "2026-03-02T09:40:00Z",
                "document": None,
            }
        ],
        "next": None,
        "has_more": False,
    },
    "FlowDocument": {
        "as_of": "2026-03-02T10:00:00Z",
        "verdict": "attention",
        "concerns": [
            {
                "stage": "queue",
                "what": "dead_letters",
                "verdict": "attention",
                "count": 120,
                "seconds": 1700.0,
                "detail": None,
            }
        ],
        "stages": [
            {"name": "queue", "count": 17, "oldest_age_seconds": 1.4, "per_minute": 42.0, "failures": 120},
        ],
        "delivery": _DELIVERY,
        "history": [
            {
                "minute": "2026-03-02T09:59:00Z",
                "submitted": 42,
                "taken_in": 42,
                "posts": 42,
                "look_ups": 1,
                "delivered": 41,
                "rejected": 1,
                "unknown": 0,
                "deferred": 0,
                "post_seconds": 0.21,
                "failed": 1,
                "unreadable": 0,
                "told": 41,
            }
        ],
    },
    "UnreadableRecord": _RECORD,
    "DocumentGroups": {
        "items": [
            {
                "cause": "rejected",
                "count": 120,
                "first": "2026-03-02T09:31:14Z",
                "last": "2026-03-02T09:58:03Z",
                "reasons": [{"reason": "The category is closed.", "count": 120}],
            },
        ],
        "next": None,
        "has_more": False,
    },
    "ReplayInput": {"reason": "The category was wrong.", "payload": {**CONTENT, "category": "Breakdown"}},
    "LinkInput": {"reason": "The clerk had entered it by hand.", "case_id": "C-000123"},
    "OptionalReasonInput": {"reason": "D365 is being upgraded."},
    "ReasonInput": {"reason": "Asked for by the dealer."},
    "ReplaysInput": {
        "query": {"state": "failed", "cause": "rejected"},
        "dry_run": False,
        "reason": "The category is open again.",
    },
    "ReplaysDocument": {"items": [_REPLAY], "next": None, "has_more": False},
    "OneReplayDocument": {
        **_REPLAY,
        "states": {"pending": 30, "delivered": 70},
        "items": [
            {
                "id": "W7K3M9QX2T-1",
                "web_case_id": "W7K3M9QX2T",
                "submission_no": 1,
                "dealer": "usmf-us-001",
                "outcome": "replayed",
                "detail": None,
                "state": "delivered",
                "cause": None,
                "case_id": "C-000123",
            }
        ],
        "next": None,
        "has_more": False,
    },
    "DeliveryDocument": _DELIVERY,
    "UnreadableRecords": {"items": [_RECORD], "next": None, "has_more": False},
    "AuditPage": {
        "items": [
            {
                "id": 41,
                "at": "2026-03-02T10:00:00Z",
                "actor": "olga",
                "action": "replay",
                "document": "W7K3M9QX2T-1",
                "web_case_id": "W7K3M9QX2T",
                "submission_no": 1,
                "replay_id": None,
                "reason": "The category was wrong.",
                "fields": ["category"],
                "documents": 1,
                "outcome": "delivered",
            }
        ],
        "next": None,
        "has_more": False,
    },
    "LedgerDocument": {
        "adds_up": True,
        "as_of": "2026-03-02T10:00:00Z",
        "submissions": 1000,
        "younger": 3,
        "no_document": 0,
        "open": 20,
        "delivered": 860,
        "failed": 120,
        "returned": 0,
        "discarded": 0,
        "without_submission": 0,
        "without_case_id": 0,
    },
}
