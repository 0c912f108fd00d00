-- Of which legal entities D365's business events have come, and whether its test of an endpoint did.
SELECT kind, subject FROM status_sync.event_notes WHERE kind IN ('status', 'test')
