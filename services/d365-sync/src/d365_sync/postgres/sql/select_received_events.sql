-- The legal entities whose business events from D365 have arrived, and whether its endpoint test has.
SELECT kind, subject FROM status_sync.event_notes WHERE kind IN ('status', 'test')
