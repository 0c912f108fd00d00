"""The X++ model in `deploy/d365`, and the rules that need no D365 compiler."""
