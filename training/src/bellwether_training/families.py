"""The families of models: how each is made, and which of its parameters are searched.

Every estimator runs on one thread: several would add floating-point numbers in an order that changes from
run to run, and the bundle would no longer be the same bytes. Folds run side by side instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lightgbm import LGBMClassifier
from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from xgboost import XGBClassifier

FOLDS = 5

Parameters = Mapping[str, int | float | str]


@dataclass(frozen=True)
class Family:
    """One family of models.

    Attributes:
        title: what a person calls it.
        make: an unfitted estimator from its parameters and a seed.
        defaults: parameters that are used unless searched or given.
        choices: for each searched parameter the values tried.
        trees, depth: the names of the parameters that say how many trees and how deep, if it has any.
    """

    title: str
    make: Callable[..., ClassifierMixin]
    defaults: Parameters
    choices: Mapping[str, tuple]
    trees: str | None = None
    depth: str | None = None


def _random_forest(seed: int, **parameters: object) -> ClassifierMixin:
    return RandomForestClassifier(random_state=seed, n_jobs=1, **parameters)


def _extra_trees(seed: int, **parameters: object) -> ClassifierMixin:
    return ExtraTreesClassifier(random_state=seed, n_jobs=1, **parameters)


def _xgboost(seed: int, **parameters: object) -> ClassifierMixin:
    return XGBClassifier(random_state=seed, n_jobs=1, tree_method="hist", objective="binary:logistic", **parameters)


def _lightgbm(seed: int, **parameters: object) -> ClassifierMixin:
    steady = {"deterministic": True, "force_row_wise": True, "verbose": -1}
    return LGBMClassifier(random_state=seed, n_jobs=1, **steady, **parameters)


def _histogram(seed: int, **parameters: object) -> ClassifierMixin:
    return HistGradientBoostingClassifier(random_state=seed, early_stopping=False, **parameters)


def _logistic(seed: int, **parameters: object) -> ClassifierMixin:
    return LogisticRegression(random_state=seed, max_iter=1000, **parameters)


_BOOSTING_RATES = (0.05, 0.08, 0.12)
_FOREST = {"n_estimators": 40, "max_features": 0.25, "max_leaf_nodes": 190, "min_samples_leaf": 8}

FAMILIES: dict[str, Family] = {
    "random_forest": Family(
        "Random forest",
        _random_forest,
        _FOREST,
        {"max_features": (0.15, 0.25, 0.35), "min_samples_leaf": (4, 8, 16)},
        "n_estimators",
        "max_depth",
    ),
    "extra_trees": Family(
        "Extra trees",
        _extra_trees,
        _FOREST | {"max_features": 0.5},
        {"max_features": (0.35, 0.5, 0.7), "min_samples_leaf": (4, 8, 16)},
        "n_estimators",
        "max_depth",
    ),
    "xgboost": Family(
        "XGBoost",
        _xgboost,
        {"n_estimators": 160, "max_depth": 4, "learning_rate": 0.08, "subsample": 0.9, "colsample_bytree": 0.6},
        {"max_depth": (3, 4, 5), "learning_rate": _BOOSTING_RATES, "min_child_weight": (1, 5, 20)},
        "n_estimators",
        "max_depth",
    ),
    "lightgbm": Family(
        "LightGBM",
        _lightgbm,
        {"n_estimators": 160, "num_leaves": 15, "learning_rate": 0.08, "colsample_bytree": 0.6},
        {"num_leaves": (7, 15, 31), "learning_rate": _BOOSTING_RATES, "min_child_samples": (20, 60)},
        "n_estimators",
        "max_depth",
    ),
    "hist_gradient_boosting": Family(
        "Histogram gradient boosting",
        _histogram,
        {"max_iter": 120, "max_leaf_nodes": 15, "learning_rate": 0.08},
        {"max_leaf_nodes": (7, 15, 31), "learning_rate": _BOOSTING_RATES, "l2_regularization": (0.0, 1.0)},
        "max_iter",
        "max_depth",
    ),
    "logistic_regression": Family(
        "Logistic regression", _logistic, {"C": 1.0}, {"C": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)}
    ),
}


def calibrated(estimator: ClassifierMixin, seed: int, jobs: int = 1) -> CalibratedClassifierCV:
    """The estimator to be fitted on each of 5 folds and calibrated (sigmoid) on the rest."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    return CalibratedClassifierCV(estimator, method="sigmoid", cv=folds, n_jobs=jobs)
