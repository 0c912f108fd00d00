"""Alembic's entry: what there is to do is in case_shared."""

from case_shared.migrations import run_environment

run_environment()
