"""From pydantic's errors to problems a policy analyst can act on: where, found, expected, nearest name."""

import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from policymix.catalog import read_toml
from policymix.errors import InvalidFile, Problem
from policymix.policy.quantity import closest

Form = typing.TypeVar("Form", bound=BaseModel)


def read_as(path: Path, model: type[Form]) -> Form:
    """A TOML file in the form of a model, or InvalidFile with all its problems."""
    try:
        return model.model_validate(read_toml(path))
    except ValidationError as error:
        raise InvalidFile(path, problems_of(error, model)) from None


def problems_of(error: ValidationError, model: type[BaseModel], prefix: str = "") -> list[Problem]:
    """Every error of one validation as a problem; ``prefix`` says which clause or part it belongs to."""
    return [_problem(entry, model, prefix) for entry in error.errors(include_url=False)]


def place(loc: tuple, prefix: str = "") -> str:
    """A location as ``clause "4" > cap > per``; list positions count from 1, forms of a union are left out."""
    words = [prefix] if prefix else []
    for step in loc:
        if isinstance(step, int):
            words[-1:] = [f"{words[-1] if words else 'item'} {step + 1}"]
        elif not (step.startswith("<") and step.endswith(">")) and step not in ("[key]", "function-before"):
            words.append(step)
    return " > ".join(words) or "file"


def _problem(entry: ErrorDetails, model: type[BaseModel], prefix: str) -> Problem:
    loc = entry["loc"]
    found = _shown(entry.get("input"))
    match entry["type"]:
        case "extra_forbidden":
            keys = _keys_at(model, loc[:-1])
            return Problem(place(loc, prefix), f"unknown key '{loc[-1]}'", _one_of(keys), closest(str(loc[-1]), keys))
        case "missing":
            return Problem(place(loc, prefix), "nothing", f"a value for '{loc[-1]}'")
        case "policymix":
            ctx = entry["ctx"]
            return Problem(place(loc, prefix), ctx["found"], ctx["expected"], ctx.get("nearest"))
        case "form":
            return Problem(place(loc, prefix), found, entry["msg"])
        case "literal_error":
            words = [word.strip(" '") for word in str(entry["ctx"]["expected"]).replace(" or ", ", ").split(",")]
            return Problem(place(loc, prefix), found, _one_of(words), closest(str(entry.get("input")), words))
        case _:
            return Problem(place(loc, prefix), found, entry["msg"].removeprefix("Input should be "))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a table with " + ", ".join(map(str, value)) if value else "an empty table"
    return str(value) if not isinstance(value, str) else f"'{value}'"


def _one_of(words) -> str:
    return "one of " + ", ".join(sorted(words)) if words else "nothing here"


def _keys_at(model: type[BaseModel], loc: tuple) -> list[str]:
    """The keys of the form at a location."""
    here: Any = model
    for step in loc:
        here = _step(here, step)
        if here is None:
            return []
    found = [form for form in _members(here) if _is_model(form)]
    return [field.alias or name for form in found[:1] for name, field in form.model_fields.items()]


def _is_model(form: Any) -> bool:
    return isinstance(form, type) and issubclass(form, BaseModel)


def _members(form: Any) -> list[Any]:
    """Forms inside unions and annotations."""
    if isinstance(form, FieldInfo):
        form = form.annotation
    if typing.get_origin(form) is typing.Annotated:
        return _members(typing.get_args(form)[0])
    if typing.get_origin(form) in (typing.Union, types.UnionType):
        return [inner for member in typing.get_args(form) for inner in _members(member)]
    return [form]


def _tagged(form: Any, tag: str) -> Any:
    """The member of a union that carries a tag."""
    if isinstance(form, FieldInfo):
        form = form.annotation
    origin = typing.get_origin(form)
    if origin is typing.Annotated:
        inner, *marks = typing.get_args(form)
        if any(getattr(mark, "tag", None) == tag for mark in marks):
            return inner
        return _tagged(inner, tag)
    if origin in (typing.Union, types.UnionType):
        return next((hit for member in typing.get_args(form) if (hit := _tagged(member, tag)) is not None), None)
    return None


def _step(form: Any, step: Any) -> Any:
    """The form one step further down a location."""
    if isinstance(step, str) and step.startswith("<"):
        return _tagged(form, step)
    for member in _members(form):
        origin, args = typing.get_origin(member), typing.get_args(member)
        if isinstance(step, int) and origin is list:
            return args[0]
        if isinstance(step, str) and origin is dict:
            return args[1]
        if isinstance(step, str) and _is_model(member):
            for name, field in member.model_fields.items():
                if step in (name, field.alias):
                    return field
    return None
