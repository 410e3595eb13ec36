"""Rows of models in statements written by hand, where a call cannot afford one message to the database for each."""

from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection as database
from django.db import models

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


def insert(row: models.Model) -> tuple[str, list[Any]]:
    """The statement that adds a row, and its values; the database numbers it where it has no key."""
    fields = [field for field in row._meta.concrete_fields if not (field.primary_key and row.pk is None)]
    names = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    values = [field.get_db_prep_save(field.pre_save(row, True), database) for field in fields]
    return f'INSERT INTO "{row._meta.db_table}" ({names}) VALUES ({marks})', values  # noqa: S608  # the model's names
