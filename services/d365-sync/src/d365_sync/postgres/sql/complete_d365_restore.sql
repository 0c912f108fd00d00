-- Ends a restore of D365 that has nothing left to look up.
-- $1 restore_id uuid
UPDATE d365_restores SET state = 'completed', ended_at = now(), changed_at = now(), held_up_by = NULL
WHERE restore_id = $1::uuid AND state = 'running'
    AND NOT EXISTS (SELECT FROM d365_restore_documents WHERE restore_id = $1::uuid AND outcome IS NULL)
