-- Makes the next poll start from the beginning, in a new round, if the polls so far went by other rules: what those hid or did not know, no
-- other poll reads. Returns true then; false before the first poll, and no row if nothing changes.
-- $1 rules text
INSERT INTO sync_state AS s (name, rules) VALUES ('poll', $1)
ON CONFLICT (name) DO UPDATE SET modified_at = NULL, round = s.round + 1, rules = excluded.rules
WHERE s.rules IS DISTINCT FROM excluded.rules
RETURNING round > 0
