"""`casebridge` and `python -m casebridge`."""

import sys
from io import TextIOWrapper

from casebridge.errors import CasebridgeError


def main() -> None:
    """Run the command line; what the user can fix becomes one message and an exit code."""
    try:
        from casebridge.cli import app
        from casebridge.output import write_error
    except KeyboardInterrupt:  # while the modules are loaded; later Typer handles it
        raise SystemExit(130) from None

    if isinstance(sys.stdout, TextIOWrapper):  # a terminal's encoding may lack characters of a case
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except CasebridgeError as error:
        write_error(str(error))
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        write_error(str(error))
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
