"""What a read of D365 means for the read model: pure rules."""
