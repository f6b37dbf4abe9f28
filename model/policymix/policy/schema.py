"""The forms of policy files as JSON Schema, for editors."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from policymix.policy.clause import Clause
from policymix.policy.opportunity import Opportunities
from policymix.policy.package import Head
from policymix.policy.quantity import Strict, Words
from policymix.policy.target import TargetFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: str) -> dict[str, Any]:
    """Schema of a file of packages, opportunities or targets.

    A package is either whole, or extends another: then its own keys are optional.
    """
    if kind == "package":
        schema = _Whole.model_json_schema(by_alias=True)
        derived = _Derived.model_json_schema(by_alias=True)
        schema["$defs"] |= derived.get("$defs", {})
        schema["properties"] |= derived["properties"]
        required = schema.pop("required")
        schema["anyOf"] = [{"required": required}, {"required": ["id", "extends"]}]
    else:
        forms: dict[str, type[Strict]] = {"opportunities": Opportunities, "targets": TargetFile}
        return schema_of(forms[kind])
    return {"$schema": DIALECT, **_as_written(schema)}


def schema_of(form: type[Strict]) -> dict[str, Any]:
    """Schema of a file in one form."""
    return {"$schema": DIALECT, **_as_written(form.model_json_schema(by_alias=True))}


def _as_written(schema: Any) -> Any:
    """Decimals are numbers in TOML; forms that a reader tells apart by their keys may fit a value together."""
    if isinstance(schema, list):
        return [_as_written(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kinds = [each.get("type") for each in schema.get("anyOf", []) if isinstance(each, dict)]
    if kinds == ["number", "string"]:
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**rest, "type": "number"}
    return {"anyOf" if key == "oneOf" else key: _as_written(value) for key, value in schema.items()}


class _Whole(Head):
    clause: list[Clause] = Field(default_factory=list)


class _Derived(Strict):
    extends: Words
    change: dict[str, Any] = Field(default_factory=dict)
    drop: list[Words] = Field(default_factory=list)
