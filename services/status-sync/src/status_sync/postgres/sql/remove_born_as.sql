-- Removes rows born in D365 that stand for cases of ours that were delivered or linked under the same Case ID.
-- $1 web_case_id text[], $2 case_id text[]
SELECT case_api.delete_case_born_in_d365(born.web_case_id)
FROM unnest($1::text[], $2::text[]) AS delivered (web_case_id, case_id)
JOIN case_api.cases AS ours ON ours.web_case_id = delivered.web_case_id AND ours.origin = 'portal' AND ours.case_id IS NULL
JOIN case_api.cases AS born
    ON born.data_area_id = ours.data_area_id AND born.case_id = delivered.case_id AND born.origin = 'd365'
