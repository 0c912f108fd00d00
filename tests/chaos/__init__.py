"""Faults: the seeded harness (`make chaos`), and larger scenarios (`make scenarios`)."""
