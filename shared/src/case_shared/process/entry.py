"""The commands of each service; each imports what it needs only when it runs, so that `migrate` starts fast."""

import argparse
import signal
import sys
from collections.abc import Callable


def run(
    service: str,
    description: str,
    *,
    serve: Callable[[], None],
    migrate: Callable[[], None],
    openapi: Callable[[], dict[str, object]] | None = None,
    restored: Callable[[str], None] | None = None,
) -> None:
    """Run the command that the command line names; exits with 2 if it is unknown."""
    parser = argparse.ArgumentParser(prog=service, description=description)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="run the service until SIGTERM; settings come from environment variables")
    commands.add_parser("migrate", help="update the database schema and the Kafka topics; safe to repeat")
    if openapi:
        commands.add_parser("openapi", help="print the OpenAPI document")
    if restored:
        command = commands.add_parser(
            "restored", help="run once after the database was restored, while no service is running"
        )
        command.add_argument("--reason", required=True, help="which backup was restored, and why")
    arguments = parser.parse_args()
    match arguments.command:
        case "serve":
            # Until the service has its own handler: what runs as the first process of a container ignores it.
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            serve()
        case "migrate":
            migrate()
        case "restored" if restored:
            restored(arguments.reason)
        case "openapi" if openapi:
            import json

            print(json.dumps(openapi(), indent=2, sort_keys=True, ensure_ascii=False))
