"""The search is seeded, honours what is fixed, and is never worse than no search."""

from bellwether_training.families import FAMILIES
from bellwether_training.search import search


def run(bench, fixed=None, seed=1):
    said = []
    family = FAMILIES["logistic_regression"]
    labels = bench.training.labels[:1500]
    return search(family, fixed or {}, bench.matrix[:1500], labels, seed, say=said.append), said


def test_the_same_seed_finds_the_same_parameters(bench):
    assert run(bench) == run(bench)


def test_the_candidate_with_the_least_log_loss_wins_and_the_defaults_are_one(bench):
    found, said = run(bench)
    losses = {line.split("  ")[-1]: float(line.split()[2]) for line in said}
    assert losses[str(found)] == min(losses.values())
    assert str(dict(FAMILIES["logistic_regression"].defaults)) in losses


def test_what_is_fixed_stays(bench):
    found, said = run(bench, {"C": 0.7})
    assert found == {"C": 0.7} and len(said) == 1
