"""What to fit: which inputs there are and what is wanted of each, before any data is seen."""

from dataclasses import dataclass, field

from .. import schema


@dataclass(frozen=True)
class NumericPlan:
    """One numeric input: values below `clip_min` are raised to it; with `log` its logarithm is the feature."""

    name: str
    clip_min: float | None = None
    log: bool = False


@dataclass(frozen=True)
class RatioPlan:
    """One ratio of two numeric inputs, taken after their clip and before their log."""

    name: str
    numerator: str
    denominator: str
    log: bool = False


@dataclass(frozen=True)
class FeaturePlan:
    """The features wanted of a model.

    Attributes:
        numeric, ratios: the numeric features, which come first in the matrix.
        categorical: names of category inputs; `accept_numbers` lists those that also take a JSON number.
        dates: names of `YYYY-MM-DD` inputs, each giving a quarter and a year.
        numeric_percentile, level_percentile: how many percent of the columns of numbers and of levels are kept,
            by their univariate F score; the others are dropped.
        rare_share: levels at or under this share of the rows become one level, `sparse_combined`.
    """

    numeric: tuple[NumericPlan, ...] = ()
    ratios: tuple[RatioPlan, ...] = ()
    categorical: tuple[str, ...] = ()
    accept_numbers: frozenset[str] = field(default_factory=frozenset)
    dates: tuple[str, ...] = ()
    numeric_percentile: float = 100.0
    level_percentile: float = 100.0
    rare_share: float = 0.001

    def kinds(self) -> dict[str, str]:
        """Each raw input's kind, as `table.table_of` takes it."""
        level = {True: "category_or_number", False: "category"}
        return {
            **{numeric.name: "number" for numeric in self.numeric},
            **{name: level[name in self.accept_numbers] for name in self.categorical},
            **dict.fromkeys(self.dates, "date"),
        }


def reference_plan() -> FeaturePlan:
    """The plan of the churn model that ships."""
    name, numerator, denominator = schema.RATIO
    return FeaturePlan(
        numeric=tuple(
            NumericPlan(name, 0.0 if name in schema.CLIPPED_AT_ZERO else None, name in schema.LOGGED)
            for name in schema.NUMERIC
        ),
        ratios=(RatioPlan(name, numerator, denominator, log=True),),
        categorical=tuple(schema.CATEGORICAL),
        dates=schema.DATES,
        numeric_percentile=90.0,
        level_percentile=60.0,
    )
