"""`$metadata` and the metadata service give the same facts, and what clients request from them."""

from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest

from tests.integration.d365_sandbox.conftest import OData, Reply

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
TERM = "Microsoft.Dynamics.OData.Core.V1."
VERSION = "Microsoft.Dynamics.DataEntities.GetApplicationVersion"


async def metadata(odata: OData, path: str, **params: str) -> Reply:
    return await odata.call("GET", f"/../metadata/{path}", params=params)


def annotations(element: Element) -> dict[str, str]:
    found = {}
    for one in element.findall(f"{EDM}Annotation"):
        value = one.get("String") or one.get("Bool") or (one.findtext(f"{EDM}EnumMember") or "").rpartition("/")[2]
        found[one.attrib["Term"].removeprefix(TERM)] = value
    return found


def described(types: list[Element]) -> dict[str, dict[str, dict[str, Any]]]:
    """The entity types of `$metadata`, in the form of the metadata service."""
    return {
        one.attrib["Name"]: {
            prop.attrib["Name"]: {
                "TypeName": prop.attrib["Type"],
                "DataType": annotations(prop)["AXType"],
                "LabelId": annotations(prop)["LabelId"],
                "IsKey": one.find(f"{EDM}Key/{EDM}PropertyRef[@Name='{prop.attrib['Name']}']") is not None,
                "IsMandatory": annotations(prop).get("IsRequired") == "true",
                "AllowEdit": annotations(prop).get("AllowEdit") != "false",
                "AllowEditOnCreate": annotations(prop).get("AllowEditOnCreate") != "false",
            }
            for prop in one.findall(f"{EDM}Property")
        }
        for one in types
    }


async def test_both_say_the_same_of_entities_and_enumerations(odata: OData) -> None:
    schema = fromstring((await odata.call("GET", "/$metadata")).text)[0][0]
    entities = (await metadata(odata, "PublicEntities")).body["value"]
    enumerations = (await metadata(odata, "PublicEnumerations")).body["value"]

    documented = described(schema.findall(f"{EDM}EntityType"))
    assert {one["Name"]: {prop["Name"]: prop for prop in one["Properties"]} for one in entities} == {
        name: {prop: facts | _rest(prop) for prop, facts in properties.items()}
        for name, properties in documented.items()
    }
    assert {one["Name"]: [(each["Name"], each["Value"]) for each in one["Members"]] for one in enumerations} == {
        one.attrib["Name"]: [(each.attrib["Name"], int(each.attrib["Value"])) for each in one]
        for one in schema.findall(f"{EDM}EnumType")
    }
    assert [(one["Name"], action["Name"]) for one in entities for action in one["Actions"]] == [
        (one[0].attrib["Name"], one.attrib["Name"]) for one in schema.findall(f"{EDM}Action")
    ]


def _rest(name: str) -> dict[str, Any]:
    absent = ("DimensionRelation", "DimensionLegalEntityProperty", "DimensionTypeProperty")
    known = {"Name": name, "ConfigurationEnabled": True, "IsDimension": False, "IsDynamicDimension": False}
    return known | dict.fromkeys(absent)


async def test_a_case_is_described_as_d365_describes_it(odata: OData) -> None:
    entity = (await metadata(odata, "PublicEntities('DealerPortalCase')")).body
    properties = {one["Name"]: one for one in entity["Properties"]}
    customer = next(one for one in entity["NavigationProperties"] if one["Name"] == "Customer")

    assert (entity["EntitySetName"], entity["IsReadOnly"]) == ("DealerPortalCases", False)
    assert (properties["CaseId"]["IsKey"], properties["CaseId"]["AllowEditOnCreate"]) == (True, False)
    assert (properties["WebCaseId"]["AllowEdit"], properties["WebCaseId"]["AllowEditOnCreate"]) == (False, True)
    assert properties["Description"]["AllowEdit"]
    assert (properties["CaseRecId"]["TypeName"], properties["CaseRecId"]["DataType"]) == ("Edm.Int64", "Int64")
    assert properties["CaseCategory"]["IsMandatory"]
    assert "Resolution" not in properties
    assert (customer["RelatedEntity"], customer["Cardinality"]) == ("CustomerV3", "Single")


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"$filter": "PublicCollectionName eq 'CustomersV3'"}, ["CustCustomerV3Entity"]),
        ({"$filter": "contains(tolower(Name), 'custcustomer') and IsReadOnly eq false"}, ["CustCustomerV3Entity"]),
        ({"$filter": "EntityCategory eq Microsoft.Dynamics.Metadata.EntityCategory'Parameters'"}, []),
        ({"$orderby": "Name desc", "$skip": "1", "$top": "1"}, ["DataManagementEntityEntity"]),
    ],
)
async def test_data_entities_can_be_searched(odata: OData, params: dict[str, str], names: list[str]) -> None:
    reply = await metadata(odata, "DataEntities", **params)

    assert [one["Name"] for one in reply.body["value"]] == names


async def test_the_service_says_what_it_has_and_what_it_has_not(odata: OData) -> None:
    root = await odata.call("GET", "/../Metadata")
    label = await metadata(odata, "Labels(Id='@Sandbox:DealerPortalCase_CustomerAccount',Language='en-US')")
    counted = await metadata(odata, "DataEntities", **{"$count": "true", "$select": "Name", "$top": "1"})
    replies = [
        await metadata(odata, "PublicEntities('Nothing')"),
        await metadata(odata, "Labels(Id='@Sandbox:Nothing',Language='en-US')"),
        await metadata(odata, "Nothing"),
        await metadata(odata, "DataEntities", **{"$filter": "Nothing eq 'x'"}),
        await metadata(odata, "DataEntities", **{"$filter": "contains(IsReadOnly, 'x')"}),
        await odata.call("POST", "/../metadata/DataEntities", json={}),
        await odata.call("GET", "/../metadata/DataEntities", headers={"Authorization": "Bearer nothing"}),
    ]

    assert [one["name"] for one in root.body["value"]] == [
        *("DataEntities", "PublicEntities", "PublicEnumerations", "Labels")
    ]
    assert label.body["Value"] == "Customer account"
    assert (counted.body["@odata.count"], counted.body["value"]) == (8, [{"Name": "CBDealerPortalCaseEntity"}])
    assert [reply.status for reply in replies] == [404, 404, 404, 400, 400, 405, 401]


async def test_actions_are_bound_to_entity_sets(odata: OData) -> None:
    on_groups = await odata.call("POST", f"/DataManagementDefinitionGroups/{VERSION}", json={})
    on_entities = await odata.call("POST", f"/DataManagementEntities/{VERSION}")
    modules = await odata.call(
        "POST", "/SystemNotifications/Microsoft.Dynamics.DataEntities.GetInstalledModules", json={}
    )
    query = "/DataManagementEntities/Microsoft.Dynamics.DataEntities.query"
    masters = await odata.call("POST", query, json={"categoryFilters": [0]})
    refused = [
        await odata.call("POST", query, json={"colours": []}),
        await odata.call("GET", f"/DataManagementEntities/{VERSION}"),
        await odata.call("POST", "/DealerPortalCases/Microsoft.Dynamics.DataEntities.GetApplicationVersion", json={}),
        await odata.call("POST", "/DataManagementDefinitionGroups", json={}),
    ]

    assert on_groups.body["@odata.context"] == f"{odata.url}/data/$metadata#Edm.String"
    assert on_groups.body["value"] == on_entities.body["value"]
    assert modules.body["@odata.context"].endswith("#Collection(Edm.String)")
    assert [row["EntityName"] for row in masters.body["value"]] == ["Customers"]
    assert [reply.status for reply in refused] == [400, 405, 404, 405]
