"""`casebridge d365 check`: does D365 allow what Casebridge needs? One file a step or a small group of steps.

`run_check` is the entry. The command line and d365-sync only present its `Report`.
"""
