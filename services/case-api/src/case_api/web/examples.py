"""Examples of the REST API's documents, by their models' names; a test checks them against the schemas."""

from typing import Any

from case_shared.web.examples import CONTENT

_SUBMISSION = {
    "submission_no": 1,
    "state": "delivered",
    "case_id": "C-000123",
    "reason": None,
    "submitted_at": "2026-03-02T09:31:12.104Z",
    "delivered_at": "2026-03-02T09:31:13.870Z",
    "attempts": [
        {"started": "2026-03-02T09:31:12.950Z", "ended": "2026-03-02T09:31:13.870Z", "outcome": "delivered"},
    ],
}
_CASE = {
    "web_case_id": "W7K3M9QX2T",
    "case_id": "C-000123",
    "dealer": "usmf-us-001",
    "status": "in_process",
    "status_as_of": "2026-03-02T10:02:41Z",
    **CONTENT,
    "created_by": "dana",
    "created_at": "2026-03-02T09:30:01.221Z",
    "updated_at": "2026-03-02T09:31:12.104Z",
    "submitted_at": "2026-03-02T09:31:12.104Z",
    "submission": _SUBMISSION,
    "origin": "portal",
    "moved_at": None,
    "deleted_in_d365_at": None,
    "allowed_actions": ["copy"],
}
_DRAFT = {
    **_CASE,
    "case_id": None,
    "status": "draft",
    "status_as_of": None,
    "updated_at": "2026-03-02T09:30:01.221Z",
    "submitted_at": None,
    "submission": None,
    "allowed_actions": ["edit", "delete", "submit", "copy"],
}
_PENDING = {**_SUBMISSION, "state": "pending", "case_id": None, "delivered_at": None, "attempts": []}
EXAMPLES: dict[str | tuple[str, str], Any] = {
    ("create_case", "201"): _DRAFT,
    ("copy_case", "201"): _DRAFT,
    ("edit_case", "200"): _DRAFT,
    ("submit_case", "202"): _PENDING,
    "CaseInput": CONTENT,
    "CaseDocument": _CASE,
    "CasePage": {"items": [_CASE], "next": None, "has_more": False},
    "SubmissionDocument": _SUBMISSION,
    "ValidationDocument": {"valid": True},
    "Timeline": {
        "items": [
            {
                "at": "2026-03-02T09:31:12.104Z",
                "event": "submitted",
                "by": "dana",
                "detail": None,
                "submission_no": 1,
                "content": CONTENT,
                "duration_seconds": None,
            },
            {
                "at": "2026-03-02T09:31:13.870Z",
                "event": "delivered",
                "by": None,
                "detail": "C-000123",
                "submission_no": 1,
                "content": None,
                "duration_seconds": 1.766,
            },
        ]
    },
    "DealerList": {
        "items": [
            {
                "dealer": "usmf-us-001",
                "name": "Contoso Equipment",
                "data_area_id": "usmf",
                "customer_account": "US-001",
                "active": True,
            }
        ]
    },
    "CategoryList": {
        "items": [{"category": "Warranty", "category_type": "Service", "description": "Warranty claims"}],
    },
    "LengthList": {"items": [{"pointer": "/description", "characters": 60}]},
    "PriorityList": {"items": [{"priority": "High", "description": "At once"}]},
}
