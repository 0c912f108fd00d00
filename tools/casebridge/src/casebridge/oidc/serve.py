"""Runs the provider until SIGTERM or SIGINT."""

import sys

from aiohttp import web

from case_shared.process.settings import load_settings
from casebridge.oidc.app import create_app
from casebridge.oidc.settings import OidcProviderSettings

SHUTDOWN_SECONDS = 1.0


def serve() -> None:
    """Serve with the settings in the environment; exits with 2 if they are wrong."""
    settings = load_settings(OidcProviderSettings)
    app = create_app(settings)
    sys.stdout.write(f"development identity provider at {settings.oidc_issuer}: no passwords, never for production\n")
    web.run_app(
        app,
        host=settings.oidc_host,
        port=settings.oidc_port,
        print=None,
        access_log=None,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
