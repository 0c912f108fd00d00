-- Sets each role's password from the environment. Runs at every start, so that a new password takes effect.
\getenv case_migrations_password CASE_MIGRATIONS_PASSWORD
\getenv case_api_password CASE_API_PASSWORD
\getenv d365_sync_password D365_SYNC_PASSWORD
\getenv status_sync_password STATUS_SYNC_PASSWORD
\getenv portal_web_password PORTAL_WEB_PASSWORD
ALTER ROLE case_migrations PASSWORD :'case_migrations_password';
ALTER ROLE case_api PASSWORD :'case_api_password';
ALTER ROLE d365_sync PASSWORD :'d365_sync_password';
ALTER ROLE status_sync PASSWORD :'status_sync_password';
ALTER ROLE portal_web PASSWORD :'portal_web_password';
