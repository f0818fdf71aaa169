"""Writes the fixture that the statistics of experiments are compared with: fixed data, and what scipy, statsmodels and
scikit-learn make of them. Needs `training/requirements-statistics.txt`, which nothing else needs. Run from the
repository: `python training/statistics_reference.py`."""

import json
from pathlib import Path

import numpy as np
from scipy import integrate, optimize, stats
from sklearn import calibration, metrics
from statsmodels.stats import proportion

OUT = Path(__file__).resolve().parent.parent / "crates/experiments/tests/fixtures/statistics.json"
PROPORTIONS = [(0, 20), (20, 20), (3, 40), (120, 1000), (150, 1000), (1, 1), (4321, 98765)]
PAIRS = [((120, 1000), (150, 1000)), ((0, 20), (3, 40)), ((20, 20), (3, 40)), ((4321, 98765), (430, 9876))]
STRATA = [((30, 300), (5, 40)), ((80, 500), (90, 480)), ((0, 10), (4, 12))]


def interval(pair):
    return [float(pair[0]), float(pair[1])]


def distributions():
    points = [0.0005, 0.01, 0.025, 0.2, 0.5, 0.9, 0.975, 0.99995]
    tails = [(0.0, 1), (0.3, 1), (3.84, 1), (10.0, 4), (250.0, 200), (900.0, 7)]
    return {
        "normal_quantile": [[p, float(stats.norm.ppf(p))] for p in points],
        "normal_two_sided": [[z, float(2 * stats.norm.sf(abs(z)))] for z in (-3.2, -0.1, 0.0, 1.96, 6.5)],
        "chi_squared_tail": [[x, d, float(stats.chi2.sf(x, d))] for x, d in tails],
        "kolmogorov_tail": [[x, float(stats.kstwobign.sf(x))] for x in (0.1, 0.3, 0.5, 0.9, 1.17, 1.19, 1.36, 2.5)],
    }


def proportions():
    one = [[k, n, *interval(proportion.proportion_confint(k, n, 0.05, method="wilson"))] for k, n in PROPORTIONS]
    two = []
    for (k, n), (j, m) in PAIRS:
        found = proportion.confint_proportions_2indep(k, n, j, m, method="newcomb", compare="diff", alpha=0.05)
        two.append([k, n, j, m, *interval(found)])
    tables = [np.array([[a, n - a], [b, m - b]]) for (a, n), (b, m) in STRATA]
    weights = [t[0].sum() * t[1].sum() / t.sum() for t in tables]
    each = [t[0, 0] / t[0].sum() - t[1, 0] / t[1].sum() for t in tables]
    limits = [
        proportion.confint_proportions_2indep(a, n, b, m, method="newcomb", compare="diff", alpha=0.05)
        for (a, n), (b, m) in STRATA
    ]
    whole = sum(weights)
    estimate = sum(w * d for w, d in zip(weights, each, strict=True)) / whole
    below = sum((w * (d - low)) ** 2 for w, d, (low, _) in zip(weights, each, limits, strict=True)) ** 0.5 / whole
    above = sum((w * (high - d)) ** 2 for w, d, (_, high) in zip(weights, each, limits, strict=True)) ** 0.5 / whole
    stratified = {
        "strata": [[*of, *to] for of, to in STRATA],
        "estimate": float(estimate),
        "interval": [float(estimate - below), float(estimate + above)],
    }
    return {"wilson": one, "newcombe": two, "stratified": stratified}


def counts():
    observed, shares = [18, 55, 27, 900], [0.02, 0.05, 0.03, 0.9]
    fit = stats.chisquare(observed, np.array(shares) * sum(observed))
    table = [[30, 970], [55, 945], [410, 8590]]
    apart = stats.chi2_contingency(table, correction=False)
    return {
        "fit": {"observed": observed, "shares": shares, "statistic": float(fit.statistic), "p": float(fit.pvalue)},
        "table": {
            "rows": table,
            "statistic": float(apart.statistic),
            "p": float(apart.pvalue),
            "degrees": int(apart.dof),
            "cramers_v": float(stats.contingency.association(table, method="cramer")),
        },
    }


def delong(scores, labels):
    """The definition itself: every positive against every negative."""
    ups, downs = [s[labels] for s in scores], [s[~labels] for s in scores]
    kernels = [(u[:, None] > d[None, :]) + 0.5 * (u[:, None] == d[None, :]) for u, d in zip(ups, downs, strict=True)]
    tens, ones = np.array([k.mean(axis=1) for k in kernels]), np.array([k.mean(axis=0) for k in kernels])
    return np.cov(tens) / tens.shape[1] + np.cov(ones) / ones.shape[1]


def models():
    random = np.random.default_rng(20261130)
    n = 400
    risk = random.beta(2, 5, n)
    labels = random.random(n) < risk
    sharp = np.round(np.clip(risk + random.normal(0, 0.05, n), 0.001, 0.999), 4)
    blunt = np.clip(np.round(risk + random.normal(0, 0.3, n), 2), 0.01, 0.99)
    tied = np.round(risk, 1)
    scores = [sharp, blunt, tied]
    covariance = delong(scores, labels)
    areas = [float(metrics.roc_auc_score(labels, s)) for s in scores]
    z = stats.norm.ppf(0.975)
    difference = areas[0] - areas[1]
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    losses = -(labels * np.log(blunt) + (~labels) * np.log1p(-blunt))
    # A jitter makes scores distinct, so that scikit-learn's bins by quantile hold as many each.
    distinct = (np.argsort(np.argsort(risk, kind="stable"), kind="stable") + 0.5) / n
    observed, predicted = calibration.calibration_curve(labels, distinct, n_bins=10, strategy="quantile")
    called = [s >= 0.3 for s in (sharp, blunt)]
    return {
        "labels": [bool(x) for x in labels],
        "scores": [[float(x) for x in s] for s in scores],
        "areas": areas,
        "covariance": covariance.tolist(),
        "difference": {
            "value": difference,
            "interval": interval((difference - z * variance**0.5, difference + z * variance**0.5)),
            "p": float(2 * stats.norm.sf(abs(difference) / variance**0.5)),
        },
        "blunt_log_loss": {
            "value": float(metrics.log_loss(labels, blunt)),
            "interval": interval(stats.norm.interval(0.95, losses.mean(), stats.sem(losses))),
        },
        "blunt_brier": float(metrics.brier_score_loss(labels, blunt)),
        "distinct": [float(x) for x in distinct],
        "calibration": [[float(p), float(o)] for p, o in zip(predicted, observed, strict=True)],
        "kappa": float(metrics.cohen_kappa_score(*called)),
        "same": float(np.mean(called[0] == called[1])),
        "spearman": float(stats.spearmanr(sharp, tied).statistic),
        "midranks": stats.rankdata(tied).tolist(),
    }


def sequences():
    """The interval by integrating the mixture itself, where it crosses 1/alpha, and not by its closed form."""

    def mixture(estimate, effect, variance, spread):
        def weighed(other):
            gain = ((estimate - effect) ** 2 - (estimate - other) ** 2) / (2 * variance)
            return np.exp(gain) * stats.norm.pdf(other, effect, spread)

        middle = (estimate * spread**2 + effect * variance) / (spread**2 + variance)
        width = 12 * (variance * spread**2 / (variance + spread**2)) ** 0.5
        return integrate.quad(weighed, middle - width, middle + width, epsabs=0, epsrel=1e-11, limit=500)[0]

    rows = []
    for estimate, deviation, alpha in [(0.02, 0.01, 0.05), (-0.04, 0.004, 0.05), (0.0, 0.03, 0.1), (0.1, 0.06, 0.01)]:
        variance = deviation**2
        crossed = optimize.brentq(
            lambda effect, x=estimate, v=variance, a=alpha: np.log(mixture(x, effect, v, 0.05) * a),
            estimate + 0.1 * deviation,
            estimate + 15 * deviation,
            xtol=1e-13,
        )
        p = min(1.0, 1.0 / mixture(estimate, 0.0, variance, 0.05))
        rows.append([estimate, variance, alpha, float(2 * estimate - crossed), float(crossed), float(p)])
    return rows


def main():
    fixture = {
        "distributions": distributions(),
        "proportions": proportions(),
        "counts": counts(),
        "models": models(),
        "sequences": sequences(),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
