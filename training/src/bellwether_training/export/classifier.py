"""What a classifier is made of: its folds, each with its calibrator, or the reason it cannot be exported.

Missing values need no care here: the features fill them, so no model ever sees NaN, and whichever way a
library would send one does not matter.
"""

from dataclasses import dataclass

import numpy as np
from lightgbm import LGBMClassifier
from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

from .forests import read_forest
from .histogram import read_histogram
from .lightgbm import read_lightgbm
from .linear import Linear, read_linear
from .refusal import CannotExport
from .trees import Trees
from .xgboost import read_xgboost

_READERS = {
    RandomForestClassifier: read_forest,
    ExtraTreesClassifier: read_forest,
    XGBClassifier: read_xgboost,
    LGBMClassifier: read_lightgbm,
    HistGradientBoostingClassifier: read_histogram,
    LogisticRegression: read_linear,
}


@dataclass(frozen=True)
class Platt:
    """Sigmoid calibration: the probability is `sigmoid(slope · score + offset)`.

    `of_probability` says whether the score is the estimator's probability, or its log-odds.
    """

    slope: float
    offset: float
    of_probability: bool


@dataclass(frozen=True)
class Parts:
    """A classifier taken apart: one model a fold, all of one kind, and their calibrators, or None if bare."""

    folds: list[Trees] | list[Linear]
    platts: list[Platt] | None


def read_classifier(classifier: ClassifierMixin) -> Parts:
    """Takes a fitted binary classifier apart: one of the families, bare or calibrated by sigmoid.

    Raises:
        CannotExport: naming what cannot be exported exactly.
    """
    if isinstance(classifier, CalibratedClassifierCV):
        return _read_calibrated(classifier)
    return Parts([_read_estimator(classifier)], None)


def _read_calibrated(classifier: CalibratedClassifierCV) -> Parts:
    if classifier.method != "sigmoid":
        raise CannotExport(f"{classifier.method} calibration: only sigmoid calibration is exported")
    _refuse_classes(classifier)
    folds, platts = [], []
    for fold in classifier.calibrated_classifiers_:
        (calibrator,) = fold.calibrators
        folds.append(_read_estimator(fold.estimator))
        # scikit-learn calibrates the decision function where there is one, else the probability, and
        # writes the sigmoid with the signs the other way round.
        of_probability = not hasattr(fold.estimator, "decision_function")
        platts.append(Platt(-float(calibrator.a_), -float(calibrator.b_), of_probability))
    return Parts(folds, platts)


def _read_estimator(estimator: ClassifierMixin) -> Trees | Linear:
    # By exact type: a subclass may well predict differently.
    reader = _READERS.get(type(estimator))
    if reader is None:
        raise CannotExport(
            f"{type(estimator).__name__}: only {', '.join(kind.__name__ for kind in _READERS)} are exported, "
            "bare or in CalibratedClassifierCV"
        )
    _refuse_classes(estimator)
    return reader(estimator)


def _refuse_classes(classifier: ClassifierMixin) -> None:
    classes = classifier.classes_
    # A forest fitted on several labels at once holds a list of arrays.
    if isinstance(classes, list) or np.asarray(classes).tolist() != [0, 1]:
        raise CannotExport(
            f"classes {np.asarray(classes).tolist()}: only a binary label, 0 or 1 (churned), is exported"
        )
