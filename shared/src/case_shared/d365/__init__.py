"""The D365 client. A service wires `open_session`, `ClientCredentials`, `load_mapping` and `D365Client` together."""
