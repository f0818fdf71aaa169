"""Writes the fixture that drift is compared with: a training sample's statistics, a day of production, and what scipy
makes of the two. Run from the repository: `python training/drift_reference.py`."""

import json
from pathlib import Path

import numpy as np
from scipy import stats

OUT = Path(__file__).resolve().parent.parent / "crates/experiments/tests/fixtures/drift.json"
FLOOR = 1e-4


def known_cdf(quantiles):
    """Straight between percentiles, of which none are equal here."""
    levels = np.linspace(0, 1, len(quantiles))
    return lambda values: np.interp(values, quantiles, levels)


def psi(observed, expected):
    actual = np.maximum(np.asarray(observed, float) / np.sum(observed), FLOOR)
    expected = np.maximum(np.asarray(expected, float) / np.sum(expected), FLOOR)
    return float(np.sum((actual - expected) * np.log(actual / expected)))


def of_number(values, quantiles, missing, rows, missing_rate):
    values = np.asarray(values)
    test = stats.ks_1samp(values, known_cdf(quantiles), method="asymp")
    ends = np.asarray(quantiles)[10:100:10]
    counts = np.bincount(np.searchsorted(ends, values, side="left"), minlength=10)
    return {
        "psi": psi(counts, [0.1] * 10),
        "ks": float(test.statistic),
        "ks_p": float(test.pvalue),
        "missing": int(missing),
        "missing_change": missing / rows - missing_rate,
        "unseen": 0,
    }


def of_levels(values, shares, missing, rows, missing_rate):
    levels = sorted(shares, key=lambda level: (-shares[level], level))
    counts = np.array([sum(value == level for value in values) for level in levels])
    unseen = len(values) - counts.sum()
    expected = np.array([shares[level] for level in levels])
    expected = expected / expected.sum()
    test = stats.chisquare(counts, expected * counts.sum())
    w = float(np.sqrt(test.statistic / counts.sum()))
    return {
        "psi": psi([*counts, unseen], [*expected, 0.0]),
        "chi_squared": float(test.statistic),
        "chi_squared_p": float(test.pvalue),
        "degrees": len(levels) - 1,
        "w": w,
        "cramers_v": w / float(np.sqrt(len(levels) - 1)),
        "missing": int(missing),
        "missing_change": missing / rows - missing_rate,
        "unseen": int(unseen),
        "unseen_levels": len(set(values) - set(levels)),
    }


def shares_of(values):
    names, counts = np.unique(values, return_counts=True)
    return {str(name): float(count / len(values)) for name, count in zip(names, counts, strict=True)}


def main():
    random = np.random.default_rng(20261130)
    training = 20_000
    percent = np.linspace(0, 1, 101)
    steady = np.quantile(random.normal(0, 1, training), percent)
    moved = np.quantile(random.lognormal(1, 0.5, training), percent)
    score = np.quantile(random.beta(2, 5, training), percent)
    group = shares_of(random.choice(["a", "b", "c", "d"], training, p=[0.5, 0.3, 0.15, 0.05]))
    year = shares_of(random.choice(["2023", "2024", "2025"], training, p=[0.2, 0.3, 0.5]))
    statistics = {
        "rows": training,
        "features": {
            "steady": {"missing_rate": 0.1, "quantiles": [float(q) for q in steady]},
            "moved": {"missing_rate": 0.0, "quantiles": [float(q) for q in moved]},
            "group": {"missing_rate": 0.02, "shares": group},
            "since": {"missing_rate": 0.0, "shares": year},
        },
        "score": {"quantiles": [float(q) for q in score]},
    }
    rows, records, seen = 800, [], {"steady": [], "moved": [], "group": [], "since": [], "score": []}
    for _ in range(rows):
        given = {}
        if random.random() > 0.12:
            given["steady"] = round(float(random.normal(0, 1)), 6)
        if random.random() > 0.2:
            given["moved"] = round(float(random.lognormal(1.4, 0.6)), 6)
        if random.random() > 0.02:
            given["group"] = str(random.choice(["a", "b", "c", "d", "e", "f"], p=[0.35, 0.3, 0.2, 0.1, 0.03, 0.02]))
        if random.random() > 0.01:
            picked = str(random.choice(["2023", "2024", "2025", "2026"], p=[0.1, 0.2, 0.4, 0.3]))
            given["since"] = f"{picked}-{random.integers(1, 13):02d}-{random.integers(1, 29):02d}"
        probability = round(float(random.beta(2.4, 4.6)), 6)
        records.append({"input": given, "score": probability})
        for name in ("steady", "moved", "group"):
            if name in given:
                seen[name].append(given[name])
        if "since" in given:
            seen["since"].append(given["since"][:4])
        seen["score"].append(probability)
    features = statistics["features"]

    def lacking(name):
        return rows - len(seen[name])

    def number(name):
        known = features[name]
        return of_number(seen[name], known["quantiles"], lacking(name), rows, known["missing_rate"])

    def levels(name):
        known = features[name]
        return of_levels(seen[name], known["shares"], lacking(name), rows, known["missing_rate"])

    expected = {
        "steady": number("steady"),
        "moved": number("moved"),
        "group": levels("group"),
        "since": levels("since"),
        "score": of_number(seen["score"], statistics["score"]["quantiles"], 0, rows, 0.0),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    fixture = {"statistics": statistics, "records": records, "expected": expected}
    OUT.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
