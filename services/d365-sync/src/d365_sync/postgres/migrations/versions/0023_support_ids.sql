-- What Microsoft's support asks for: the id that we sent, and the one that D365 answered with.
ALTER TABLE d365_sync.attempts ADD COLUMN client_request_id uuid, ADD COLUMN dyn_aid text;
