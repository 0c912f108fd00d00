-- Deletes a kept form: it has been sent. $1 id bytea
DELETE FROM kept WHERE id = $1
