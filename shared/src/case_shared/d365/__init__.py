"""The D365 client: `open_session`, `ClientCredentials`, `load_mapping` and `D365Client` are what a service wires together."""
