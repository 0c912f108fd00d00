"""The stack's database: created once; its roles and their passwords are set at every start."""

import psycopg
from psycopg import sql

from case_shared.database.statements import Statement
from casebridge.errors import OperationFailed
from casebridge.parts import DATABASE, ROLES, Plan
from casebridge.passwords import password
from casebridge.postgres import SUPERUSER


def prepare(plan: Plan) -> None:
    """Create the database and its roles if they are missing, and set the roles' passwords to this stack's.

    Raises OperationFailed if PostgreSQL refuses.
    """
    try:
        create(plan)
    except psycopg.Error as error:
        raise OperationFailed(f"cannot prepare the database: {error}") from error


def has_lists(plan: Plan) -> bool:
    """Whether D365's dealers and categories were ever read; also False if the database does not answer."""
    try:
        with psycopg.connect(plan.database_url(SUPERUSER)) as connection:
            row = connection.execute(
                "SELECT EXISTS (SELECT FROM status_sync.dealers) AND EXISTS (SELECT FROM status_sync.categories)"
            ).fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])


def create(plan: Plan) -> None:
    """Create the database, the roles and their passwords; raises psycopg.Error."""
    roles = Statement.ROLES.text
    with psycopg.connect(plan.database_url(SUPERUSER, "postgres"), autocommit=True) as server:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    with psycopg.connect(plan.database_url(SUPERUSER)) as connection:
        connection.execute(roles.encode())
        for role in ROLES:
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
            connection.execute(statement.format(sql.Identifier(role), sql.Literal(password(plan.data_dir, role))))
