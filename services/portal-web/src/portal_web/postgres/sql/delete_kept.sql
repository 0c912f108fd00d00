-- Forgets a form that was kept: it has been sent. $1 id bytea
DELETE FROM kept WHERE id = $1
