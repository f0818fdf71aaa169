"""What was fitted: the features of a manifest, as `docs/bundle.md` lists them, and their JSON form."""

from collections.abc import Iterator
from dataclasses import dataclass

MISSING = "missing"
"""The level of a missing value."""
SPARSE_COMBINED = "sparse_combined"
"""The level of a value that was rare in training, or never seen."""
LIMIT = 1e6
"""A scaled number is kept within plus and minus this."""


@dataclass(frozen=True)
class Numeric:
    """A number: clip, log, fill, scale. `column` is None where selection dropped it."""

    name: str
    column: int | None
    clip_min: float | None
    log: bool
    fill: float
    mean: float
    std: float

    def to_manifest(self) -> dict:
        return {"kind": "numeric", **vars(self)}


@dataclass(frozen=True)
class Ratio:
    """A quotient of two numeric features: divide, log, fill, scale."""

    name: str
    numerator: str
    denominator: str
    column: int | None
    log: bool
    fill: float
    mean: float
    std: float

    def to_manifest(self) -> dict:
        return {"kind": "ratio", **vars(self)}


@dataclass(frozen=True)
class Levels:
    """Which level stands in which column (None where dropped), and which values were rare."""

    columns: dict[str, int | None]
    rare: tuple[str, ...] = ()

    def column_of(self, value: str) -> int | None:
        """The column that is 1 for a raw value ("" is missing), or None where all stay 0."""
        level = value or MISSING
        return self.columns[level] if level in self.columns else self.columns.get(SPARSE_COMBINED)

    def to_manifest(self) -> dict:
        levels = [{"value": value, "column": column} for value, column in self.columns.items()]
        return {"levels": levels, "rare": list(self.rare)}


@dataclass(frozen=True)
class Categorical:
    """A category, one column a level."""

    name: str
    levels: Levels
    accept_numbers: bool = False

    def to_manifest(self) -> dict:
        levels = self.levels.to_manifest()
        return {"kind": "categorical", "name": self.name, **levels, "accept_numbers": self.accept_numbers}


@dataclass(frozen=True)
class Date:
    """A date, as its quarter (`q1` … `q4`) and its year (four digits)."""

    name: str
    quarter: Levels
    year: Levels

    def to_manifest(self) -> dict:
        parts = {"quarter": self.quarter.to_manifest(), "year": self.year.to_manifest()}
        return {"kind": "date", "name": self.name, **parts}


Feature = Numeric | Ratio | Categorical | Date


@dataclass(frozen=True)
class FeatureSpec:
    """All features of a model, in order, and F, the width of its input."""

    features: tuple[Feature, ...]
    columns: int

    def kinds(self) -> dict[str, str]:
        """Each raw input's kind, as `table.table_of` takes it."""
        return {name: kind for feature in self.features for name, kind in _input_of(feature)}

    def numeric(self) -> dict[str, Numeric]:
        """The numeric features by name."""
        return {feature.name: feature for feature in self.features if isinstance(feature, Numeric)}

    def to_manifest(self) -> list[dict]:
        """The manifest's `features`."""
        return [feature.to_manifest() for feature in self.features]

    @classmethod
    def from_manifest(cls, features: list[dict], columns: int) -> "FeatureSpec":
        """Reads the `features` of a manifest that `bundle.validate` let through."""
        return cls(tuple(_read(feature) for feature in features), columns)


def _input_of(feature: Feature) -> Iterator[tuple[str, str]]:
    match feature:
        case Numeric(name=name):
            yield name, "number"
        case Categorical(name=name, accept_numbers=accept_numbers):
            yield name, "category_or_number" if accept_numbers else "category"
        case Date(name=name):
            yield name, "date"


def _read(feature: dict) -> Feature:
    rest = {key: value for key, value in feature.items() if key != "kind"}
    match feature["kind"]:
        case "numeric":
            return Numeric(**rest)
        case "ratio":
            return Ratio(**rest)
        case "categorical":
            return Categorical(feature["name"], _read_levels(feature), feature["accept_numbers"])
        case "date":
            return Date(feature["name"], _read_levels(feature["quarter"]), _read_levels(feature["year"]))
    raise ValueError(f"unknown feature kind {feature['kind']!r}")


def _read_levels(levels: dict) -> Levels:
    return Levels({level["value"]: level["column"] for level in levels["levels"]}, tuple(levels["rare"]))
