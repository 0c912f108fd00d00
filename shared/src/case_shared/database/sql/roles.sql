-- The roles and schemas of Casebridge; safe to repeat. A superuser runs it once, connected to the database, and gives the roles their passwords.
-- case_migrations owns the schemas; each service may do only what the migrations grant to it.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['case_migrations', 'case_api', 'd365_sync', 'status_sync', 'portal_web'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role_name);
        END IF;
    END LOOP;
    -- A service asks for these itself, unless a pooler is between, which passes no settings on (docs/postgresql.md).
    FOREACH role_name IN ARRAY ARRAY['case_api', 'd365_sync', 'status_sync', 'portal_web'] LOOP
        EXECUTE format('ALTER ROLE %I SET search_path = %I, public', role_name, role_name);
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', role_name, '5s');
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO case_migrations, case_api, d365_sync, status_sync, portal_web', current_database());
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gin SCHEMA public;
GRANT USAGE ON SCHEMA public TO case_migrations, case_api, d365_sync, status_sync, portal_web;
CREATE SCHEMA IF NOT EXISTS case_api AUTHORIZATION case_migrations;
CREATE SCHEMA IF NOT EXISTS d365_sync AUTHORIZATION case_migrations;
CREATE SCHEMA IF NOT EXISTS status_sync AUTHORIZATION case_migrations;
CREATE SCHEMA IF NOT EXISTS portal_web AUTHORIZATION case_migrations;
