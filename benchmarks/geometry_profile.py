"""Where the geometry's time goes, and how far each part is from what one core can do.

    python benchmarks/geometry_profile.py

One thread. Every part of the geometry is timed by itself on standard normal points (its second
call, in a warm cache) and set against the speed of a large double-precision matrix product in the
same process, or, for the part that only reads, of a sum over an array that is not in the cache.
The last lines time a process's first call, its imports left out, against the second.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import numpy as np  # noqa: E402 - after the number of threads is set

N_T = 200
FIRST = f"""
import sys, time
sys.path.insert(0, {str(SCRIPTS)!r})
import numpy as np
from geomem.geometry import manifold_geometry
points = np.random.default_rng(0).standard_normal((100, 50, 1000))
for _ in range(2):
    started = time.perf_counter()
    manifold_geometry(points, n_t=200, random_state=0)
    print(time.perf_counter() - started)
"""


def main():
    limit, stream = peak_flops(), stream_bytes()
    print(f"matrix product {limit / 1e9:.0f} Gflop/s, reading {stream / 1e9:.1f} GB/s, one thread")
    for shape in ((100, 50, 5000), (100, 500, 5000)):
        profile(shape, limit, stream)
    done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, check=True)
    first, second = map(float, done.stdout.split())
    print(f"first call of a process {first:.2f} s, second {second:.2f} s")


def profile(shape, limit, stream):
    from geomem.geometry import products as inner
    from geomem.geometry.lowrank import find_low_rank
    from geomem.geometry.pivoting import solve_all
    from geomem.geometry.residual import Cloud

    n_manifolds, n_points, n_features = shape
    points = np.random.default_rng(0).standard_normal((n_points, n_features))
    gram, _ = inner.moments(points)
    direction = np.random.default_rng(1).standard_normal((1, n_features))
    cloud = Cloud(0, gram, n_features / n_points, n_points)
    stack = np.ones((n_points, n_points + 1))
    stack[:, :-1] = (np.sqrt(cloud.values)[:, np.newaxis] * cloud.vectors.T).T
    t = np.random.default_rng(2).standard_normal((N_T, n_points + 1))
    weights = np.empty((N_T, n_points))
    arguments = (stack @ stack.T, stack, t @ stack.T, t, weights)
    solve_all(*arguments)
    active = (weights > 0).sum(axis=1).astype(float)
    centers = np.random.default_rng(3).standard_normal((n_manifolds, n_features))
    centers = centers @ centers.T

    def low_rank():
        find_low_rank(centers, np.random.default_rng(0), lambda f, xs: [f(x) for x in xs])

    # one factorization each, and the products of the active rows; sweeps come on top
    flops = float((active**3 / 3 + 2 * active * n_points + 2 * active**2).sum())
    parts = {
        "mean and Gram": (lambda: inner.moments(points), n_points**2 * n_features, None),
        "projection": (lambda: inner.project(points, direction), None, points.nbytes),
        "eigenvectors": (lambda: np.linalg.eigh(gram), 9 * n_points**3, None),
        "programs": (lambda: solve_all(*arguments), flops, None),
        "the manifold's draws, anchors and programs": (
            lambda: cloud.statistics(0, N_T, 0.0),
            None,
            None,
        ),
    }
    print(f"\nP, M, N = {shape}, n_t = {N_T}, {active.mean():.0f} active points a program")
    for name, (call, operations, size) in parts.items():
        seconds = best(call)
        line = f"  {name}: {1e3 * seconds * n_manifolds:.0f} ms for all manifolds"
        if operations:
            line += f", {operations / seconds / limit:.0%} of the matrix product's speed"
        if size:
            line += f", {size / seconds / stream:.0%} of the reading speed"
        print(line)
    print(f"  low-rank structure: {1e3 * best(low_rank):.0f} ms")


def peak_flops():
    a = np.random.default_rng(0).standard_normal((1500, 1500))
    return 2 * 1500**3 / best(lambda: a @ a)


def stream_bytes():
    a = np.ones(2**26)
    return a.nbytes / best(a.sum)


def best(call, times=5):
    """Seconds of the fastest of so many calls, after one that does not count."""
    call()
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


if __name__ == "__main__":
    main()
