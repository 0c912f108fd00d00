import base64

import pytest

from d365_sandbox.entities import CASES, EMPTY_DATETIME, build_catalog, etag, to_datetime_text, to_stored
from d365_sandbox.metadata import build_metadata
from d365_sandbox.odata_errors import ODataError
from tests.support.d365_model import files
from tests.support.d365_model.files import text

CATALOG = build_catalog()


def test_etag_is_the_captured_one() -> None:
    assert etag(0, 5637144576) == 'W/"JzAsNTYzNzE0NDU3Nic="'
    assert base64.b64decode(etag(3, 7)[3:-1]) == b"'3,7'"


def test_empty_datetime_is_1900() -> None:
    assert to_datetime_text(EMPTY_DATETIME) == "1900-01-01T00:00:00Z"


def test_null_is_stored_as_empty() -> None:
    cases = CATALOG["DealerPortalCases"]

    assert to_stored(cases, "Notes", None) == ""
    assert to_stored(cases, "CaseStatus", None) == "None"


@pytest.mark.parametrize(("name", "value"), [("Notes", 5), ("CaseStatus", "Nonsense"), ("Unknown", "x")])
def test_values_of_a_wrong_type_are_refused(name: str, value: object) -> None:
    with pytest.raises(ODataError) as caught:
        to_stored(CATALOG["DealerPortalCases"], name, value)

    assert name in caught.value.message


def test_what_cannot_be_changed_is_as_in_the_model() -> None:
    model = files.load()
    (cases,) = (root for root in model.of("AxDataEntityView").values() if text(root, "PublicCollectionName") == CASES)
    fixed = {
        text(field, "Name")
        for field in cases.iterfind("Fields/AxDataEntityViewField")
        if text(field, "AllowEdit") == "No"
    }
    assert {field.name for field in CATALOG[CASES].public if field.computed or not field.editable} == fixed


def test_metadata_names_every_set_and_property() -> None:
    document = build_metadata(CATALOG.values()).decode()

    for entity in CATALOG.values():
        assert f'EntitySet Name="{entity.name}"' in document
        assert all(f'Property Name="{name}"' in document for name in entity.public_names)
