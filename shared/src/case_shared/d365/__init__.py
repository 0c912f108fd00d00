"""The D365 client. A service opens one by `open_client`, from its settings and its mapping."""
