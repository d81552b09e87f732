"""Joint capacity against the program of Wakhloo, Sussman and Chung, on equal problems.

    python benchmarks/glue_peer.py CHECKOUT --python DIR/bin/python
    python benchmarks/glue_peer.py CHECKOUT --python DIR/bin/python --seeds 3 --dimensions 3 5 10

CHECKOUT is one of github.com/awakhloo/correlated_capacity, which runs in a Python of its own with
numpy, scipy, cvxopt and tqdm. Both sides get the same points: spheres of radius 1 around random
unit centres, P 8, M 20, N 300. Their program draws vectors and dichotomies itself. Ours draws its
own (`geomem`, which is timed), and also solves exactly their draws in their coordinates
(`same_draws`): `distance_error` is the largest relative difference of |t - v|^2 over draws.
One thread. One line of JSON per dimension and seed, with seconds of the processor.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

# What their Python runs: its draws are reproduced from the seed of NumPy's global generator.
PEER = """
import contextlib, io, json, sys, time
import numpy as np
sys.path.insert(0, sys.argv[1])
from capacity import replica_correlations as peer
points, seed, n_t = np.load(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
P, M, N = points.shape
np.random.seed(seed)
used = time.process_time()
with contextlib.redirect_stdout(io.StringIO()):
    capacity, norms, exits, _, axes = peer.manifold_analysis_corr(
        [x.T for x in points], 0.0, n_t)
used = time.process_time() - used
np.random.seed(seed)
t = np.random.randn(P, M + 1, n_t)
labels = -np.random.choice([-1, 1], size=(n_t, P))  # its program asks for y <v, x> <= 0
with contextlib.redirect_stdout(io.StringIO()):
    _, L = peer.covariance_tensors(axes.transpose(0, 2, 1))
within = [(axes[i][:, :-1].T @ (x - x.mean(axis=0)).T).T for i, x in enumerate(points)]
coordinates = [np.concatenate([x, np.ones((M, 1))], axis=1) for x in within]
mapped = [x @ L[i].reshape(M + 1, -1) for i, x in enumerate(coordinates)]
np.savez(sys.argv[5], points=mapped, t=t.reshape(P * (M + 1), n_t).T, labels=labels, norms=norms)
print(json.dumps(dict(capacity=float(capacity), cpu_seconds=used, solved=int(sum(exits)))))
"""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path, help="of their repository")
    parser.add_argument("--python", required=True, help="a Python with what their program needs")
    parser.add_argument("--dimensions", type=int, nargs="+", default=[3, 5, 10])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--n-t", type=int, default=200)
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    import numpy as np
    from geomem.geometry import glue_from_draws, glue_geometry

    same = dict(preprocess="none", threads=1)
    glue_geometry(spheres(np, 2, 0), n_t=2, random_state=0, **same)  # load what is compiled
    for dimension in options.dimensions:
        for seed in range(options.seeds):
            points = spheres(np, dimension, seed)
            used = time.process_time()
            found = glue_geometry(points, n_t=options.n_t, random_state=seed, **same)
            used = time.process_time() - used
            theirs, draws = peer(np, options, points, seed)
            equal = glue_from_draws(draws["points"], draws["t"], draws["labels"], threads=1)
            error = np.abs(equal.draws[0].a / draws["norms"] - 1).max()
            line = {
                "dimension": dimension,
                "seed": seed,
                "geomem": round(found.capacity, 4),
                "geomem_interval": [round(found.capacity_lo, 4), round(found.capacity_hi, 4)],
                "peer": round(theirs["capacity"], 4),
                "same_draws": round(equal.capacity, 4),
                "distance_error": float(error),
                "geomem_cpu_seconds": round(used, 3),
                "peer_cpu_seconds": round(theirs["cpu_seconds"], 2),
                "ratio": round(theirs["cpu_seconds"] / used),
                "peer_solved": theirs["solved"],
            }
            print(json.dumps(line), flush=True)


def spheres(np, dimension, seed):
    """Points (8, 20, 300) on spheres of radius 1 around random unit centres."""
    rng = np.random.default_rng([dimension, seed])
    centers = rng.standard_normal((8, 1, 300))
    centers /= np.linalg.norm(centers, axis=2, keepdims=True)
    points = rng.standard_normal((8, 20, dimension))
    points /= np.linalg.norm(points, axis=2, keepdims=True)
    axes = [np.linalg.qr(rng.standard_normal((300, dimension)))[0].T for _ in range(8)]
    return centers + points @ np.array(axes)


def peer(np, options, points, seed):
    """What their program finds, and the draws that it made."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "points.npy", Path(folder) / "draws.npz"
        np.save(given, points)
        arguments = [options.checkout, given, seed, options.n_t, made]
        found = subprocess.run(
            [options.python, "-c", PEER, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=True,
        )
        with np.load(made) as file:
            return json.loads(found.stdout), dict(file)


if __name__ == "__main__":
    main()
