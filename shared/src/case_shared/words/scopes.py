"""What a token may let its user do."""

from enum import StrEnum


class Scope(StrEnum):
    """Scopes, as identity providers write them."""

    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    CASES_SUBMIT = "cases:submit"
    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_WRITE = "documents:write"
    AUDIT_READ = "audit:read"
    PERSONAL_DATA_ERASE = "personal-data:erase"
