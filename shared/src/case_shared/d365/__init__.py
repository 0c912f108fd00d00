"""The D365 client. A service opens one with `open_client`, from its settings and its mapping."""
