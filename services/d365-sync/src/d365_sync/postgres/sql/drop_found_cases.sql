-- A comparison has come to its end; and what others left that did not. $1 comparison uuid
DELETE FROM found_cases WHERE comparison = $1::uuid OR kept_at < now() - interval '1 day'
