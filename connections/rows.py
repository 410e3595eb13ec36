"""Rows of models in statements written by hand, where a call cannot afford one message to the database for each."""

from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection as database
from django.db import models

from connections.prepared import Prepared, Statement

Row = TypeVar("Row", bound=models.Model)


@lru_cache(maxsize=100)
def columns(model: type[models.Model], alias: str) -> str:
    """A model's columns, in the order in which `instance` takes their values."""
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


def width(model: type[models.Model]) -> int:
    """How many columns that is."""
    return len(model._meta.concrete_fields)


def instance(model: type[Row], values: tuple[Any, ...]) -> Row:
    """The row of these values, as a query set would give it."""
    names, converters = _readers(model)
    found = list(values)
    for place, field_converters in converters:
        for convert in field_converters:
            found[place] = convert(found[place], None, database)
    return model.from_db("default", names, found)


@lru_cache(maxsize=100)
def _readers(model: type[models.Model]) -> tuple[list[str], list[tuple[int, Any]]]:
    fields = model._meta.concrete_fields
    converters = [(place, field.get_db_converters(database)) for place, field in enumerate(fields)]
    return [field.attname for field in fields], [one for one in converters if one[1]]


def insert(row: models.Model) -> Statement:
    """The statement that adds a row; the database numbers it where it has no key."""
    fields, statement = _insert(type(row), row.pk is None)
    return statement, [field.get_db_prep_save(field.pre_save(row, True), database) for field in fields]


@lru_cache(maxsize=100)
def _insert(model: type[models.Model], is_numbered: bool) -> tuple[list[Any], Prepared]:
    table = model._meta.db_table
    fields = [field for field in model._meta.concrete_fields if not (field.primary_key and is_numbered)]
    names = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    sql = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608  # the model's names
    return fields, Prepared(f"insert_{table}_{'numbered' if is_numbered else 'keyed'}", sql)
