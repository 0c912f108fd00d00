"""Each part is killed in turn, and a real Prometheus fires the alert for it within its time."""
