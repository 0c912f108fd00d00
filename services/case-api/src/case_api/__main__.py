"""`python -m case_api serve | migrate | openapi`."""

import argparse

from case_api import wiring
from case_api.settings import MigrateSettings, Settings
from case_shared.settings import load_settings


def main() -> None:
    """Run the command that is named."""
    parser = argparse.ArgumentParser(prog="case-api", description=wiring.DESCRIPTION)
    parser.add_argument("command", choices=["serve", "migrate", "openapi"])
    match parser.parse_args().command:
        case "serve":
            wiring.serve(load_settings(Settings))
        case "migrate":
            wiring.migrate(load_settings(MigrateSettings))
        case _:
            print(wiring.openapi_document())


if __name__ == "__main__":
    main()
