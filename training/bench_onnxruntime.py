"""Times onnxruntime on a bundle, on one thread: what the server's own scoring is measured against.

    python bench_onnxruntime.py BUNDLE [--clients FILE.ndjson] [--seconds 3]

Rows are clients, generated or from a file of request bodies, made into the bundle's feature matrix beforehand:
only the graph is timed. Inputs are wrapped before the clock starts; the median is taken over many calls, after a
warm-up. Each batch size is timed twice: going through `different` rows, as a server meets them, and giving the
`same` rows again and again, which keeps the trees' used paths in the processor's cache and flatters every
engine. Compare like with like. Prints JSON; `median_ns_per_row` is in nanoseconds.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime

sys.path.insert(0, str(Path(__file__).parent / "src"))

from bellwether_training import FeatureSpec, table_of, transform
from bellwether_training.population import generate

BATCHES = (1, 256)
MATRIX_ROWS = 4096
MIN_CALLS = 50


def matrix_of(folder: Path, clients: Path | None) -> np.ndarray:
    """The float32 matrix [N, F] of the clients in a file, or of MATRIX_ROWS generated ones."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    spec = FeatureSpec.from_manifest(manifest["features"], manifest["columns"])
    if clients is None:
        return transform(spec, generate(MATRIX_ROWS, seed=1).inputs)
    requests = [json.loads(line) for line in clients.read_text(encoding="utf-8").splitlines()]
    return transform(spec, table_of(requests, spec.kinds()))


def single_threaded(model: Path) -> onnxruntime.InferenceSession:
    """A session that computes on the calling thread only."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def time_batch(
    session: onnxruntime.InferenceSession, matrix: np.ndarray, rows: int, inputs: str, seconds: float
) -> dict:
    """Times calls of `rows` rows each for about `seconds`, after a fifth of that as a warm-up."""
    starts = range(0, len(matrix) - rows + 1, rows) if inputs == "different" else [0]
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(matrix[at : at + rows])) for at in starts]
    _calls(session, values, seconds / 5)
    spent = _calls(session, values, seconds) / rows
    low, median, high = np.quantile(spent, [0.1, 0.5, 0.9]).round(1).tolist()
    quantiles = {"p10_ns_per_row": low, "median_ns_per_row": median, "p90_ns_per_row": high}
    return {"rows": rows, "inputs": inputs, "calls": len(spent), **quantiles}


def _calls(session: onnxruntime.InferenceSession, values: list, seconds: float) -> np.ndarray:
    """Nanoseconds of each call."""
    spent, end = [], time.perf_counter() + seconds
    while len(spent) < MIN_CALLS or time.perf_counter() < end:
        inputs = {"x": values[len(spent) % len(values)]}
        before = time.perf_counter_ns()
        session.run_with_ort_values(["probability"], inputs)
        spent.append(time.perf_counter_ns() - before)
    return np.array(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--clients", type=Path, help="request bodies, one a line; at least 256")
    parser.add_argument("--seconds", type=float, default=3.0, help="time spent on each measurement")
    args = parser.parse_args()
    matrix = matrix_of(args.bundle, args.clients)
    if len(matrix) < max(BATCHES):
        parser.error(f"--clients holds {len(matrix)} rows; at least {max(BATCHES)} are needed")
    session = single_threaded(args.bundle / "model.onnx")
    batches = [
        time_batch(session, matrix, rows, inputs, args.seconds) for rows in BATCHES for inputs in ("different", "same")
    ]
    report = {"bundle": args.bundle.name, "onnxruntime": onnxruntime.__version__, "threads": 1, "batches": batches}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
