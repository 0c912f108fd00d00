"""Alembic's entry: what there is to do is in case_shared."""

from case_shared.database.migrations import run_environment

run_environment()
