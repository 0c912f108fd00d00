-- For how many seconds the longest waiting change of a document has not been told to the dealer's side; null where all were.
SELECT extract(epoch FROM now() - min(changed_at))::float8 FROM documents WHERE revision > published_revision
