"""`casebridge kafka`: what an administrator of Kafka sets up."""

from typing import Annotated

import typer

from casebridge.commands.options import Json
from casebridge.output import write_json

kafka = typer.Typer(name="kafka", help="What an administrator of Kafka sets up for Casebridge.", no_args_is_help=True)


@kafka.callback()
def about() -> None:
    """Keep `acls` a command of its own although it is the only one."""


@kafka.command()
def acls(
    grant: Annotated[
        bool, typer.Option("--grant", help="Give the rights, as the user that KAFKA_SASL_USERNAME names.")
    ] = False,
    topic_prefix: Annotated[str, typer.Option(envvar="KAFKA_TOPIC_PREFIX", help="As in the services' settings.")] = "",
    group_prefix: Annotated[str, typer.Option(envvar="KAFKA_GROUP_PREFIX", help="As in the services' settings.")] = "",
    events_topic: Annotated[
        str, typer.Option(envvar="D365_EVENTS_TOPIC", help="The topic into which D365 sends its events.")
    ] = "d365.case-events.v1",
    principal_prefix: Annotated[str, typer.Option(help="What stands before a user's name in a principal.")] = "User:",
    json: Json = False,
) -> None:
    """Print the rights that each service needs, as arguments of kafka-acls.sh; with --grant, give them."""
    from casebridge.kafka_rights import rights, statements

    wanted = rights(topic_prefix, group_prefix, events_topic)
    if grant:
        from case_shared.kafka.connection import KafkaSettings
        from case_shared.process.settings import load_settings
        from casebridge.kafka_admin import grant as grant_rights

        grant_rights(load_settings(KafkaSettings), wanted)
    if json:
        write_json({"granted": grant, "statements": statements(wanted, principal_prefix)})
    elif grant:
        print(f"{len(wanted)} rights are given")
    else:
        print("\n".join(f"kafka-acls.sh {line}" for line in statements(wanted, principal_prefix)))
