"""PostgreSQL: connections, what its errors call for, migrations, leases, retention, progress."""
