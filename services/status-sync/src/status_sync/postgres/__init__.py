"""What status-sync stores and asks in PostgreSQL: one statement a file in `sql/`, a class for each table."""
