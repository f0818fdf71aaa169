"""How good a model is on rows it did not learn from: numbers, and two small plots for people."""

from pathlib import Path

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    roc_auc_score,
    roc_curve,
)

CUTOFF = 0.65
"""The probability from which a client counts as high risk: the default of the server's config."""


def metrics_of(labels: np.ndarray, scores: np.ndarray, cutoff: float = CUTOFF) -> dict[str, float]:
    """The manifest's `metrics` of N labels (bool or 0/1) and probabilities, F1 and accuracy at `cutoff`."""
    called = scores >= cutoff
    return {
        "rows": len(labels),
        "log_loss": float(log_loss(labels, scores)),
        "brier": float(brier_score_loss(labels, scores)),
        "roc_auc": float(roc_auc_score(labels, scores)),
        "f1": float(f1_score(labels, called, zero_division=0)),
        "balanced_accuracy": float(balanced_accuracy_score(labels, called)),
        "cutoff": cutoff,
    }


def plot_report(folder: Path, title: str, labels: np.ndarray, scores: np.ndarray) -> None:
    """Writes `calibration.png` and `roc.png` into `folder`, the same bytes for the same rows."""
    import matplotlib

    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    _plot_calibration(folder / "calibration.png", title, labels, scores)
    _plot_roc(folder / "roc.png", title, labels, scores)


def _plot_calibration(path: Path, title: str, labels: np.ndarray, scores: np.ndarray) -> None:
    observed, predicted = calibration_curve(labels, scores, n_bins=15, strategy="quantile")
    axes = _axes(f"{title}: calibration", "predicted probability of churn", "share that churned")
    axes.plot([0, 1], [0, 1], ":", color="0.5", label="perfect")
    axes.plot(predicted, observed, "o-", markersize=4, label=f"{len(labels):,} held-out clients")
    axes.hist(
        scores, bins=40, range=(0, 1), weights=np.full(len(scores), 1 / len(scores)), color="0.85", label="scores"
    )
    _save(axes, path)


def _plot_roc(path: Path, title: str, labels: np.ndarray, scores: np.ndarray) -> None:
    false_rate, true_rate, _ = roc_curve(labels, scores)
    axes = _axes(f"{title}: ROC", "share of stayers called", "share of churners called")
    axes.plot([0, 1], [0, 1], ":", color="0.5", label="chance")
    axes.plot(false_rate, true_rate, label=f"AUC {roc_auc_score(labels, scores):.3f}")
    _save(axes, path)


def _axes(title: str, x_label: str, y_label: str) -> "matplotlib.axes.Axes":  # noqa: F821
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.add_subplot(title=title, xlabel=x_label, ylabel=y_label, xlim=(0, 1), ylim=(0, 1))
    axes.title.set_fontsize(10)
    return axes


def _save(axes: "matplotlib.axes.Axes", path: Path) -> None:  # noqa: F821
    axes.legend(fontsize=8)
    axes.figure.savefig(path, dpi=90, metadata={"Software": None})
