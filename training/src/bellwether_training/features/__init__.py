"""Features: what is fitted (`plan`), what was fitted (`spec`), the fitting (`fit`) and the use (`transform`)."""

from .fit import fit_features
from .plan import FeaturePlan, NumericPlan, RatioPlan
from .spec import Categorical, Date, FeatureSpec, Levels, Numeric, Ratio
from .transform import transform

__all__ = [
    "Categorical",
    "Date",
    "FeaturePlan",
    "FeatureSpec",
    "Levels",
    "Numeric",
    "NumericPlan",
    "Ratio",
    "RatioPlan",
    "fit_features",
    "transform",
]
