"""What training saw of each raw input, and of the score: what drift is later measured against."""

import numpy as np

from ..table import Table, rows_of

_QUANTILES = np.linspace(0, 1, 101)


def statistics_of(inputs: Table, kinds: dict[str, str], held_out_scores: np.ndarray) -> dict:
    """The manifest's `statistics` of N training rows.

    Quantiles and shares are those of the values that are there, so shares sum to 1. Scores are taken from
    held-out rows: a model is surer of the rows it learnt from than it will ever be of new ones.
    """
    features = {name: _input_statistics(inputs[name], kind) for name, kind in kinds.items()}
    return {"rows": rows_of(inputs), "features": features, "score": {"quantiles": quantiles(held_out_scores)}}


def _input_statistics(values: np.ndarray, kind: str) -> dict:
    missing = np.isnan(values) if kind == "number" else values == ""
    present = values[~missing]
    rate = {"missing_rate": float(missing.mean())}
    if kind == "number":
        return rate | {"quantiles": quantiles(present)}
    return rate | {"shares": shares([value[:4] for value in present.tolist()] if kind == "date" else present)}


def quantiles(values: np.ndarray) -> list[float]:
    """The 101 percentiles of the values, the least first; zeros where there are no values."""
    return np.quantile(values.astype(np.float64), _QUANTILES).tolist() if len(values) else [0.0] * 101


def shares(values: np.ndarray | list[str]) -> dict[str, float]:
    """Each level's share of the values, the commonest first."""
    levels, counts = np.unique(np.asarray(values, dtype=str), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {str(levels[place]): float(counts[place] / counts.sum()) for place in order}
