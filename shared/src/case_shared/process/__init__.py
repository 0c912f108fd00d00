"""One process: its settings, clock, loops, logs and traces, and the commands that start it."""
