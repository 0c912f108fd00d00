from pathlib import Path

import pytest

from case_shared.d365.errors import MappingError
from case_shared.d365.mapping import Mapping, load_mapping
from case_shared.words.events import CaseStatus


def write(folder: Path, text: str) -> Path:
    path = folder / "mapping.toml"
    path.write_text(text)
    return path


def test_without_a_file_the_defaults_of_the_design_apply() -> None:
    mapping = load_mapping(None)

    assert mapping.web_case_id_unique
    assert mapping.case.entity_set == "DealerPortalCases"
    assert mapping.case.fields.by_ours()["created_by"] == "CreatedByUser"
    assert mapping.categories.entity_set == "CaseCategoryHierarchyDetails"
    assert mapping.priorities.entity_set == "CasePriorities"
    assert mapping.customers.fields.name == "OrganizationName"
    assert mapping.document_queue.entity_set is None
    assert mapping.events.business_event_ids == ("CBCaseStatusChangedBusinessEvent", "CaseStatusChangedBusinessEvent")
    assert mapping.has_submission_id


def test_what_is_left_out_has_the_default(tmp_path: Path) -> None:
    mapping = load_mapping(
        write(
            tmp_path,
            'web_case_id_unique = false\n[case.fields]\nsubmission_id = ""\nnotes = "Memo"\n'
            '[status]\nOnHold = "open"\n[document_queue]\nentity_set = "DocumentQueueLogs"\n',
        )
    )

    assert not mapping.web_case_id_unique
    assert not mapping.has_submission_id
    assert "submission_id" not in mapping.case.fields.by_ours()
    assert mapping.case.fields.notes == "Memo"
    assert mapping.case.fields.web_case_id == "WebCaseId"
    assert mapping.portal_status("OnHold") is CaseStatus.OPEN
    assert mapping.portal_status("InProcess") is CaseStatus.IN_PROCESS
    assert mapping.document_queue.entity_set == "DocumentQueueLogs"


@pytest.mark.parametrize(
    ("symbol", "status"),
    [
        ("None", CaseStatus.SUBMITTED),
        ("InProcess", CaseStatus.IN_PROCESS),
        ("Planned", CaseStatus.OPEN),
        ("Opened", CaseStatus.OPEN),
        ("Open", CaseStatus.OPEN),
        ("Closed", CaseStatus.CLOSED),
        ("Canceled", CaseStatus.CANCELED),
        ("Unheard", None),
        ("", None),
        (None, None),
    ],
)
def test_symbols_of_d365_become_the_portals_statuses(symbol: str | None, status: CaseStatus | None) -> None:
    assert Mapping().portal_status(symbol) is status


@pytest.mark.parametrize(
    ("symbol", "status"),
    [
        ("inprocess", CaseStatus.IN_PROCESS),
        ("CLOSED", CaseStatus.CLOSED),
        ("cancelED", CaseStatus.CANCELED),
        ("unheard", None),
        ("Close", None),
    ],
)
def test_a_symbol_in_other_letters_is_the_same_symbol(symbol: str, status: CaseStatus | None) -> None:
    assert Mapping().portal_status(symbol) is status


def test_what_the_file_names_comes_before_our_defaults(tmp_path: Path) -> None:
    mapping = load_mapping(write(tmp_path, '[status]\nCancelled = "canceled"\nOpen = "in_process"\n'))

    assert list(mapping.status)[:2] == ["Cancelled", "Open"]
    assert mapping.portal_status("CANCELLED") is CaseStatus.CANCELED
    assert mapping.portal_status("Canceled") is CaseStatus.CANCELED
    assert mapping.portal_status("Open") is CaseStatus.IN_PROCESS


def test_a_symbol_that_the_mapping_has_letter_for_letter_comes_first(tmp_path: Path) -> None:
    mapping = load_mapping(write(tmp_path, '[status]\nonhold = "open"\nOnHold = "in_process"\n'))

    assert mapping.portal_status("OnHold") is CaseStatus.IN_PROCESS
    assert mapping.portal_status("onhold") is CaseStatus.OPEN
    assert mapping.portal_status("ONHOLD") is CaseStatus.OPEN


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[case.fields]\ncolour = "Colour"', ["[case.fields]", "'colour'", "unknown key"]),
        ('[cases]\nentity_set = "X"', ["top level", "'cases'", "unknown key"]),
        ('[case]\nentity_set = "a/b"', ["[case]", "'entity_set'"]),
        ('[case.fields]\nweb_case_id = ""', ["[case.fields]", "'web_case_id'"]),
        (
            '[case.fields]\nweb_case_id = "SubmissionId"',
            ["[case]", "'fields'", "two of our fields map to D365's field SubmissionId"],
        ),
        ('[status]\nOpen = "opn"', ["[status]", "'Open'"]),
        ('[status]\nOpen = "draft"', ["'status'", "cannot be a draft"]),
        ("[case.lengths]\ndescription = 0", ["[case.lengths]", "'description'"]),
        ('[case.fields]\nnotes = ""\n[case.lengths]\nnotes = 60', ["[case.lengths] notes", "map [case.fields] notes"]),
        ('contact_into_notes = true\n[case.fields]\ncontact_name = "Name"', ["contact_into_notes", "contact_name"]),
        ('contact_into_notes = true\n[case.fields]\nnotes = ""', ["contact_into_notes", "map [case.fields] notes"]),
        ('[categories]\nlist = [{category = "A"}]', ["category_type"]),
        ("[case", ["mapping file"]),
    ],
)
def test_a_wrong_file_is_refused_by_file_table_and_key(tmp_path: Path, text: str, named: list[str]) -> None:
    with pytest.raises(MappingError) as refused:
        load_mapping(write(tmp_path, text))

    assert all(part in str(refused.value) for part in ["mapping.toml", *named])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"nowhere\.toml"):
        load_mapping(tmp_path / "nowhere.toml")


def test_what_d365_lacks_is_named_in_its_place(tmp_path: Path) -> None:
    text = """
    contact_into_notes = true
    [case.lengths]
    description = 60
    [priorities]
    list = [{priority = "High", description = "At once"}, {priority = "Low", data_area_id = "demf"}]
    [categories]
    list = [{category = "Breakdown", category_type = "Service"}]
    """
    mapping = load_mapping(write(tmp_path, text))

    assert not {"contact_name", "contact_email", "contact_phone"} & mapping.case.fields.by_ours().keys()
    assert mapping.case.lengths.known() == {"description": 60}
    assert [(one.priority, one.data_area_id) for one in mapping.priorities.list] == [("High", None), ("Low", "demf")]
    assert mapping.categories.list[0].category_type == "Service"


def test_d365_may_do_without_priorities_that_the_mapping_does_not_name(tmp_path: Path) -> None:
    assert not load_mapping(write(tmp_path, '[priorities]\norder = ["High"]')).priorities.is_expected
    assert load_mapping(write(tmp_path, '[priorities]\nentity_set = "CasePriorities"')).priorities.is_expected
