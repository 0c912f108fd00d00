"""The portal on a real Keycloak, set up by docs/identity-providers.md alone (`make identity`)."""
