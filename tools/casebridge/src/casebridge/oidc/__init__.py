"""The development identity provider: OpenID Connect for the laptop, never for production.

It has no passwords: anyone who reaches it can sign in as anyone. It exists so that the services, the portal and the
tests get real tokens, discovery and keys without an account anywhere.
"""
