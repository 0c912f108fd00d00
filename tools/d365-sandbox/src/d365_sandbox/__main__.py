"""Entry point: `d365-sandbox` and `python -m d365_sandbox`."""

from d365_sandbox.cli import app


def main() -> None:
    """Runs the command line."""
    app(prog_name="d365-sandbox")


if __name__ == "__main__":
    main()
