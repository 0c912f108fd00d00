"""Alembic's environment; the work is done by the kernel's."""

from case_shared.database.migrations import run_environment

run_environment()
