-- Restores of D365 that an operator has reported: what changed there since then went back, and is to be read again.
CREATE VIEW d365_sync.restores AS
SELECT ordered_at, since FROM d365_sync.d365_restores WHERE NOT dry_run;
GRANT SELECT ON d365_sync.restores TO d365_sync, status_sync;
