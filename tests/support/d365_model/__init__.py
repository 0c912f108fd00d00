"""The X++ model in `deploy/d365`, and the rules that can be held to it without D365's compiler."""
