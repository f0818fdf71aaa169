"""The search for parameters: a few candidates drawn from a seed, judged by log loss."""

from collections.abc import Callable, Iterable, Iterator

import joblib
import numpy as np
from sklearn.model_selection import ParameterSampler, StratifiedKFold, cross_val_score

from .families import Family, Parameters

CANDIDATES = 6
_ROWS = 12_000
"""Candidates are ranked on this many rows: enough to rank them, few enough to be quick."""


def search(
    family: Family,
    fixed: Parameters,
    matrix: np.ndarray,
    labels: np.ndarray,
    seed: int,
    jobs: int = 1,
    say: Callable[[str], None] = print,
) -> Parameters:
    """The parameters, `fixed` ones included, with the least log loss over 3 folds of the first rows.

    The defaults are a candidate themselves, so the search never makes a model worse than no search.
    """
    choices = {name: values for name, values in family.choices.items() if name not in fixed}
    size = int(np.prod([len(values) for values in choices.values()]))
    drawn = ParameterSampler(choices, min(CANDIDATES - 1, size), random_state=seed) if choices else []
    best: tuple[float, Parameters] | None = None
    for candidate in _distinct({**family.defaults, **candidate, **fixed} for candidate in ({}, *drawn)):
        loss = _log_loss(family, candidate, matrix[:_ROWS], labels[:_ROWS], seed, jobs)
        say(f"  log loss {loss:.5f}  {candidate}")
        if best is None or loss < best[0]:
            best = loss, candidate
    return best[1]


def _distinct(candidates: Iterable[Parameters]) -> Iterator[Parameters]:
    """The candidates without repeats: one that was drawn may be the defaults again."""
    seen = []
    for candidate in candidates:
        if candidate not in seen:
            seen.append(candidate)
            yield candidate


def _log_loss(
    family: Family, candidate: Parameters, matrix: np.ndarray, labels: np.ndarray, seed: int, jobs: int
) -> float:
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    estimator = family.make(seed, **candidate)
    with joblib.parallel_config(backend="threading"):
        scores = cross_val_score(estimator, matrix, labels, scoring="neg_log_loss", cv=folds, n_jobs=jobs)
    return float(-scores.mean())
