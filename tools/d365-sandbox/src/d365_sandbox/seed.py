"""The content of a new data file: two legal entities with set-up data, and cases created in D365."""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace

from d365_sandbox.cases import Books
from d365_sandbox.entities import CASES
from d365_sandbox.environment import Environment
from d365_sandbox.records import Values
from d365_sandbox.setup import Setup

COMPANIES = {"usmf": "US", "demf": "DE"}
NAMES = {
    "US": ("Contoso Equipment", "Fabrikam Tractors", "Adventure Works Machines", "Northwind Service", "Litware Rental"),
    "DE": ("Baumaschinen Nord", "Landtechnik Weber", "Stapler Süd", "Krause Fahrzeuge", "Hofmann Service"),
}
# "Complaint" is in two types on purpose: its name alone does not identify a category
CATEGORIES = {
    "General": ("General inquiry",),
    "Sales": ("Complaint", "Parts inquiry"),
    "Service": ("Breakdown", "Complaint", "Service request", "Warranty"),
    "ProductChange": ("Product change request",),
    "Audit": ("Policy violation",),
    "HumanResources": ("Employee grievance",),
    "FMLA": ("Family leave",),
}
# Each fifth customer is no dealer, so that a filter by group leaves somebody out.
DEALERS_GROUP, OTHER_GROUP, OTHERS_EVERY = "30", "80", 5
PRIORITIES = ("Low", "Normal", "High", "Critical")
BORN_HERE = (
    ("001", "Service", "Breakdown", "Hydraulic pump of loader leaks", "InProcess"),
    ("002", "Sales", "Parts inquiry", "Filter kit on back order", "Planned"),
    ("001", "HumanResources", "Employee grievance", "Confidential matter of an employee", "Planned"),
    ("001", "Audit", "Policy violation", "Expense report without receipts", "None"),
)


def sow(connection: sqlite3.Connection, books: Books, customers: int) -> None:
    """Fills empty tables, whatever the current set-up refuses; runs inside one operation of the store."""
    now = books.environment.now()
    inactive = books.environment.setup.inactive_events
    books = replace(books, environment=Environment(Setup(inactive_events=inactive)))
    for company, prefix in COMPANIES.items():
        for set_name, values in _setup(prefix, customers):
            books.create(connection, books.catalog[set_name], {"dataAreaId": company, **values}, now)
        for account, category_type, category, description, status in BORN_HERE:
            values = _case(f"{prefix}-{account}", category_type, category, description, status)
            if int(account) <= customers:
                books.create(connection, books.catalog[CASES], {"dataAreaId": company, **values}, now)


def clear(connection: sqlite3.Connection, books: Books) -> None:
    """Empties the books; number sequences, RecIds and tokens stay."""
    for table in (*(entity.table for entity in books.catalog.values()), "outbound_events"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 (names come from the catalog)


def _setup(prefix: str, customers: int) -> Iterable[tuple[str, Values]]:
    for number in range(1, customers + 1):
        names = NAMES[prefix]
        name = names[(number - 1) % len(names)] + ("" if number <= len(names) else f" {number}")
        group = DEALERS_GROUP if number % OTHERS_EVERY else OTHER_GROUP
        account = f"{prefix}-{number:03d}"
        yield "CustomersV3", {"CustomerAccount": account, "OrganizationName": name, "CustomerGroupId": group}
    for category_type, categories in CATEGORIES.items():
        for category in categories:
            values: Values = {"CategoryType": category_type, "CaseCategory": category, "Description": category}
            yield "CaseCategoryHierarchyDetails", values
    for priority in PRIORITIES:
        yield "CasePriorities", {"Priority": priority, "Description": f"{priority} priority"}


def _case(account: str, category_type: str, category: str, description: str, status: str) -> Values:
    return {
        "CustomerAccount": account,
        "CategoryType": category_type,
        "CaseCategory": category,
        "Priority": "Normal",
        "Description": description,
        "Notes": "Internal: for the clerks of D365 alone.",
        "CaseStatus": status,
    }
