"""The last release and this one side by side under load, forward and back (`make upgrade`)."""
