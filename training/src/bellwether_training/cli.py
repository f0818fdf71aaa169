"""The command line: one function a command. It says what it does on standard error, results go to files."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .bundle import verify_bundle
from .bundle.write import churn_probability
from .families import FAMILIES, Parameters
from .features import transform
from .population import DEFAULT_ROWS, generate
from .table import requests_of, write_ndjson
from .training import CREATED_AT, Workbench, save, set_up, train, uid_of

SHIPPED = ("random_forest", "xgboost")
"""The families whose bundles ship with Bellwether."""
TRAINING_SEED = 20261122
MAX_SHIPPED_BYTES = 4_000_000
"""The most that the folder of a bundle that ships may hold."""
_CLIENTS_SEED_OFFSET = 1_000_003
"""Added to the training seed for the clients of a parity set, so that no model has seen them."""
_start = time.monotonic()


def say(text: str) -> None:
    """Reports progress, with the seconds since the start."""
    print(f"[{time.monotonic() - _start:6.1f} s] {text}", file=sys.stderr, flush=True)


def make_models(args: argparse.Namespace) -> None:
    """Trains and writes the bundles that ship."""
    bench = _bench(args)
    for family in SHIPPED:
        folder = _make(family, bench, {}, args)
        if _bytes(folder) > MAX_SHIPPED_BYTES:
            raise SystemExit(f"{folder} holds more than {MAX_SHIPPED_BYTES} bytes: too much for a repository")


def make_bundle(args: argparse.Namespace) -> None:
    """Trains and writes one bundle of any family."""
    family, fixed = FAMILIES[args.family], {}
    for parameter, value, what in ((family.trees, args.trees, "--trees"), (family.depth, args.depth, "--depth")):
        if value is not None and parameter is None:
            raise SystemExit(f"{what} means nothing for {args.family}")
        if value is not None:
            fixed[parameter] = value
    if args.depth is not None:
        fixed |= _without_leaf_limit(args.family, args.depth)
    _make(args.family, _bench(args), fixed, args)


def _without_leaf_limit(family: str, depth: int) -> Parameters:
    """Lets the depth asked for be the only limit of a tree's size."""
    match family:
        case "random_forest" | "extra_trees" | "hist_gradient_boosting":
            return {"max_leaf_nodes": None}
        case "lightgbm":
            return {"num_leaves": 2**depth}
    return {}


def parity_set(args: argparse.Namespace) -> None:
    """Trains every family quickly and scores freshly generated clients with each, by scikit-learn itself."""
    bench = set_up(args.train_rows, args.seed)
    clients = generate(args.rows, args.seed + _CLIENTS_SEED_OFFSET)
    args.out.mkdir(parents=True, exist_ok=True)
    with (args.out / "clients.ndjson").open("w", encoding="utf-8", newline="\n") as out:
        write_ndjson(requests_of({"client_id": clients.client_id, **clients.inputs}), out)
    matrix = transform(bench.spec, clients.inputs)
    for family in FAMILIES:
        trained = train(family, bench, {}, quick=True, jobs=args.jobs, say=say)
        folder = save(trained, bench, args.out, args.created_at)
        probabilities = churn_probability(trained.classifier, matrix).tolist()
        path = args.out / f"{uid_of(family, args.created_at)}.probabilities.json"
        path.write_text(json.dumps(probabilities) + "\n", encoding="utf-8")
        say(f"{folder.name}: {len(probabilities)} probabilities")


def generate_clients(args: argparse.Namespace) -> None:
    """Writes raw clients as request bodies, one a line."""
    population = generate(args.rows, args.seed)
    columns = {"client_id": population.client_id, **population.inputs}
    if args.ltv:
        columns["ltv"] = population.ltv
    if args.label:
        columns["churned"] = population.churned
    with args.out.open("w", encoding="utf-8", newline="\n") as out:
        write_ndjson(requests_of(columns), out)
    say(f"{args.rows} clients in {args.out}")


def verify(args: argparse.Namespace) -> None:
    """Checks bundles on disk and scores their parity rows."""
    for folder in args.bundles:
        say(f"{folder.name}: good, parity within {verify_bundle(folder):.1e}")


def _bench(args: argparse.Namespace) -> Workbench:
    say(f"generating {args.rows} clients from seed {args.seed}, fitting features")
    bench = set_up(args.rows, args.seed)
    say(f"{len(bench.training.labels)} training rows, {bench.spec.columns} columns")
    return bench


def _make(family: str, bench: Workbench, fixed: Parameters, args: argparse.Namespace) -> Path:
    say(f"{family}: training")
    trained = train(family, bench, fixed, args.quick, args.jobs, say)
    folder = save(trained, bench, args.out, args.created_at, args.reports)
    metrics = json.loads((folder / "manifest.json").read_bytes())["metrics"]
    say(
        f"{folder}: {_bytes(folder) / 1e6:.2f} MB, ROC AUC {metrics['roc_auc']:.4f}, log loss {metrics['log_loss']:.4f}"
    )
    say(f"{folder.name}: parity within {verify_bundle(folder):.1e}")
    return folder


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bellwether_training", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        added.set_defaults(run=run)
        return added

    models = command("make-models", make_models)
    bundle = command("make-bundle", make_bundle)
    parity = command("parity-set", parity_set)
    clients = command("generate", generate_clients)
    bundle.add_argument("--family", choices=list(FAMILIES), required=True)
    bundle.add_argument("--trees", type=int, help="trees of each of the 5 folds")
    bundle.add_argument("--depth", type=int, help="greatest depth of a tree")
    for trainer in (models, bundle):
        trainer.add_argument("--out", type=Path, required=True, help="folder that holds the bundles")
        trainer.add_argument("--rows", type=int, default=DEFAULT_ROWS, help="clients to generate")
        trainer.add_argument("--reports", type=Path, help="folder for the plots; none are drawn without it")
        trainer.add_argument("--quick", action="store_true", help="skip the search for parameters")
    parity.add_argument("--out", type=Path, required=True)
    parity.add_argument("--rows", type=int, default=10_000, help="clients to score")
    parity.add_argument("--train-rows", type=int, default=8_000, help="clients to train on")
    clients.add_argument("--out", type=Path, required=True)
    clients.add_argument("--rows", type=int, default=DEFAULT_ROWS)
    clients.add_argument("--ltv", action="store_true", help="add each client's lifetime value")
    clients.add_argument("--label", action="store_true", help="add whether each client churned")
    for trainer in (models, bundle, parity):
        trainer.add_argument("--created-at", default=CREATED_AT, help="RFC 3339, UTC; it is part of the uid")
        trainer.add_argument("--jobs", type=int, default=2, help="folds trained side by side")
    for trainer in (models, bundle, parity):
        trainer.add_argument("--seed", type=int, default=TRAINING_SEED)
    clients.add_argument("--seed", type=int, default=1, help=f"{TRAINING_SEED} gives those the shipped models know")
    command("verify", verify).add_argument("bundles", type=Path, nargs="+", help="bundle folders")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code is 0 unless it raised."""
    args = _parser().parse_args(arguments)
    args.run(args)
    return 0
