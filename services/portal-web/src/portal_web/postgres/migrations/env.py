"""Alembic's entry point."""

from case_shared.migrations import run_environment

run_environment()
