-- An operator can have every case of D365 read once more (d365-sync, POST /v1/delivery/read-again): the next poll starts from the beginning.
GRANT SELECT (round), UPDATE (modified_at, round) ON status_sync.sync_state TO d365_sync;
