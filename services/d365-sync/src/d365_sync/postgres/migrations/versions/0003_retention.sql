-- What is kept for a configured time only: payloads of documents that are at an end, and unreadable records.
-- A document itself stays for ever: it is what prevents doubles.
CREATE INDEX documents_to_empty ON d365_sync.documents (changed_at)
    WHERE content IS NOT NULL AND state IN ('delivered', 'returned', 'discarded');

-- Who deletes locks first (FOR UPDATE SKIP LOCKED), which takes the right to update a column.
GRANT DELETE, UPDATE (kept_at) ON d365_sync.unreadable_records TO d365_sync;
CREATE INDEX unreadable_records_by_age ON d365_sync.unreadable_records (kept_at);

-- Consumers, of all three services, that stand still because most of what came last cannot be read.
CREATE TABLE d365_sync.paused_consumers (
    consumer_group text PRIMARY KEY,
    topic text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    -- Told again at each try; a consumer that does not is gone.
    told_at timestamptz NOT NULL DEFAULT now(),
    cause text NOT NULL,
    -- Until then an operator has them kept apart as unreadable all the same, however many they are.
    let_through_until timestamptz
);
GRANT SELECT, INSERT, UPDATE, DELETE ON d365_sync.paused_consumers TO d365_sync, case_api, status_sync;
