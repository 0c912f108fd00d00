-- Since when each case has its status: d365-sync ends personal data a configured time after a case is closed or canceled.
GRANT SELECT (web_case_id, as_of, status) ON status_sync.status_changes TO d365_sync;
