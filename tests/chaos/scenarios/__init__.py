"""Scenarios: floods, restores, restarts and outages on real parts."""
