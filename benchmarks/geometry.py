"""Time the manifold geometry, alone or against the authors' code.

    python benchmarks/geometry.py                          our side of every set
    python benchmarks/geometry.py --sets tree --rounds 3 \\
        --peer-checkout DIR --peer-python DIR/bin/python   both sides, in turn
        --fast-checkout DIR2 --fast-python DIR2/bin/python a third side
    python benchmarks/geometry.py --growth growth.png      time against P, M, N and n_t

The authors' code (github.com/schung039/neural_manifolds_replicaMFT) runs in a Python of its own,
which needs cvxopt, pymanopt 0.2.5 and autograd; our side is then timed with its restarts as well.
The third side is github.com/sakimarquis/fast-neural-geometry on the CPU, whose Python needs torch.
It and the authors' code get the same Gaussian vectors; ours draws its own.
One JSON line per run goes to standard output, with seconds of the clock and of the processors.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

# What both other codes get: a checkout, a file of points, seed, vectors, restarts. They put the
# numbers that they find into `result`.
BEFORE = """
import json, sys, time
import numpy as np
sys.path.insert(0, sys.argv[1])
X = np.load(sys.argv[2]); seed, n_t, starts = map(int, sys.argv[3:6])
size = min(X.shape[1:]) + 1
t = [np.random.default_rng([seed, i]).standard_normal((size, n_t)) for i in range(len(X))]
manifolds = [x.T for x in X]
"""
PEER = """
import mftma.manifold_analysis_correlation as peer
kept, find = {}, peer.fun_FA
def watch(centers, *rest, **named):
    found = find(centers, *rest, **named)
    kept.update(centers=centers, basis=found[2], fits=found[3])
    return found
peer.fun_FA = watch
np.random.seed(seed)
started = time.perf_counter(), time.process_time()
a, r, d, rho, k = peer.manifold_analysis_corr(manifolds, 0, n_t, t_vecs=t, n_reps=starts)
ended = time.perf_counter(), time.process_time()
x = (kept["centers"] - kept["centers"].mean(axis=1, keepdims=True)).T @ kept["basis"]
residual = x - x @ kept["fits"][k - 1] @ kept["fits"][k - 1].T
units = residual / np.linalg.norm(residual, axis=1, keepdims=True)
result = dict(cost=0.5 * ((units @ units.T) ** 2).sum())
"""
FAST = """
import torch
from manifold_analysis_correlation import manifold_analysis_corr_fast
torch.manual_seed(seed)
started = time.perf_counter(), time.process_time()
a, r, d, rho, k = manifold_analysis_corr_fast(
    manifolds, 0, n_t, t_vecs=t, n_reps=starts, device="cpu")
ended = time.perf_counter(), time.process_time()
result = {}
"""
AFTER = """
print(json.dumps(dict(
    seconds=ended[0] - started[0], cpu_seconds=ended[1] - started[1],
    capacity=float(1 / np.mean(1 / a)), radius=float(r.mean()), dimension=float(d.mean()),
    center_correlation=float(rho), k=int(k), **result)))
"""


def readme(np, seed):
    """P 100, M 50, N 5000, standard normal: the example of the authors' README."""
    return np.random.default_rng(seed).standard_normal((100, 50, 5000))


def tree(np, seed):
    """Ten superclasses of ten classes, rectified."""
    rng = np.random.default_rng(seed)
    parents = np.repeat(rng.standard_normal((10, 1000)), 10, axis=0)
    centers = parents + 0.7 * rng.standard_normal((100, 1000))
    return np.maximum(centers[:, np.newaxis] + rng.standard_normal((100, 50, 1000)), 0)


def rank15(np, seed):
    """Centres of which 15 dimensions are much the strongest."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((100, 15)) @ rng.standard_normal((15, 1000)) / 2
    centers += 0.5 * rng.standard_normal((100, 1000))
    return centers[:, np.newaxis] + rng.standard_normal((100, 50, 1000))


def conv(np, seed):
    """Features of a random convolutional network, two layers, for smooth noisy images."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    prototypes = gaussian_filter(rng.standard_normal((100, 1, 3, 24, 24)), (0, 0, 0, 3, 3)) * 8
    noise = gaussian_filter(rng.standard_normal((100, 50, 3, 24, 24)), (0, 0, 0, 1, 1)) * 2
    images = (prototypes + noise).reshape(-1, 3, 24, 24)
    for channels in (16, 24):
        kernel = rng.standard_normal((channels, images.shape[1] * 9))
        kernel /= np.sqrt(kernel.shape[1])
        windows = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(2, 3))
        n, _, height, width = windows.shape[:4]
        stacked = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * height * width, -1)
        images = np.maximum(stacked @ kernel.T, 0).reshape(n, height, width, channels)
        images = images.transpose(0, 3, 1, 2)
        even = images[:, :, : height // 2 * 2, : width // 2 * 2]
        images = even.reshape(n, channels, height // 2, 2, width // 2, 2).max(axis=(3, 5))
        images = np.ascontiguousarray(images)
    return images.reshape(100, 50, -1)


def small(np, seed):
    """P 20, M 20, N 500, centres of which four dimensions are much the strongest."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((20, 4)) @ rng.standard_normal((4, 500))
    centers += rng.standard_normal((20, 500))
    return centers[:, np.newaxis] + rng.standard_normal((20, 20, 500))


def many(np, seed):
    """P 100, M 500, N 5000, standard normal, float32."""
    return np.random.default_rng(seed).standard_normal((100, 500, 5000), dtype=np.float32)


def wide(np, seed):
    """P 100, M 50, N 65536, float32, read from a memory map."""
    rng = np.random.default_rng(seed)
    path = Path(tempfile.gettempdir()) / f"geomem-wide-{seed}-{os.getpid()}.npy"
    points = np.lib.format.open_memmap(path, "w+", np.float32, (100, 50, 65536))
    for cloud in points:
        cloud[:] = rng.standard_normal(cloud.shape, dtype=np.float32)
    points.flush()
    mapped = np.load(path, mmap_mode="r")
    path.unlink()
    return mapped


# what the authors' code does: for each K the best of ten random starts, by its rule
RESTARTS = {"low_rank_rule": "authors"}
SETS = {f.__name__: f for f in (readme, tree, rank15, conv, small, many, wide)}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS), metavar="SET")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0, help="of the set; round i runs with seed i")
    parser.add_argument("--n-t", type=int, default=200)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--peer-checkout", type=Path)
    parser.add_argument("--peer-python", type=Path)
    parser.add_argument("--peer-starts", type=int, default=10)
    parser.add_argument("--fast-checkout", type=Path)
    parser.add_argument("--fast-python", type=Path, default=Path(sys.executable))
    parser.add_argument("--growth", type=Path, metavar="PNG", help="measure growth, plot it here")
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(options.threads)
    import numpy as np

    if options.growth:
        growth(np, options)
        return
    for name in options.sets:
        points = SETS[name](np, options.seed)
        ours(points[:, :, :8], options, 0)  # load what is compiled
        ours(points[:, :, :8], options, 0, **RESTARTS)
        compare(np, name, points, options)


def compare(np, name, points, options):
    """All sides in turn, so that a change in the machine's load hits all."""
    sides = {"ours": lambda seed: ours(points, options, seed)}
    if options.peer_checkout:
        sides["ours, its restarts"] = lambda seed: ours(points, options, seed, **RESTARTS)
        code = options.peer_checkout, options.peer_python, PEER
        sides["peer"] = lambda seed, code=code: other(np, *code, points, options, seed)
    if options.fast_checkout:
        code = options.fast_checkout, options.fast_python, FAST
        sides["fast-neural-geometry"] = lambda seed, code=code: other(
            np, *code, points, options, seed
        )
    seconds = {side: [] for side in sides}
    cpu_seconds = {side: [] for side in sides}
    for seed in range(options.rounds):
        for side, run in sides.items():
            found = run(seed)
            seconds[side].append(found["seconds"])
            cpu_seconds[side].append(found["cpu_seconds"])
            report(set=name, of_set=options.seed, side=side, seed=seed, **found)
    for unit, values in (("seconds", seconds), ("cpu_seconds", cpu_seconds)):
        medians = {side: float(np.median(times)) for side, times in values.items()}
        ratios = {
            side: round(medians["peer"] / value, 1)
            for side, value in medians.items()
            if "peer" in medians and side != "peer"
        }
        report(set=name, of_set=options.seed, median=unit, values=medians, peer_to=ratios)


def ours(points, options, seed, **low_rank):
    from geomem.geometry import manifold_geometry

    with Memory() as memory:
        started = time.perf_counter(), time.process_time()
        result = manifold_geometry(
            points,
            n_t=options.n_t,
            random_state=seed,
            threads=options.threads,
            **low_rank,
        )
        ended = time.perf_counter(), time.process_time()
    costs = {level.k: level.cost for level in result.low_rank.profile}
    return {
        "seconds": ended[0] - started[0],
        "cpu_seconds": ended[1] - started[1],
        "megabytes": round(memory.peak - memory.before),
        "capacity": result.mean_capacity,
        "radius": result.mean_radius,
        "dimension": result.mean_dimension,
        "center_correlation": result.center_correlation,
        "k": result.low_rank_k,
        "cost": costs.get(result.low_rank_k),
        "costs": {k: round(cost, 6) for k, cost in costs.items()},
        "warnings": result.warnings,
    }


def other(np, checkout, python, code, points, options, seed):
    """Another project's code, from a checkout of it, in its own Python."""
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file, points)
        file.flush()
        numbers = map(str, (seed, options.n_t, options.peer_starts))
        command = [str(python), "-c", BEFORE + code + AFTER, str(checkout), file.name]
        done = subprocess.run([*command, *numbers], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the code in {checkout} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


class Memory:
    """Peak of this process's own memory (without mapped files), MB, sampled."""

    def __enter__(self):
        self.before = self.peak = _own_memory()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while not self._done.wait(0.01):
            self.peak = max(self.peak, _own_memory())

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()


def _own_memory():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    return 0.0


def growth(np, options):
    """Time against each size, the others fixed; exponents from a line through the logarithms."""
    import matplotlib.pyplot as plt

    base = {"P": 40, "M": 40, "N": 2000, "n_t": 200}
    sizes = {
        "P": (20, 40, 80, 160),
        "M": (20, 40, 80, 160, 320),
        "N": (4000, 16000, 64000),
        "n_t": (200, 800, 3200),
    }
    figure, axes = plt.subplots(1, 4, figsize=(12, 3), sharey=True, layout="constrained")
    for axis, (name, values) in zip(axes, sizes.items(), strict=True):
        seconds = []
        for value in values:
            size = {**base, name: value}
            rng = np.random.default_rng(0)
            points = rng.standard_normal((size["P"], size["M"], size["N"]))
            options.n_t = size["n_t"]
            runs = [ours(points, options, 0)["seconds"] for _ in range(options.rounds + 1)]
            seconds.append(min(runs[1:]))
        exponent = float(np.polyfit(np.log(values), np.log(seconds), 1)[0])
        report(growth=name, values=values, seconds=seconds, exponent=round(exponent, 2))
        axis.loglog(values, seconds, "o-")
        axis.set_xticks(values, [f"{value:,}" for value in values])
        axis.set_xticks([], minor=True)
        fixed = ", ".join(f"{key} {value}" for key, value in base.items() if key != name)
        axis.set(xlabel=f"{name}  ({fixed})", title=f"exponent {exponent:.2f}")
    axes[0].set_ylabel(f"time, {options.threads} thread(s) (s)")
    figure.savefig(options.growth, dpi=150)


def report(**values):
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main()
