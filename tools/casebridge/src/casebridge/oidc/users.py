"""The predefined users, and what each may do."""

from collections.abc import Mapping
from dataclasses import dataclass

from case_shared.words.scopes import Scope

DEALER_SCOPES = (Scope.CASES_READ, Scope.CASES_WRITE, Scope.CASES_SUBMIT)
OPERATOR_SCOPES = (Scope.DOCUMENTS_READ, Scope.DOCUMENTS_WRITE, Scope.AUDIT_READ, Scope.PERSONAL_DATA_ERASE)
READ_ONLY_SCOPES = (Scope.DOCUMENTS_READ, Scope.AUDIT_READ)
IDENTITY_SCOPES = ("openid", "profile", "offline_access")
ALL_SCOPES = (*IDENTITY_SCOPES, *DEALER_SCOPES, *OPERATOR_SCOPES)


@dataclass(frozen=True)
class User:
    """Someone who signs in; `dealers` are slugs."""

    username: str
    role: str
    dealers: tuple[str, ...]
    scopes: tuple[str, ...]

    def get_user_id(self) -> str:
        """Its `sub`; the name is Authlib's."""
        return self.username

    def allowed(self, scope: str) -> str:
        """The requested scopes that this user may have."""
        return " ".join(word for word in scope.split() if word in {*IDENTITY_SCOPES, *self.scopes})


USERS: Mapping[str, User] = {
    user.username: user
    for user in (
        User("dana", "dealer", ("usmf-us-001",), DEALER_SCOPES),
        User("theo", "dealer of two dealers", ("usmf-us-001", "usmf-us-002"), DEALER_SCOPES),
        User("olga", "operator", (), OPERATOR_SCOPES),
        User("rudi", "operator with read-only access", (), READ_ONLY_SCOPES),
    )
}
