-- Notes why a restore of D365 makes no progress; `changed_at` remains when it began to wait.
-- $1 restore_id uuid, $2 why text
UPDATE d365_restores SET held_up_by = $2::text, changed_at = CASE WHEN held_up_by IS NULL THEN now() ELSE changed_at END
WHERE restore_id = $1::uuid AND held_up_by IS DISTINCT FROM $2::text
