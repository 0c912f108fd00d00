-- Dates what was done ahead of PostgreSQL's clock back to now, so that it is done again in time, and the poll's position likewise. A restore
-- keeps its time: it identifies the restore that was followed.
UPDATE sync_state SET
    done_at = CASE WHEN done_at > clock_timestamp() THEN clock_timestamp() ELSE done_at END,
    modified_at = CASE WHEN modified_at > clock_timestamp() THEN clock_timestamp() ELSE modified_at END
WHERE name <> 'restore' AND (done_at > clock_timestamp() OR modified_at > clock_timestamp())
