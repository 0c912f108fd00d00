"""What status-sync stores and reads in PostgreSQL: one statement per file in `sql/`, one class per table."""
