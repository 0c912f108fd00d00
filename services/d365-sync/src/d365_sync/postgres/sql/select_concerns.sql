-- What a person should know, from the tables: one branch per kind, one row per place, no row if all is well.
SELECT 'dead_letters' AS kind, count(*)::int AS count, min(changed_at) AS since, 'queue' AS "where", NULL::text AS detail
FROM documents WHERE state = 'failed' HAVING count(*) > 0
UNION ALL
SELECT 'unreadable', count(*)::int, min(kept_at), topic, NULL FROM unreadable_records WHERE seen_at IS NULL GROUP BY topic
UNION ALL
SELECT 'refused_by_kafka', count(*)::int, min(created_at), 'unsent', NULL FROM case_api.outbox WHERE refusals > 0 HAVING count(*) > 0
UNION ALL
SELECT 'refused_by_kafka', count(*)::int, min(refused_since), 'case.delivery.v1', min(web_case_id || ': ' || refusal)
FROM refused_events HAVING count(*) > 0
UNION ALL
SELECT 'refused_by_kafka', count(*)::int, min(created_at), 'case.status-changed.v1', min(refusal)
FROM status_sync.outbox WHERE refusals > 0 HAVING count(*) > 0
UNION ALL
-- A consumer that no longer reports it is gone.
SELECT 'consumer_paused', 1, since, consumer_group, cause FROM paused_consumers WHERE told_at > now() - interval '2 minutes'
UNION ALL
-- What must move (case_shared/database/progress.py). A replica that no longer reports is gone.
SELECT
    CASE WHEN name LIKE 'consume\_%' THEN coalesce(max(kind), 'consumer_stopped') WHEN min(succeeded_at) IS NULL THEN 'step_never_succeeded' WHEN step AND name = 'cases' THEN 'poll_late' ELSE 'step_late' END,
    count(*)::int, min(coalesce(succeeded_at, expected_since)), CASE WHEN step THEN name ELSE service || ' ' || name END, max(error)
FROM progress
WHERE greatest(succeeded_at, expected_since) < now() - make_interval(secs => within_seconds)
    AND (instance = '' OR told_at > now() - interval '2 minutes')
GROUP BY service, name, step
UNION ALL
-- Each alarm is a kind of the same name.
SELECT alarm, count(*)::int, min(alarm_since), data_area_id, NULL FROM documents CROSS JOIN unnest(alarms) AS alarm
WHERE cardinality(alarms) > 0 GROUP BY alarm, data_area_id
UNION ALL
-- The mapping says that D365 keeps the Web Case ID unique, but nothing proves it.
SELECT 'uniqueness_unproven', 1, uniqueness_unproven_since, 'd365', NULL
FROM delivery_control WHERE uniqueness_unproven_since IS NOT NULL
UNION ALL
-- Statuses in D365 that the mapping does not know, as status-sync has last counted them; the five most frequent by name.
SELECT 'status_unknown', least(sum(cases), 2000000000)::int, min(first_at), 'status',
    array_to_string((array_agg(d365_status || ' (' || cases || ')' ORDER BY cases DESC, d365_status))[1:5], ', ')
FROM status_sync.unknown_statuses HAVING count(*) > 0
UNION ALL
-- A restore of D365 that somebody reported, and that has not got on for minutes: its ID, and why.
SELECT 'd365_restore_waits', 1, changed_at, 'd365', restore_id || ': ' || held_up_by
FROM d365_restores WHERE state = 'running' AND held_up_by IS NOT NULL AND changed_at < now() - interval '5 minutes'
UNION ALL
-- Cases that no longer follow D365: those of the last month, because older ones have been seen by now or never will be;
-- the newest five by name.
SELECT 'moved_cases', count(*)::int, min(moved_at), data_area_id,
    array_to_string((array_agg(web_case_id || ' (' || case_id || ')' ORDER BY moved_at DESC))[1:5], ', ')
FROM case_api.cases
WHERE coalesce(moved_at, deleted_in_d365_at, case_id_reused_at) IS NOT NULL AND moved_at > now() - interval '30 days'
GROUP BY data_area_id
UNION ALL
SELECT 'deleted_cases', count(*)::int, min(deleted_in_d365_at), data_area_id,
    array_to_string((array_agg(web_case_id || ' (' || case_id || ')' ORDER BY deleted_in_d365_at DESC))[1:5], ', ')
FROM case_api.cases
WHERE coalesce(moved_at, deleted_in_d365_at, case_id_reused_at) IS NOT NULL AND deleted_in_d365_at > now() - interval '30 days'
GROUP BY data_area_id
UNION ALL
-- An alarm until D365 shows the case under a Case ID of its own.
SELECT 'case_id_reused', count(*)::int, min(case_id_reused_at), data_area_id, (array_agg(web_case_id || ' had ' || case_id ORDER BY case_id_reused_at))[1]
FROM case_api.cases
WHERE coalesce(moved_at, deleted_in_d365_at, case_id_reused_at) IS NOT NULL AND case_id_reused_at IS NOT NULL
GROUP BY data_area_id
UNION ALL
-- D365 was refreshed from another environment: an alarm as long as a case of ours has lost its Case ID to a case of
-- another Casebridge.
SELECT 'environment_refreshed', count(*)::int, min(d.first_at), d.data_area_id, min(d.example)
FROM status_sync.environment_doubts AS d
JOIN case_api.cases AS c ON c.data_area_id = d.data_area_id AND c.case_id_reused_at IS NOT NULL
    AND coalesce(c.moved_at, c.deleted_in_d365_at, c.case_id_reused_at) IS NOT NULL
WHERE d.kind = 'foreign'
GROUP BY d.data_area_id
UNION ALL
-- status-sync checks every ten minutes.
SELECT 'known_cases_not_shown', 1, first_at, data_area_id, example
FROM status_sync.environment_doubts WHERE kind = 'nothing_shown' AND last_at > now() - interval '1 hour'
UNION ALL
SELECT 'events_of_other_environment', least(sum(events), 2000000000)::int, min(first_at), subject,
    CASE WHEN max(kind) = 'other_environment' THEN 'the events name this environment' ELSE 'the events name cases of another Casebridge' END
FROM status_sync.event_notes
WHERE kind IN ('other_environment', 'foreign_web_case_id') AND last_at > now() - interval '1 day'
GROUP BY subject
