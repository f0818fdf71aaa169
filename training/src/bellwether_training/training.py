"""From a population to a bundle: split, fit the features, search, fit the model, judge it, export it."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from .bundle.write import Labelled, churn_probability, export_bundle
from .evaluation import plot_report
from .families import FAMILIES, Parameters, calibrated
from .features import FeaturePlan, FeatureSpec, fit_features, transform
from .features.plan import reference_plan
from .population import Population, generate
from .search import search

CREATED_AT = "2026-11-22T00:00:00Z"
_LIBRARIES = {
    "random_forest": "scikit-learn",
    "extra_trees": "scikit-learn",
    "xgboost": "xgboost-cpu",
    "lightgbm": "lightgbm",
    "hist_gradient_boosting": "scikit-learn",
    "logistic_regression": "scikit-learn",
}


@dataclass(frozen=True)
class Workbench:
    """What all families share: the split rows, the fitted features and their matrices.

    Attributes:
        training, held_out: four fifths and one fifth of the population.
        matrix, held_out_matrix: float32 [N, F] of each.
    """

    seed: int
    spec: FeatureSpec
    training: Labelled
    held_out: Labelled
    matrix: np.ndarray
    held_out_matrix: np.ndarray


@dataclass(frozen=True)
class Trained:
    """A fitted model, the parameters it was fitted with, and whether they were searched for."""

    family: str
    classifier: ClassifierMixin
    parameters: Parameters
    searched: bool


def set_up(rows: int, seed: int, plan: FeaturePlan | None = None) -> Workbench:
    """Generates `rows` clients and fits the features on four fifths of them."""
    population = generate(rows, seed)
    order = np.arange(rows)
    train, held_out = train_test_split(order, test_size=0.2, random_state=seed, stratify=population.churned)
    training, rest = _rows(population, train), _rows(population, held_out)
    spec = fit_features(plan or reference_plan(), training.inputs, training.labels)
    matrices = transform(spec, training.inputs), transform(spec, rest.inputs)
    return Workbench(seed, spec, training, rest, *matrices)


def _rows(population: Population, rows: np.ndarray) -> Labelled:
    inputs = {name: column[rows] for name, column in population.inputs.items()}
    return Labelled(inputs, population.churned[rows].astype(np.int64))


def train(
    family: str,
    bench: Workbench,
    fixed: Parameters | None = None,
    quick: bool = False,
    jobs: int = 1,
    say: Callable[[str], None] = print,
) -> Trained:
    """Fits a calibrated model of a family; `quick` skips the search. The same inputs give the same model."""
    kind, fixed = FAMILIES[family], dict(fixed or {})
    # One thread inside, folds side by side outside: see `families`. HistGradientBoosting takes its number
    # of threads from the thread that calls it, so its folds take turns.
    jobs = 1 if family == "hist_gradient_boosting" else jobs
    with threadpool_limits(1), joblib.parallel_config(backend="threading"):
        parameters = {**kind.defaults, **fixed}
        if not quick:
            parameters = search(kind, fixed, bench.matrix, bench.training.labels, bench.seed, jobs, say)
        classifier = calibrated(kind.make(bench.seed, **parameters), bench.seed, jobs)
        classifier.fit(bench.matrix, bench.training.labels)
    return Trained(family, classifier, parameters, not quick)


def save(
    trained: Trained,
    bench: Workbench,
    out: Path,
    created_at: str = CREATED_AT,
    reports: Path | None = None,
) -> Path:
    """Writes a trained model's bundle into `out`, and its plots into `reports` if given."""
    title = f"{FAMILIES[trained.family].title}, calibrated"
    uid = uid_of(trained.family, created_at)
    folder = export_bundle(
        out,
        uid=uid,
        name=title,
        classifier=trained.classifier,
        spec=bench.spec,
        training=bench.training,
        held_out=bench.held_out,
        created_at=created_at,
        family=trained.family,
        provenance=_provenance(trained, bench),
    )
    if reports is not None:
        scores = churn_probability(trained.classifier, bench.held_out_matrix)
        plot_report(reports / uid, title, bench.held_out.labels, scores)
    return folder


def uid_of(family: str, created_at: str) -> str:
    """A model's uid: its family and when it was made, e.g. `xgboost_20261122t000000z`."""
    return f"{family}_{created_at.lower().replace('-', '').replace(':', '')}"


def _provenance(trained: Trained, bench: Workbench) -> Mapping[str, str | int | float]:
    libraries = dict.fromkeys(("numpy", "scikit-learn", _LIBRARIES[trained.family], "onnx"))
    return {
        "data": "synthetic population",
        "seed": bench.seed,
        "rows": len(bench.training.labels),
        "calibration": "sigmoid, 5 folds",
        "search": "log loss, 3 folds" if trained.searched else "none",
        **{f"parameter.{name}": value for name, value in trained.parameters.items() if value is not None},
        "python": ".".join(platform.python_version_tuple()[:2]),
        **{f"library.{name}": version(name) for name in libraries},
    }
