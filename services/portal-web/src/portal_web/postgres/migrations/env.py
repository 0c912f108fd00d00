"""Alembic's entry point."""

from case_shared.database.migrations import run_environment

run_environment()
