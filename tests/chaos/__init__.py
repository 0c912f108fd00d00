"""Faults: the seeded harness (`make chaos`), and the storms beside it (`make scenarios`)."""
