-- How many documents' cases D365 has twice: an alarm that nobody has acknowledged, or a dead letter that nobody has ended.
SELECT (
    (SELECT count(*) FROM documents WHERE cardinality(alarms) > 0 AND 'second_case' = ANY (alarms))
    + (SELECT count(*) FROM documents WHERE state = 'failed' AND cause = 'found_twice' AND 'second_case' <> ALL (alarms))
)::int
