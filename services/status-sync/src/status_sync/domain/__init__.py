"""What an event and a read of D365 mean for the read model: pure rules."""
