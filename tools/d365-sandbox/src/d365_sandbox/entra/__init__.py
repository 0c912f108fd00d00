"""Entra ID: the token endpoints, client assertions, and discovery."""
