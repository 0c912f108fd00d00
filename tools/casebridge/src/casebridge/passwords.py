"""Passwords of one local stack, all derived from one secret in its data folder, which only its owner can read."""

import base64
import hmac
import secrets
from pathlib import Path

from casebridge.state import create_private


def password(data_dir: Path, name: str) -> str:
    """The stack's password called `name`, the same at every start."""
    file = data_dir / "secret"
    create_private(file, lambda: secrets.token_urlsafe(32))
    digest = hmac.digest(file.read_bytes(), name.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
