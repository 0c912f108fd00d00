import pytest

from d365_sandbox.entities import EntitySet, build_catalog
from d365_sandbox.odata_errors import EntitySetNotFound, ODataError
from d365_sandbox.odata_query import parse_query, parse_resource
from d365_sandbox.setup import Setup

CATALOG = build_catalog()
CASES: EntitySet = CATALOG["DealerPortalCases"]
TYPE = "Microsoft.Dynamics.DataEntities.CaseCategoryType"


def test_key_needs_every_field_and_may_be_encoded() -> None:
    resource = parse_resource("/data/DealerPortalCases(dataAreaId='usmf',CaseId='A%2F''B')", CATALOG)

    assert resource.key == {"dataAreaId": "usmf", "CaseId": "A/'B"}


def test_enum_in_a_key_is_written_with_its_type() -> None:
    path = f"/data/CaseCategoryHierarchyDetails(dataAreaId='usmf',CategoryType={TYPE}'Service',CaseCategory='x')"

    assert parse_resource(path, CATALOG).key == {"dataAreaId": "usmf", "CategoryType": "Service", "CaseCategory": "x"}


@pytest.mark.parametrize(
    "key", ["CaseId='X'", "dataAreaId='usmf'", "'X'", "dataAreaId='usmf',CaseId=5", "dataAreaId='u',CaseId='X',A='1'"]
)
def test_incomplete_or_strange_keys_are_refused(key: str) -> None:
    with pytest.raises(ODataError) as caught:
        parse_resource(f"/data/DealerPortalCases({key})", CATALOG)

    assert caught.value.status == 400


@pytest.mark.parametrize("path", ["/data/dealerportalcases", "/data/Nothing", "/data/DealerPortalCases/x"])
def test_set_names_are_case_sensitive(path: str) -> None:
    with pytest.raises(EntitySetNotFound):
        parse_resource(path, CATALOG)


def test_options_are_read() -> None:
    query = parse_query(
        "cross-company=true&$select=CaseId, WebCaseId&$orderby=SysModifiedDateTime desc,CaseId"
        "&$top=5&$skip=10&$count=true",
        CASES,
        Setup(),
    )

    assert query.select == ("CaseId", "WebCaseId")
    assert query.order == (("SysModifiedDateTime", "DESC"), ("CaseId", "ASC"))
    assert (query.top, query.skip, query.count, query.cross_company) == (5, 10, True, True)


@pytest.mark.parametrize(
    "query_string",
    [
        "$top=-1",
        "$top=x",
        "$skip=1.5",
        "$count=perhaps",
        "$orderby=CaseId sideways",
        "$orderby=Nothing",
        "$select=Nothing",
        "$search=x",
        "$expand=Lines",
        "$top=1&$top=2",
        "cross-company=yes",
    ],
)
def test_options_that_f_and_o_does_not_have_are_refused(query_string: str) -> None:
    with pytest.raises(ODataError) as caught:
        parse_query(query_string, CASES, Setup())

    assert caught.value.status == 400
