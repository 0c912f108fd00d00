-- Removes rows born in D365, and no others: their case belongs to a row of ours, to another dealer or to no dealer.
-- $1 web_case_id text[]
SELECT case_api.delete_case_born_in_d365(web_case_id) FROM unnest($1::text[]) AS born (web_case_id)
