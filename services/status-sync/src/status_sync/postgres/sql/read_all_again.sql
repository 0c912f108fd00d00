-- D365's database is another one than before: the next poll starts from the beginning, in a new round, and the next sweep is due now.
UPDATE sync_state SET
    modified_at = NULL,
    round = round + CASE WHEN name = 'poll' THEN 1 ELSE 0 END,
    done_at = CASE WHEN name = 'sweep' THEN done_at - interval '30 days' ELSE done_at END
WHERE name IN ('poll', 'sweep')
