"""`casebridge d365 check`: does D365 allow what Casebridge needs? One file per step or small group of steps.

Start at `run_check`. The command line and d365-sync only present its `Report`.
"""
