"""d365fo-client, used as its documentation shows; runs in its own environment with its own Python."""

import asyncio
import os
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from d365fo_client import FOClient, FOClientConfig, QueryOptions
from d365fo_client.auth import AuthenticationManager
from d365fo_client.exceptions import FOClientError

SET = "DealerPortalCases"
NEW = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "CaseCategory": "Breakdown", "CategoryType": "Service"}
CACHE_NEEDS = (3, 43)


class SandboxSignIn(AuthenticationManager):  # type: ignore[misc]
    """Uses the sandbox's token: the client would ask Entra for one, and send this machine a made-up one."""

    async def get_token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": os.environ["D365_CLIENT_ID"],
            "client_secret": os.environ["D365_CLIENT_SECRET"],
            "scope": f"{os.environ['D365_URL']}/.default",
        }
        async with aiohttp.ClientSession() as session, session.post(os.environ["D365_TOKEN_URL"], data=form) as answer:
            token: str = (await answer.json())["access_token"]
            return token


@asynccontextmanager
async def connected(folder: str, *, cached: bool = False) -> AsyncIterator[FOClient]:
    """A client with an empty cache, or without one."""
    url = os.environ["D365_URL"]
    config = FOClientConfig(base_url=url, metadata_cache_dir=folder, enable_metadata_cache=cached)
    async with FOClient(config) as client:
        client.session_manager.auth_manager = SandboxSignIn(config)
        yield client


def check(name: str, holds: object) -> None:
    """Print that a step succeeded, or end the run."""
    if not holds:
        sys.exit(f"failed {name}")
    print(f"ok {name}")


async def metadata(client: FOClient) -> None:
    """Connection, entities, enumerations, labels, actions and versions."""
    check("connection", await client.test_connection() and await client.test_metadata_connection())
    found = await client.search_data_entities("customer", entity_category="Master")
    check("metadata: search", [one.public_collection_name for one in found] == ["CustomersV3"])
    one = await client.get_data_entity_info("CBDealerPortalCaseEntity")
    check("metadata: data entity", one.public_entity_name == "DealerPortalCase" and one.label_text)
    entity = await client.get_public_entity_info("DealerPortalCase")
    properties = {prop.name: prop for prop in entity.properties}
    check("metadata: keys", [name for name, prop in properties.items() if prop.is_key] == ["dataAreaId", "CaseId"])
    check("metadata: types", properties["CaseStatus"].type_name == "Microsoft.Dynamics.DataEntities.CaseStatus")
    check("metadata: labels", properties["CustomerAccount"].label_text == "Customer account")
    check(
        "metadata: by entity set", (await client.get_public_entity_schema_by_entityset(SET)).name == "DealerPortalCase"
    )
    check("metadata: unknown entity", await client.get_public_entity_info("Nothing") is None)
    enumeration = await client.get_public_enumeration_info("CaseStatus")
    check("metadata: enumeration", [member.name for member in enumeration.members][:2] == ["None", "Planned"])
    check("metadata: one page", len((await client.get_public_entities(QueryOptions(top=2)))["value"]) == 2)
    check("metadata: actions", "GetApplicationVersion" in {one.name for one in await client.search_actions("Version")})
    check("version", (await client.get_application_version()).startswith("10."))
    check("platform version", (await client.get_platform_build_version()).startswith("7."))
    check("build version", await client.get_application_build_version())
    check("modules", all(line.startswith("Name: ") for line in await client.get_installed_modules()))
    masters = await client.query_data_management_entities_by_category(["Master"])
    check("action with parameters", [row["EntityName"] for row in masters] == ["Customers"])


async def download(folder: str) -> None:
    """The whole metadata, into the client's cache."""
    if sqlite3.sqlite_version_info < CACHE_NEEDS:
        print(f"skipped metadata: download (the client's cache needs SQLite 3.43, here is {sqlite3.sqlite_version})")
        return
    async with connected(folder, cached=True) as client:
        check("metadata: download", await client.download_metadata(force_refresh=True))


async def records(client: FOClient) -> None:
    """Create, list, filter, page, change, delete."""
    made = await client.create_entity(SET, NEW | {"WebCaseId": "WD365FO", "Description": "by d365fo-client"})
    key = {"dataAreaId": "usmf", "CaseId": made["CaseId"]}
    check("create", made["CaseId"].startswith("CASE-"))
    check("list", (await client.get_entities(SET))["value"])
    found = await client.get_entities(SET, QueryOptions(filter="WebCaseId eq 'WD365FO'", select=["CaseId"], count=True))
    check("filter", (found["@odata.count"], found["value"][0]["CaseId"]) == (1, made["CaseId"]))
    ordered = (await client.get_entities(SET, QueryOptions(orderby=["CaseRecId"])))["value"]
    second = (await client.get_entities(SET, QueryOptions(orderby=["CaseRecId"], skip=1, top=1)))["value"]
    check("page", [row["CaseId"] for row in second] == [ordered[1]["CaseId"]])
    read = await client.get_entity(SET, key, QueryOptions(expand=["Customer"]))
    check("read by key and expand", read["Customer"]["CustomerAccount"] == "US-001")
    await client.update_entity(SET, key, {"Description": "changed"})
    check("patch", (await client.get_entity(SET, key))["Description"] == "changed")
    await change_with(client, key, made["@odata.etag"])
    await client.update_entity(SET, key, NEW | {"WebCaseId": "WD365FO"}, method="PUT")
    check("put", (await client.get_entity(SET, key))["Description"] == "")
    check("delete", await client.delete_entity(SET, key))
    check("deleted", await refusal(client.get_entity(SET, key)))


async def change_with(client: FOClient, key: dict[str, str], stale: str) -> None:
    """Change with a stale ETag through the session's headers: the client has no argument for it."""
    session = await client.session_manager.get_session()
    session.headers["If-Match"] = stale
    refused = await refusal(client.update_entity(SET, key, {"Description": "lost"}))
    del session.headers["If-Match"]
    check("patch with a stale tag", "412" in refused)
    check("nothing was lost", (await client.get_entity(SET, key))["Description"] == "changed")


async def refusal(call: object) -> str:
    """The client's error message, or an empty string."""
    try:
        await call  # type: ignore[misc]
    except FOClientError as error:
        return str(error)
    return ""


async def main() -> None:
    """Run all steps."""
    with tempfile.TemporaryDirectory() as folder:
        async with connected(folder) as client:
            await metadata(client)
            await records(client)
        await download(folder)


asyncio.run(main())
