"""The development identity provider: OpenID Connect for the laptop, never for production.

Anyone who reaches it signs in as anyone: there are no passwords. It exists so that the services, the portal and the
tests meet real tokens, discovery and keys without an account anywhere.
"""
