"""Making a bundle of a fitted classifier: the one way out, for the families and for anybody's own model."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.base import ClassifierMixin

from ..evaluation import CUTOFF, metrics_of
from ..export import build_graph, check_export, read_classifier
from ..export.graph import INPUT, OUTPUT
from ..features import FeatureSpec, transform
from ..table import Table, requests_of, rows_of, table_of
from .json_text import manifest_text
from .parity import parity_requests
from .statistics import statistics_of
from .validate import validate_manifest

_BACKGROUND_ROWS = 100
_PARITY_SEED = 50


@dataclass(frozen=True)
class Labelled:
    """N raw rows by column, and their labels: bool or 0/1, [N]."""

    inputs: Table
    labels: np.ndarray


def export_bundle(
    out: Path | str,
    *,
    uid: str,
    name: str,
    classifier: ClassifierMixin,
    spec: FeatureSpec,
    training: Labelled,
    held_out: Labelled,
    created_at: str,
    family: str = "custom",
    provenance: Mapping[str, str | int | float] | None = None,
    cutoff: float = CUTOFF,
) -> Path:
    """Writes the bundle `out/uid` of a fitted binary classifier and returns its folder.

    The graph is compared with the classifier on every held-out and parity row first; nothing is written
    unless they agree.

    Args:
        out: the folder that holds bundles, made if need be.
        uid: `[a-z0-9_]{1,64}`; it becomes the folder's name.
        name: what a person calls the model.
        classifier: fitted on `transform(spec, …)`, float32 [N, F]: a random forest, extra trees, XGBoost,
            LightGBM, HistGradientBoosting or logistic regression, bare or in a `CalibratedClassifierCV`
            with sigmoid calibration.
        spec: the features, as `fit_features` gives them.
        training: rows the classifier learnt from: for drift statistics and the background rows.
        held_out: rows it did not learn from: for metrics and parity rows.
        created_at: RFC 3339 in UTC, such as `2026-11-22T00:00:00Z`.
        family: one of the manifest's families.
        provenance: where the model comes from, a flat mapping; kept in the manifest as `training`.
        cutoff: the probability from which F1 and balanced accuracy call a client churned.

    Raises:
        CannotExport: the classifier cannot be exported exactly; the text names why.
        ExportMismatch: the graph scores some row differently.
        InvalidBundle: an argument breaks the format, such as a uid with capitals.

    Example:
        >>> import numpy as np, tempfile
        >>> from sklearn.linear_model import LogisticRegression
        >>> from bellwether_training import (
        ...     FeaturePlan, Labelled, NumericPlan, export_bundle, fit_features, table_of, transform, verify_bundle)
        >>> plan = FeaturePlan(numeric=(NumericPlan("visits", clip_min=0.0),), categorical=("tier",))
        >>> clients = [{"visits": n % 7, "tier": "gold" if n % 3 else "tin"} for n in range(400)]
        >>> churned = np.array([n % 7 < 3 for n in range(400)])
        >>> table = table_of(clients, plan.kinds())
        >>> spec = fit_features(plan, table, churned)
        >>> classifier = LogisticRegression().fit(transform(spec, table), churned)
        >>> rows = Labelled(table, churned)  # use other rows for held_out
        >>> with tempfile.TemporaryDirectory() as out:
        ...     folder = export_bundle(out, uid="tiers_1", name="Tiers", classifier=classifier, spec=spec,
        ...         training=rows, held_out=rows, created_at="2026-11-22T00:00:00Z")
        ...     sorted(path.name for path in folder.iterdir()), verify_bundle(folder) < 1e-6
        (['manifest.json', 'model.onnx'], True)
    """
    model = build_graph(read_classifier(classifier), spec.columns, doc=name).SerializeToString(deterministic=True)
    matrix = transform(spec, held_out.inputs)
    scores = churn_probability(classifier, matrix)
    check_export(model, matrix, scores)
    requests = parity_requests(spec, held_out.inputs, np.random.default_rng(_PARITY_SEED))
    background = _background(training.inputs)
    manifest = {
        "format": 1,
        "uid": uid,
        "name": name,
        "family": family,
        "created_at": created_at,
        "onnx": _onnx_entry(model),
        "columns": spec.columns,
        "features": spec.to_manifest(),
        "statistics": statistics_of(training.inputs, spec.kinds(), scores),
        "metrics": metrics_of(held_out.labels, scores, cutoff),
        "training": dict(provenance or {}),
        "parity": _parity(classifier, spec, model, requests),
        "background": background,
    }
    validate_manifest(manifest)
    return _write(Path(out) / uid, manifest_text(manifest), model)


def churn_probability(classifier: ClassifierMixin, matrix: np.ndarray) -> np.ndarray:
    """The classifier's own probability of the positive class, float64 [N], of a float32 matrix [N, F]."""
    return classifier.predict_proba(matrix)[:, 1].astype(np.float64)


def _onnx_entry(model: bytes) -> dict:
    digest = hashlib.sha256(model).hexdigest()
    return {"file": "model.onnx", "sha256": digest, "bytes": len(model), "input": INPUT, "output": OUTPUT}


def _parity(classifier: ClassifierMixin, spec: FeatureSpec, model: bytes, requests: list[dict]) -> list[dict]:
    """Each request with the probability that the classifier itself gives it."""
    matrix = transform(spec, table_of(requests, spec.kinds()))
    expected = churn_probability(classifier, matrix)
    check_export(model, matrix, expected)
    pairs = zip(requests, expected.tolist(), strict=True)
    return [{"input": request, "probability": probability} for request, probability in pairs]


def _background(inputs: Table) -> list[dict]:
    """100 training rows, drawn without repeats where there are enough."""
    rng, rows = np.random.default_rng(_PARITY_SEED + 1), rows_of(inputs)
    return requests_of(inputs, rng.choice(rows, _BACKGROUND_ROWS, replace=rows < _BACKGROUND_ROWS))


def _write(folder: Path, manifest: str, model: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model)
    # Last, so that a folder with a manifest is a whole bundle.
    (folder / "manifest.json").write_text(manifest, encoding="utf-8", newline="\n")
    return folder
