"""The soak: a million submissions, faults all the while, and D365's books at the end."""
