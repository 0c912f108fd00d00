"""What Casebridge's services share; it knows no service."""
