"""Rows that benchmarks put into the tables, many at once."""

from typing import Any


def row(table: Any, **values: Any) -> dict[str, Any]:
    """A row of the table: what is not named is the column's own default, else empty."""
    return {
        column.key: values.get(column.key)
        for column in table.__table__.columns
        if column.key in values or (column.default is None and column.server_default is None)
    }
