"""HTTP: bearer tokens, limits, problems, cursors, health, and the server around the routes."""
