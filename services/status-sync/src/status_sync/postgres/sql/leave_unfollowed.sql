-- Stops following rows, and notes since when; they keep what they showed. Their own later read may bring them back.
-- `settled` is false if the same read will give the row its new Case ID.
-- $1 began_at timestamptz, $2 web_case_id text[], $3 case_id text[] (of a row that has none yet), $4 why text[] (moved, deleted, reused),
-- $5 settled boolean[]
WITH left_alone AS (
    UPDATE case_api.cases AS c SET
        case_id = coalesce(c.case_id, r.case_id),
        moved_at = CASE WHEN r.why = 'moved' THEN coalesce(c.moved_at, $1) END,
        deleted_in_d365_at = CASE WHEN r.why = 'deleted' THEN coalesce(c.deleted_in_d365_at, $1) END,
        -- The lost number stays an alarm even if the case is deleted, too.
        case_id_reused_at = CASE r.why WHEN 'reused' THEN coalesce(c.case_id_reused_at, $1) WHEN 'deleted' THEN c.case_id_reused_at END,
        read_began_at = CASE WHEN r.settled THEN $1 ELSE c.read_began_at END
    FROM unnest($2::text[], $3::text[], $4::text[], $5::boolean[]) AS r (web_case_id, case_id, why, settled)
    WHERE c.web_case_id = r.web_case_id AND (c.read_began_at IS NULL OR c.read_began_at < $1)
    RETURNING
        c.web_case_id, c.dealer, c.case_id, c.status, c.d365_status,
        (old.case_id, old.moved_at, old.deleted_in_d365_at) IS DISTINCT FROM (new.case_id, new.moved_at, new.deleted_in_d365_at) AS changed
)
SELECT web_case_id, dealer, case_id, status, d365_status, changed FROM left_alone
