-- Deletes the cases of a comparison that ended, and those that interrupted ones left behind. $1 comparison uuid
DELETE FROM found_cases WHERE comparison = $1::uuid OR kept_at < now() - interval '1 day'
