"""The model with one defect, for every kind of defect that a rule finds."""

from typing import NamedTuple

from tests.support.d365_model import files
from tests.support.d365_model.files import OBJECTS

CASES = f"{OBJECTS}/AxDataEntityView/CBDealerPortalCaseEntity.xml"
PRIORITIES = f"{OBJECTS}/AxDataEntityView/CBCasePriorityEntity.xml"
LINK = f"{OBJECTS}/AxTable/CBCaseLink.xml"
EXTENSION = f"{OBJECTS}/AxTableExtension/CaseDetailBase.Casebridge.xml"
EVENT = f"{OBJECTS}/AxClass/CBCaseStatusChangedBusinessEvent.xml"
CONTRACT = f"{OBJECTS}/AxClass/CBCaseStatusChangedBusinessEventContract.xml"
HANDLER = f"{OBJECTS}/AxClass/CBCaseDetailBase_EventHandler.xml"
ROLE = f"{OBJECTS}/AxSecurityRole/CBIntegration.xml"
MAINTAIN = f"{OBJECTS}/AxSecurityPrivilege/CBDealerPortalCaseEntityMaintain.xml"
NAME_EDT = f"{OBJECTS}/AxEdt/CBContactName.xml"


class Broken(NamedTuple):
    """A rule, a file, the old and new text in it, and a part of the rule's message."""

    rule: str
    path: str
    old: str
    new: str
    said: str


BROKEN = [
    Broken("is_well_formed", LINK, "</AxTable>", "", "CBCaseLink.xml"),
    Broken("is_well_formed", files.PROJECT, "</Project>", "", files.PROJECT),
    Broken(
        "has_its_children_in_order",
        CASES,
        "\t<IsPublic>Yes</IsPublic>\n\t<PrimaryCompanyContext>DataAreaId</PrimaryCompanyContext>",
        "\t<PrimaryCompanyContext>DataAreaId</PrimaryCompanyContext>\n\t<IsPublic>Yes</IsPublic>",
        "in the order",
    ),
    Broken(
        "has_its_children_in_order",
        LINK,
        "\t\t\t<AllowDuplicates>No</AllowDuplicates>\n\t\t\t<AlternateKey>Yes</AlternateKey>",
        "\t\t\t<AlternateKey>Yes</AlternateKey>\n\t\t\t<AllowDuplicates>No</AllowDuplicates>",
        "AxTableIndex",
    ),
    Broken("has_its_children_in_order", NAME_EDT, "<Label>", "<Lable /><Label>", "no child Lable"),
    Broken(
        "has_its_children_in_order",
        LINK,
        'i:type="AxTableFieldInt64"',
        'i:type="AxTableFieldInteger"',
        "takes no AxTableFieldInteger",
    ),
    Broken(
        "has_its_children_in_order", files.DESCRIPTOR, "<Layer>14<", "<Layers>9</Layers><Layer>14<", "no child Layers"
    ),
    Broken("is_named_as_its_files", LINK, "<Name>CBCaseLink</Name>", "<Name>CBLink</Name>", "is called CBLink"),
    Broken(
        "resolves_in_metadata",
        LINK,
        "<RelatedTable>CaseDetailBase<",
        "<RelatedTable>CaseTable<",
        "CaseTable is not known",
    ),
    Broken(
        "resolves_in_metadata",
        LINK,
        "<ExtendedDataType>CBSubmissionId<",
        "<ExtendedDataType>CBSubmission<",
        "CBSubmission is not",
    ),
    Broken("resolves_in_metadata", LINK, "<PrimaryIndex>WebCaseIdIdx<", "<PrimaryIndex>WebIdx<", "WebIdx is not known"),
    Broken(
        "resolves_in_metadata",
        CASES,
        "<DataField>Memo<",
        "<DataField>Notes<",
        "data source CaseDetail: Notes is not known",
    ),
    Broken("resolves_in_metadata", CASES, "<DataSource>CustTable<", "<DataSource>Customer<", "Customer is not known"),
    Broken(
        "resolves_in_metadata",
        CASES,
        "<Field>RefRecId<",
        "<Field>AccountNum<",
        "Field of its relation: AccountNum is not known",
    ),
    Broken("resolves_in_metadata", CASES, "<Field>IsPrimary<", "<Field>Primary<", "Primary is not known"),
    Broken(
        "resolves_in_metadata",
        MAINTAIN,
        "<Name>CBDealerPortalCaseEntity<",
        "<Name>CBCaseEntity<",
        "CBCaseEntity is not known",
    ),
    Broken(
        "resolves_in_metadata", ROLE, "<Name>CBStandardEntitiesView<", "<Name>CBOtherView<", "CBOtherView is not known"
    ),
    Broken("resolves_in_code", CASES, "this.insertLink(", "this.insertLinks(", "has no insertLinks"),
    Broken("resolves_in_code", CASES, "= this.SubmissionId", "= this.SubmissionID", "has no SubmissionID"),
    Broken(
        "resolves_in_code", CASES, "caseLink.CaseRecId =", "caseLink.CaseRecordId =", "CBCaseLink has no CaseRecordId"
    ),
    Broken(
        "resolves_in_code", CASES, "CaseEntityType::Customer", "CaseEntityType::Dealer", "CaseEntityType has no Dealer"
    ),
    Broken("resolves_in_code", CASES, "CustTable::find(", "CustTables::find(", "CustTables is not known"),
    Broken(
        "resolves_in_code",
        CASES,
        "extendedTypeNum(CaseId)",
        "extendedTypeNum(CaseNumber)",
        "extendedTypeNum(CaseNumber)",
    ),
    Broken(
        "resolves_in_code",
        CASES,
        "CBDealerPortalCaseEntity, CaseDetail))",
        "CBDealerPortalCaseEntity, Cases))",
        "no data source Cases",
    ),
    Broken(
        "resolves_in_code",
        HANDLER,
        "tableStr(CaseAssociation)",
        "tableStr(CaseAssociations)",
        "tableStr(CaseAssociations)",
    ),
    Broken("resolves_in_code", HANDLER, "Common _sender", "Record _sender", "Record is not known"),
    Broken("resolves_in_code", HANDLER, "static void send(", "static void tell(", "has another name in its source"),
    Broken(
        "resolves_in_code", EVENT, "extends BusinessEventsBase", "extends BusinessEvent", "BusinessEvent is not known"
    ),
    Broken("resolves_in_code", EVENT, "[Wrappable(true)", "[Wrapable(true)", "Wrapable is not known"),
    Broken(
        "references_its_modules", files.DESCRIPTOR, "<d2p1:string>Directory</d2p1:string>", "", "the references are"
    ),
    Broken("has_all_labels", files.LABEL_TEXTS, "SubmissionId=", "SubmissionNo=", "label SubmissionId has no text"),
    Broken(
        "has_all_labels",
        EVENT,
        "'Casebridge:CaseStatusChangedEvent'",
        "'Casebridge:StatusChanged'",
        "StatusChanged has no text",
    ),
    Broken("has_all_labels", NAME_EDT, "@Casebridge:ContactNameHelp", "The contact", "HelpText is no label"),
    Broken(
        "joins_outwards", CASES, "\t\t\t\t\t\t<JoinMode>OuterJoin</JoinMode>\n", "", "missing, which is an inner join"
    ),
    Broken("joins_outwards", CASES, "<JoinMode>OuterJoin<", "<JoinMode>InnerJoin<", "JoinMode is InnerJoin"),
    Broken(
        "looks_up_only_what_is_there",
        CASES,
        "<Table>CBCaseLink<",
        "<IsReadOnly>Yes</IsReadOnly><Table>CBCaseLink<",
        "CBCaseLink: read only, so each new record is refused",
    ),
    Broken(
        "looks_up_only_what_is_there",
        CASES,
        "\t\t\t\t\t\t<IsReadOnly>Yes</IsReadOnly>\n\t\t\t\t\t\t<Table>CaseCategoryHierarchyDetail<",
        "\t\t\t\t\t\t<Table>CaseCategoryHierarchyDetail<",
        "no code decides",
    ),
    Broken(
        "demands_nothing_of_joined_tables",
        LINK,
        "<ExtendedDataType>CBWebCaseId<",
        "<Mandatory>Yes</Mandatory><ExtendedDataType>CBWebCaseId<",
        "WebCaseId is mandatory in CBCaseLink",
    ),
    Broken(
        "hides_no_field",
        CASES,
        "<Name>Description</Name>",
        "<Name>Description</Name><AccessModifier>Private</AccessModifier>",
        "CBDealerPortalCaseEntity.Description is Private",
    ),
    Broken("is_public_for_odata_alone", CASES, "<IsPublic>Yes<", "<IsPublic>No<", "IsPublic is not Yes"),
    Broken(
        "is_public_for_odata_alone",
        CASES,
        "<DataManagementEnabled>No<",
        "<DataManagementEnabled>Yes<",
        "DataManagementEnabled",
    ),
    Broken(
        "is_public_for_odata_alone",
        CASES,
        "\t<PrimaryCompanyContext>DataAreaId</PrimaryCompanyContext>\n",
        "",
        "PrimaryCompanyContext",
    ),
    Broken(
        "is_public_for_odata_alone", CASES, "<Name>CaseRecId<", "<Name>RecId<", "RecId has the name of a system field"
    ),
    Broken(
        "extends_without_unique_index",
        EXTENSION,
        "<Indexes />",
        "<Indexes><AxTableIndex><Name>WebIdx</Name><Fields /></AxTableIndex></Indexes>",
        "WebIdx is unique",
    ),
    Broken(
        "keeps_the_web_case_id_unique",
        LINK,
        "<AllowDuplicates>No<",
        "<AllowDuplicates>Yes<",
        "WebCaseId has no unique index",
    ),
    Broken("gives_rights_to_each_entity", MAINTAIN, "<Create>Allow</Create>", "", "CBDealerPortalCaseEntity needs"),
    Broken(
        "gives_rights_to_each_entity",
        MAINTAIN,
        "<Create>Allow</Create>",
        "<Create>Allow</Create><Delete>Allow</Delete>",
        "Delete",
    ),
    Broken("has_its_event_in_the_catalog", EVENT, "[BusinessEvents(", "[Events(", "no [BusinessEvents] attribute"),
    Broken(
        "has_its_event_in_the_catalog",
        CONTRACT,
        "[DataContract]",
        "",
        "no [BusinessEvents] attribute with a data contract",
    ),
    Broken(
        "is_listed_in_the_project",
        files.PROJECT,
        '"AxTable\\CBCaseLink"',
        '"AxTable\\CBLink"',
        "does not list AxTable/CBCaseLink",
    ),
    Broken("says_that_it_was_never_compiled", "README.md", "never compiled", "compiled", "README.md begins"),
    Broken(
        "has_the_names_of_the_mapping",
        CASES,
        "<PublicCollectionName>DealerPortalCases<",
        "<PublicCollectionName>DealerCases<",
        "is missing",
    ),
    Broken(
        "has_the_names_of_the_mapping",
        PRIORITIES,
        "<Name>Description<",
        "<Name>Text<",
        "the mapping's Description is missing",
    ),
    Broken("tells_events_that_are_expected", CONTRACT, "DataMember('CaseId')", "DataMember('Case')", "not ['CaseId'"),
    Broken(
        "has_the_lengths_of_the_portal",
        NAME_EDT,
        "<StringSize>200<",
        "<StringSize>60<",
        "takes 60 characters, the portal 200",
    ),
    Broken(
        "has_the_lengths_of_the_sandbox",
        NAME_EDT,
        "<StringSize>200<",
        "<StringSize>60<",
        "60 characters in the model, 200",
    ),
    Broken("demands_what_the_sandbox_demands", CASES, "<Mandatory>Yes</Mandatory>", "", "[] are mandatory"),
]
