"""The raw requests of a bundle's parity rows: ordinary clients, and everything odd that a feature can meet.

They are made from the features alone, so they suit any model: each missing input, unseen and rare levels,
zero denominators, negative and huge numbers, dates at the ends of the calendar, and nothing at all.
"""

from collections.abc import Iterator

import numpy as np

from ..features import Categorical, Date, FeatureSpec, Levels, Numeric, Ratio
from ..table import Table, requests_of, rows_of

LEAST_ROWS = 50
_ORDINARY_ROWS = 24
_UNSEEN = "a level nobody has seen ✓"
_NUMBERS = (0.0, -0.0, -1.0, 0.1, -1e-300, 1e-300, 1e15, -1e15, 1.7e308, -1.7e308)
_DATES = ("1900-01-01", "1999-12-31", "2000-02-29", "2024-02-29", "2025-03-31", "2025-04-01", "2026-01-01")


def parity_requests(spec: FeatureSpec, held_out: Table, rng: np.random.Generator) -> list[dict[str, object]]:
    """At least LEAST_ROWS raw requests, of which the first are rows of `held_out` as they are."""
    ordinary = requests_of(held_out, rng.permutation(rows_of(held_out))[:_ORDINARY_ROWS])
    changes = list(_changes(spec))
    bases = requests_of(held_out, rng.integers(rows_of(held_out), size=max(len(changes), LEAST_ROWS)))
    odd = [_changed(base, change) for base, change in zip(bases, changes, strict=False)]
    missing = max(0, LEAST_ROWS - 1 - len(ordinary) - len(odd))
    return [*ordinary, {}, *odd, *_mixed(held_out, missing, rng)]


def _changed(base: dict[str, object], change: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in (base | change).items() if value is not None}


def _changes(spec: FeatureSpec) -> Iterator[dict[str, object]]:
    """What to change in an ordinary request, None for taking an input away."""
    names = list(spec.kinds())
    numbers, levels = _of_kind(spec, Numeric), _of_kind(spec, Categorical)
    yield from ({name: None} for name in names)
    yield from ({feature.name: None for feature in group} for group in (numbers, levels) if group)
    yield from ({feature.name: value for feature in numbers} for value in _NUMBERS if numbers)
    for ratio in _of_kind(spec, Ratio):
        yield from ({ratio.numerator: top, ratio.denominator: 0.0} for top in (0.0, 1.0, -1.0))
        yield {ratio.numerator: 1e308, ratio.denominator: 1e-308}
    if levels:
        yield {feature.name: _UNSEEN for feature in levels}
        yield {feature.name: "" for feature in levels}
        yield {feature.name: "missing" for feature in levels}
        yield {feature.name: "sparse_combined" for feature in levels}
    yield from ({feature.name: feature.levels.rare[0]} for feature in levels if feature.levels.rare)
    yield from ({feature.name: _dropped(feature.levels)} for feature in levels if _dropped(feature.levels))
    yield from ({feature.name: number} for feature in levels if feature.accept_numbers for number in (3, 2.5))
    yield from ({feature.name: date} for feature in _of_kind(spec, Date) for date in _DATES)


def _of_kind(spec: FeatureSpec, kind: type) -> list:
    return [feature for feature in spec.features if isinstance(feature, kind)]


def _dropped(levels: Levels) -> str | None:
    """A level that selection dropped, if there is one."""
    return next((value for value, column in levels.columns.items() if column is None), None)


def _mixed(held_out: Table, count: int, rng: np.random.Generator) -> list[dict[str, object]]:
    """Requests that take each input from another row."""
    rows = rows_of(held_out)
    return requests_of({name: column[rng.integers(rows, size=count)] for name, column in held_out.items()})
