"""Examples of documents and replays, by the names of their models."""

from typing import Any

from case_shared.web.examples import CONTENT

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
    "attempt_count": 1,
    "attempts": [_ATTEMPT],
    "created_by": "dana",
    "created_by_subject": "dana",
    "created_by_issuer": "http://127.0.0.1:8090",
    "created_at": "2026-03-02T09:31:12.500Z",
    "submitted_at": "2026-03-02T09:31:12.104Z",
    "delivered_at": None,
    "changed_at": "2026-03-02T09:31:14.020Z",
    "next_attempt_at": None,
    "revision": 3,
    "replay_id": None,
    "payload": CONTENT,
    "alarm": None,
    "alarm_since": None,
    "differences": [],
    "allowed_actions": ["replay", "link", "verify", "return", "discard"],
}
_WHOLE_ATTEMPT = {
    **_ATTEMPT,
    "why": None,
    "status": 400,
    "request": '{"dataAreaId": "usmf", "WebCaseId": "W7K3M9QX2T"}',
    "answer": '{"error": {"message": "Write failed"}}',
    "duration_seconds": 0.92,
    "client_request_id": "5e0d6c7a-3f1b-4a53-9d0e-6f2f6f8f7b11",
    "dyn_aid": "9f3c1b7e-0000-0000-0000-5a1d2e3f4a5b",
}
_REPLAY = {
    "replay_id": "7b1d9c1e-3a0f-4a55-8a39-5b3c2f1d0e22",
    "state": "running",
    "dry_run": False,
    "query": {"state": "failed", "cause": "rejected"},
    "dry_run_id": "1c9d2e4f-5a6b-4c7d-8e9f-0a1b2c3d4e5f",
    "reason": "The category is open again.",
    "created_by": "olga",
    "created_by_subject": "olga",
    "created_by_issuer": "http://127.0.0.1:8090",
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
    "replayable": False,
}
_CHANGE = {"pointer": "/category", "before": "Warranty", "after": "Breakdown"}
_REQUEST = {
    "method": "POST",
    "url": "https://contoso.operations.dynamics.com/data/DealerPortalCases?cross-company=true",
    "body": {"dataAreaId": "usmf", "WebCaseId": "W7K3M9QX2T", "CaseCategory": "Warranty"},
}
_NOTE = {
    "id": 3,
    "at": "2026-03-02T09:45:00Z",
    "author": "olga",
    "author_subject": "olga",
    "author_issuer": "http://127.0.0.1:8090",
    "text": "Accounting opens the period on Monday.",
}
_ACTIONS = [
    {"action": action, "allowed": action != "restore", "obstacle": None, "why": None, "needs_payload": False}
    for action in ("replay", "link", "verify", "return", "discard")
]
DOCUMENTS: dict[str | tuple[str, str], Any] = {
    "DocumentPage": {"items": [_DOCUMENT], "next": None, "has_more": False},
    "DocumentDocument": {
        **_DOCUMENT,
        "attempts": [_WHOLE_ATTEMPT],
        "other_case_ids": [],
        "case": {
            "status": "open",
            "status_as_of": "2026-03-02T10:00:00Z",
            "moved_at": None,
            "deleted_in_d365_at": None,
            "case_id_reused_at": None,
        },
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
}
