"""`casebridge setup`: download what the stack needs, start nothing."""

import sys

from casebridge.commands.options import Json
from casebridge.output import Progress, write_json


def setup(json: Json = False) -> None:
    """Download PostgreSQL and Kafka into the cache folder, unless they are already there."""
    from casebridge import kafka, postgres

    progress = Progress(sys.stderr)
    folders = {"postgres": str(postgres.fetch(progress)), "kafka": str(kafka.fetch(progress))}
    if json:
        write_json(folders)
    else:
        for name, folder in folders.items():
            print(f"{name:<10}{folder}")
