"""A world of some thousand clients, written into a system's database as if it had gone on for months: an experiment with
a holdout, a heuristic and two arms, what became of its clients, and inputs that drift in the last days. Also a script:
`python simulated.py DATA_DIR` fills the data folder of a `bellwether up` that is running."""

import bisect
import hashlib
import json
import random
import sqlite3
import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import NormalDist

MODELS = Path(__file__).resolve().parents[4] / "models"
ARMS = [("xgboost_20261122t000000z", 70), ("random_forest_20261122t000000z", 30)]
SALT, HOLDOUT, HEURISTIC, CUTOFF = "winter <2026> & more", 15, 10, 0.65
BUSY_FOR, DRIFTS_FOR = 6, 3
NORMAL = NormalDist()


def drawn(draw: str, client: str) -> int:
    text = b"\0".join([SALT.encode(), draw.encode(), client.encode()])
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") % 10_000


def assigned(client: str) -> tuple[str, str]:
    bucket = drawn("arm", client)
    arm = next(model for model, until in [(ARMS[0][0], 7_000), (ARMS[1][0], 10_000)] if bucket < until)
    bucket = drawn("treatment", client)
    if bucket < HOLDOUT * 100:
        return "holdout", arm
    return ("heuristic" if bucket < (HOLDOUT + HEURISTIC) * 100 else "model"), arm


def quantile(quantiles: list[float], share: float) -> float:
    place = share * (len(quantiles) - 1)
    low = min(int(place), len(quantiles) - 2)
    return quantiles[low] + (quantiles[low + 1] - quantiles[low]) * (place - low)


class Training:
    """What training saw of the models."""

    def __init__(self):
        manifests = {model: json.loads((MODELS / model / "manifest.json").read_text()) for model, _ in ARMS}
        self.scores = {model: it["statistics"]["score"]["quantiles"] for model, it in manifests.items()}
        first = manifests[ARMS[0][0]]
        self.inputs = first["statistics"]["features"]
        self.dates = {feature["name"] for feature in first["features"] if feature["kind"] == "date"}
        self.choices = {}
        for name, seen in self.inputs.items():
            if "shares" in seen:
                levels = list(seen["shares"])
                ends = [sum(seen["shares"][level] for level in levels[: at + 1]) for at in range(len(levels))]
                self.choices[name] = (levels, ends)

    def drawn(self, chance: random.Random, drifts: bool) -> dict:
        given = {}
        for name, seen in self.inputs.items():
            missing = seen["missing_rate"] + (0.2 if drifts and name == "average_stars" else 0)
            if chance.random() < missing:
                continue
            if name in self.choices:
                levels, ends = self.choices[name]
                value = levels[min(bisect.bisect(ends, chance.random()), len(levels) - 1)]
                if name in self.dates:
                    value = f"{value}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
                if drifts and name == "device_type" and chance.random() < 0.2:
                    value = chance.choice(["watch", "<b>glasses</b>"])
            else:
                share = chance.random() ** (0.4 if drifts and name == "xp_points" else 1)
                value = quantile(seen["quantiles"], share)
            given[name] = value
        return given


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000+00:00"


def uid(at: datetime, chance: random.Random) -> str:
    milliseconds = int(at.timestamp() * 1000)
    return str(uuid.UUID(int=milliseconds << 80 | 7 << 76 | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62)))


def document() -> str:
    return json.dumps(
        {
            "schema": 1,
            "proba_cutoff": CUTOFF,
            "arms": [{"model": model, "percentage": percent} for model, percent in ARMS],
            "shadow": [],
            "heuristic_percentage": HEURISTIC,
            "holdout_percentage": HOLDOUT,
            "experiment_salt": SALT,
            "email": "none",
            "recent_window_seconds": 86400,
            "drift": {
                "psi": 0.2,
                "ks": 0.1,
                "cramers_v": 0.1,
                "missing_change": 0.05,
                "unseen_share": 0.01,
                "minimum_rows": 200,
            },
            "outcome_window_days": 30,
            "contact_value": {"contact_cost": 2.0, "kept_share": 0.2},
        },
        separators=(",", ":"),
    )


def write_config(database: sqlite3.Connection, now: datetime, days: int) -> int:
    """The experiment's version, as old as the experiment."""
    began, before = moment(now - timedelta(days=days + 1)), moment(now - timedelta(days=days + 9))
    (version,) = database.execute("SELECT max(version) FROM config_version").fetchone()
    database.execute("UPDATE config_version SET created_at = ?", (before,))
    text = document()
    database.execute(
        "INSERT INTO config_version (environment, version, parent, document, sha256, author, reason, created_at) "
        "VALUES ('prod', ?, ?, ?, ?, 'edith', 'Does it help?', ?)",
        (version + 1, version, text, hashlib.sha256(text.encode()).hexdigest(), began),
    )
    return version + 1


def simulate(database: sqlite3.Connection, clients: int = 6_000, days: int = 60, seed: int = 1) -> None:
    chance, training, now = random.Random(seed), Training(), datetime.now(timezone.utc)
    version = write_config(database, now, days)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    logs, outcomes = [], []
    for number in range(clients):
        client = f"sim-{number:06d}"
        # Every other one in the last days, so that a day has enough rows to be judged.
        span = days if number % 2 else BUSY_FOR
        at = now - timedelta(days=span) * (1 - (number + 0.5) / clients)
        drifts = at > midnight - timedelta(days=DRIFTS_FOR)
        treatment, arm = assigned(client)
        risk = chance.gauss(0, 1)
        scores = {}
        for (model, _), likeness in zip(ARMS, (0.95, 0.8), strict=True):
            seen = likeness * risk + (1 - likeness**2) ** 0.5 * chance.gauss(0, 1)
            scores[model] = quantile(training.scores[model], NORMAL.cdf(seen))
        heuristic = NORMAL.cdf(0.4 * risk + 0.9 * chance.gauss(0, 1))
        said = {"model": scores[arm], "heuristic": heuristic, "holdout": None}[treatment]
        ltv = round(40 * chance.lognormvariate(0.5, 0.8), 2)
        here = uid(at, chance)
        record = {
            "schema": 1,
            "environment": "prod",
            "replica": "simulated",
            "logging_timestamp": at.isoformat(),
            "client_id": client,
            "input": training.drawn(chance, drifts),
            "output": {
                "uid": here,
                "prediction": None if said is None else round(said, 4),
                "high_risk": None if said is None else ("yes" if said >= CUTOFF else "no"),
                "ltv": ltv,
                "recent_times_id_seen": 0,
                "response_time": 0.001,
                "treatment": treatment,
                "model": arm if treatment == "model" else None,
                "config_version": version,
            },
            "scores": scores,
            "heuristic": heuristic,
            "arm": arm,
        }
        row = (here, moment(at), client, treatment, record["output"]["model"], record["output"]["prediction"], version)
        logs.append((*row, json.dumps(record)))
        churns = quantile(training.scores[ARMS[0][0]], NORMAL.cdf(risk)) * 0.8
        churns *= 0.7 if said is not None and said >= CUTOFF else 1
        if chance.random() < churns:
            left = at + timedelta(days=chance.uniform(1, 29))
            if left < now:
                outcomes.append((client, "left", 1, moment(left), moment(left)))
        elif (stayed := at + timedelta(days=31)) < now and chance.random() < 0.97:
            outcomes.append((client, "stayed", 0, moment(stayed), moment(stayed)))
    database.executemany(
        "INSERT INTO model_logs (uid, logging_timestamp, client_id, treatment, model, prediction, config_version, "
        "input_output_payloads) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        logs,
    )
    database.executemany("INSERT INTO outcomes VALUES (?, ?, ?, ?, ?)", outcomes)
    database.commit()


if __name__ == "__main__":
    with sqlite3.connect(Path(sys.argv[1]) / "prod" / "bellwether.sqlite", timeout=30) as opened:
        simulate(opened)
