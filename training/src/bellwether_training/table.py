"""Raw requests and the columnar table made of them.

A request is a dict as it comes in a JSON body. A table holds the same values by column: for a numeric
input a float64 array with NaN for missing, for a category or date a str array with "" for missing. No
value is changed on the way; what features make of them belongs to `features`.
"""

import datetime
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import IO

import numpy as np

Request = Mapping[str, object]
"""One raw request: input name to a number, a string, or None."""

Table = dict[str, np.ndarray]
"""Input name to a column of N values."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def table_of(requests: Sequence[Request], kinds: Mapping[str, str]) -> Table:
    """Arranges requests by column.

    `kinds` maps each input's name to `number`, `category`, `category_or_number` or `date`. Inputs a
    request does not hold are missing; names that are not in `kinds` are left out.

    Raises:
        ValueError: a value is not of its input's kind.
    """
    readers = {"number": _number, "category": _text, "category_or_number": _level, "date": _date}
    return {
        name: _column([readers[kind](request.get(name), name) for request in requests], kind)
        for name, kind in kinds.items()
    }


def _column(values: list, kind: str) -> np.ndarray:
    if kind == "number":
        return np.array(values, dtype=np.float64)
    return np.array(values, dtype=str) if values else np.array([], dtype="U1")


def _number(value: object, name: str) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(float(value)):
        raise ValueError(f"{name}: expected a finite number, not {value!r}")
    return float(value)


def _text(value: object, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name}: expected a string, not {value!r}")
    # A numpy string column drops trailing NULs, which would merge two levels silently.
    if "\0" in value:
        raise ValueError(f"{name}: a level cannot hold a NUL character")
    return value


def _level(value: object, name: str) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return json.dumps(value, allow_nan=False)
    return _text(value, name)


def _date(value: object, name: str) -> str:
    text = _text(value, name)
    if text and not _is_day(text):
        raise ValueError(f"{name}: expected a date as YYYY-MM-DD, not {value!r}")
    return text


def _is_day(text: str) -> bool:
    """Whether a text is a day of the calendar; `fromisoformat` alone would take other shapes too."""
    try:
        return _DATE.fullmatch(text) is not None and bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def rows_of(table: Table) -> int:
    """The number of rows of a table."""
    return len(next(iter(table.values())))


def take(table: Table, rows: np.ndarray) -> Table:
    """The table with the given rows only, in the order given."""
    return {name: column[rows] for name, column in table.items()}


def requests_of(table: Table, rows: Iterable[int] | None = None) -> list[dict[str, object]]:
    """The rows of a table as request bodies, without their missing values."""
    rows = range(rows_of(table)) if rows is None else rows
    columns = {name: column.tolist() for name, column in table.items()}
    return [
        {name: column[row] for name, column in columns.items() if column[row] == column[row] and column[row] != ""}
        for row in rows
    ]


def write_ndjson(requests: Iterable[Request], out: IO[str]) -> None:
    """Writes one JSON object a line; numbers are written so that they read back as the same float64."""
    for request in requests:
        out.write(json.dumps(request, allow_nan=False, ensure_ascii=False, separators=(",", ":")))
        out.write("\n")
