"""What several tests share: one small workbench and one quickly trained model of each family."""

import pytest

from bellwether_training.families import FAMILIES
from bellwether_training.training import Trained, Workbench, set_up, train

SMALL = {"random_forest": 10, "extra_trees": 10, "xgboost": 30, "lightgbm": 30, "hist_gradient_boosting": 30}
"""Trees of each fold, few enough for a test."""


@pytest.fixture(scope="session")
def bench() -> Workbench:
    return set_up(5_000, seed=5)


@pytest.fixture(scope="session")
def models(bench: Workbench) -> dict[str, Trained]:
    return {family: train_small(family, bench) for family in FAMILIES}


def train_small(family: str, bench: Workbench, jobs: int = 1) -> Trained:
    trees = FAMILIES[family].trees
    return train(family, bench, {trees: SMALL[family]} if trees else {}, quick=True, jobs=jobs)
