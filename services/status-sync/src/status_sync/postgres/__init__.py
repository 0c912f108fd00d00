"""What status-sync stores and asks in PostgreSQL."""
