"""`casebridge kafka`: what an administrator of Kafka sets up."""

from dataclasses import asdict
from itertools import groupby
from typing import Annotated

import typer

from casebridge.commands.options import Json
from casebridge.errors import UsageError
from casebridge.output import write_json

kafka = typer.Typer(name="kafka", help="Set up Kafka for Casebridge, as its administrator.", no_args_is_help=True)


@kafka.callback()
def about() -> None:
    """Keep `acls` a command of its own although it is the only one."""


@kafka.command()
def acls(
    grant: Annotated[
        bool, typer.Option("--grant", help="Grant the rights, as the user in KAFKA_SASL_USERNAME.")
    ] = False,
    topic_prefix: Annotated[
        str, typer.Option(envvar="KAFKA_TOPIC_PREFIX", help="The same as in the services' settings.")
    ] = "",
    group_prefix: Annotated[
        str, typer.Option(envvar="KAFKA_GROUP_PREFIX", help="The same as in the services' settings.")
    ] = "",
    events_topic: Annotated[
        str, typer.Option(envvar="D365_EVENTS_TOPIC", help="The topic that D365 sends its events to.")
    ] = "d365.case-events.v1",
    principal_prefix: Annotated[str, typer.Option(help="The prefix of a user's name in a principal.")] = "User:",
    service: Annotated[
        list[str] | None, typer.Option(help="Only the rights of this user; can be repeated. Default: all.")
    ] = None,
    bootstrap_server: Annotated[
        str, typer.Option(envvar="KAFKA_BOOTSTRAP_SERVERS", help="Kafka's addresses, as kafka-acls.sh takes them.")
    ] = "localhost:9092",
    command_config: Annotated[
        str | None, typer.Option(help="The file by which kafka-acls.sh signs in, put into each statement.")
    ] = None,
    json: Json = False,
) -> None:
    """Print the rights that each service needs, as statements of kafka-acls.sh; with --grant, give them."""
    from casebridge.kafka_rights import USERS, rights, statement

    if unknown := [name for name in service or () if name not in USERS]:
        raise UsageError(f"no user is called {unknown[0]}; there are {', '.join(USERS)}")
    wanted = [one for one in rights(topic_prefix, group_prefix, events_topic) if one.user in (service or USERS)]
    if grant:
        from case_shared.kafka.connection import KafkaSettings
        from case_shared.process.settings import load_settings
        from casebridge.kafka_admin import grant as grant_rights

        grant_rights(load_settings(KafkaSettings), wanted)
    signed_in = f" --command-config {command_config}" if command_config else ""
    command = f"kafka-acls.sh --bootstrap-server {bootstrap_server}{signed_in}"
    printed = {right: f"{command} {statement(right, principal_prefix)}" for right in wanted}
    if json:
        listed = [{**asdict(right), "statement": line} for right, line in printed.items()]
        write_json({"granted": grant, "rights": listed})
    elif grant:
        print(f"{len(wanted)} rights granted")
    else:
        for user, of_user in groupby(sorted(printed, key=lambda right: USERS.index(right.user)), lambda one: one.user):
            print(f"# {user}", *(printed[right] for right in of_user), sep="\n")
