-- Without statistics of the expression the planner expects it to be null nowhere (0.5 %), and reads the whole table.
CREATE STATISTICS IF NOT EXISTS case_api.cases_not_followed
    ON (coalesce(moved_at, deleted_in_d365_at, case_id_reused_at)) FROM case_api.cases;
ANALYZE case_api.cases;
