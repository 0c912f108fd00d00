"""What Casebridge's services share. It knows none of them."""
