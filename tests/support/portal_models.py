"""The portal's models of the APIs, generated from their OpenAPI documents; `make models` runs this."""

import json
from pathlib import Path
from typing import Any

from datamodel_code_generator import generate
from datamodel_code_generator.enums import DataModelType, InputFileType
from datamodel_code_generator.format import DatetimeClassType, Formatter, PythonVersion

import portal_web.domain

ROOT = Path(__file__).parents[2]
DOMAIN = Path(portal_web.domain.__file__).parent
# What the portal reads from each API; the parts of these are included.
USED = {
    "case-api": (
        "CasePage",
        "CategoryList",
        "DealerList",
        "FieldError",
        "LengthList",
        "PriorityList",
        "Timeline",
    ),
    "d365-sync": (
        "AuditPage",
        "CheckDocument",
        "D365CasesDocument",
        "DealersDocument",
        "DeliveryDocument",
        "DocumentDocument",
        "DocumentGroups",
        "DocumentPage",
        "FlowDocument",
        "LedgerDocument",
        "OneReplayDocument",
        "PayloadFormDocument",
        "PreviewDocument",
        "ReplaysDocument",
        "UnreadableRecords",
        "WindowsDocument",
    ),
}
HEADER = "# Generated from docs/openapi/{api}.json by `make models`: do not edit."
_PREFIX = "#/components/schemas/"
# Limits on values: the API has already checked them, and a newer one may allow more.
_LIMITS = ("maxLength", "minLength", "pattern", "maximum", "minimum", "const")
# Texts of fields: the OpenAPI document has them.
_FIELD_TEXTS = ("title", "description", "examples")

Schema = dict[str, Any]


def path_of(api: str) -> Path:
    """The file with the API's models."""
    return DOMAIN / f"{api.replace('-', '_')}.py"


def generated(api: str) -> str:
    """The module with the models of what the portal uses of `api`."""
    document = json.loads((ROOT / f"docs/openapi/{api}.json").read_text(encoding="utf-8"))
    schemas = selected(document["components"]["schemas"], USED[api])
    code = generate(
        {"openapi": "3.1.0", "info": {"title": api, "version": "1"}, "paths": {}, "components": {"schemas": schemas}},
        input_file_type=InputFileType.OpenAPI,
        output_model_type=DataModelType.PydanticV2BaseModel,
        base_class="portal_web.domain.api.ApiModel",
        output_datetime_class=DatetimeClassType.Awaredatetime,
        target_python_version=PythonVersion.PY_311,
        capitalise_enum_members=True,
        use_specialized_enum=True,
        use_schema_description=True,
        disable_future_imports=True,
        type_mappings=["string+uuid=string"],
        custom_file_header=HEADER.format(api=api),
        formatters=[Formatter.RUFF_CHECK, Formatter.RUFF_FORMAT],
        settings_path=ROOT,
    )
    assert isinstance(code, str)
    return _with_open_enums(code)


def _with_open_enums(code: str) -> str:
    """The code with ApiEnum for StrEnum: the generator has a setting for the models' base, but not for the enums'."""
    code = code.replace("from enum import StrEnum\n", "").replace("(StrEnum)", "(ApiEnum)")
    return code.replace("import ApiModel\n", "import ApiEnum, ApiModel\n") + "\n"


def selected(schemas: dict[str, Schema], roots: tuple[str, ...]) -> dict[str, Schema]:
    """The named schemas and their parts, for a reader of answers."""
    found: dict[str, Schema] = {}
    wanted = list(roots)
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = lenient(schemas[name])
            wanted += references(schemas[name])
    return dict(sorted(found.items()))


def references(schema: object) -> list[str]:
    """The names of the schemas to which a schema refers."""
    match schema:
        case {"$ref": str(reference)}:
            return [reference.removeprefix(_PREFIX)]
        case dict():
            return [name for part in schema.values() for name in references(part)]
        case list():
            return [name for part in schema for name in references(part)]
    return []


def lenient(schema: Any) -> Any:
    """A schema without limits, in which nullable fields are optional: an older API does not have them yet."""
    if isinstance(schema, list):
        return [lenient(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: lenient(part) for key, part in schema.items() if key not in _LIMITS and part is not False}
    return {**kept, **_fields(schema)} if "properties" in schema else kept


def _fields(schema: Schema) -> Schema:
    fields = {name: of for name, of in schema["properties"].items() if of.get("type") != "null"}
    nullable = {name for name, of in fields.items() if any(one.get("type") == "null" for one in of.get("anyOf", ()))}
    return {
        "properties": {name: lenient(_without_texts(of)) for name, of in fields.items()},
        "required": [name for name in schema.get("required", ()) if name in fields.keys() - nullable],
    }


def _without_texts(field: Schema) -> Schema:
    return {key: part for key, part in field.items() if key not in _FIELD_TEXTS}


if __name__ == "__main__":
    for api in USED:
        path_of(api).write_text(generated(api), encoding="utf-8")
