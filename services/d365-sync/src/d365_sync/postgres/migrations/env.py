"""Alembic's environment; `case_shared` does the work."""

from case_shared.database.migrations import run_environment

run_environment()
