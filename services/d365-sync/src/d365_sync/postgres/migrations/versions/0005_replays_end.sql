-- Replays that ended are kept for a configured time only.
GRANT DELETE ON d365_sync.replays, d365_sync.replay_documents TO d365_sync;
CREATE INDEX replays_ended ON d365_sync.replays (ended_at) WHERE ended_at IS NOT NULL;
