-- Whether a document of a legal entity that D365 lost in a restore is neither there again nor ended by an operator.
-- $1 data_area_id text
SELECT EXISTS (
    SELECT FROM documents
    WHERE state IN ('pending', 'delivering', 'verifying', 'deferred', 'failed') AND data_area_id = $1::text COLLATE "C" AND lost_at IS NOT NULL
)
