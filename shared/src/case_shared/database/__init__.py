"""PostgreSQL: connections, how to react to its errors, migrations, leases, retention, progress."""
