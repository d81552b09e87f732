"""Write tests/geometry/golden.json: what the authors' code gives for inputs made from seeds.

    python benchmarks/golden.py --peer-checkout DIR --peer-python DIR/bin/python

The authors' code (github.com/schung039/neural_manifolds_replicaMFT) runs unchanged in a Python of
its own, which needs cvxopt, pymanopt 0.2.5 and autograd. Single manifolds get the very Gaussian
vectors that the tests use. Where its quadratic program fails, the multipliers do not sum to the
step along the centre, and the anchor point lies outside the manifold. Such vectors are left out on
both sides and listed as `unsolved`. Whole analyses draw their own vectors, from three seeds. The
part `call` gives the authors' function Gaussian vectors, as `geomem.compat` takes them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.geometry import golden  # noqa: E402 (found on the path added above)

PEER = """
import importlib.metadata, json, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
import mftma.manifold_analysis_correlation as peer

task = json.loads(sys.argv[3])
arrays = list(np.load(sys.argv[2]).values())
if task["kind"] == "single":
    points, t = arrays
    raised = np.concatenate([points, np.ones((1, points.shape[1]))])
    kappa, largest = task["kappa"], peer.maxproj(t, raised)[1]

    def failed(i):
        v, _, _, multipliers, _ = peer.minimize_vt_sq(t[:, i : i + 1], raised, kappa=kappa)
        return abs(multipliers.sum() / (t[-1, i] - v[-1, 0]) - 1) > 1e-6

    unsolved = [i for i in range(t.shape[1]) if largest[i] + kappa >= 0 and failed(i)]
    t = np.delete(t, unsolved, axis=1)
    found = peer.each_manifold_analysis_D1(raised, kappa, t.shape[1], t_vec=t)
    result = dict(zip(("capacity", "radius", "dimension"), map(float, found)), unsolved=unsolved)
elif task["kind"] == "call":
    np.random.seed(0)
    half = len(arrays) // 2
    *found, rho, k = peer.manifold_analysis_corr(
        [x.T for x in arrays[:half]], task["kappa"], arrays[half].shape[1], t_vecs=arrays[half:])
    names = "capacity", "radius", "dimension"
    result = {name: values.tolist() for name, values in zip(names, found)}
    result.update(center_correlation=float(rho), K=int(k))
else:
    np.random.seed(task["seed"])
    a, r, d, rho, k = peer.manifold_analysis_corr(
        [x.T for x in arrays], task["kappa"], task["n_t"], n_reps=task["starts"])
    result = dict(seed=task["seed"], capacity=float(1 / np.mean(1 / a)), radius=float(r.mean()),
        dimension=float(d.mean()), center_correlation=float(rho), K=int(k))
print(json.dumps(result))
"""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer-checkout", type=Path, required=True)
    parser.add_argument("--peer-python", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--n-t", type=int, default=300, help="Gaussian vectors of whole analyses")
    parser.add_argument("--starts", type=int, default=5, help="of their search for each K")
    parser.add_argument("--output", type=Path, default=ROOT / "tests" / "geometry" / "golden.json")
    options = parser.parse_args()
    numbers = json.loads(options.output.read_bytes()) if options.output.exists() else {}
    numbers["source"] = source(options.peer_checkout)
    for part in options.parts:
        names, measure = PARTS[part]
        numbers[part] = {name: measure(name, options) for name in names}
    options.output.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


def source(checkout):
    head = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    commit = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()
    return {"repository": "github.com/schung039/neural_manifolds_replicaMFT", "commit": commit}


def single(name, options):
    points, t, kappa = golden.single_manifold(name)
    found = peer([points, t], {"kind": "single", "kappa": kappa}, options)
    return {"inputs": golden.fingerprint(points, t), **found}


def whole(name, options):
    make, kappa = golden.SETS[name]
    points = make()
    task = {"kind": "whole", "kappa": kappa, "n_t": options.n_t, "starts": options.starts}
    runs = [peer(points, {**task, "seed": seed}, options) for seed in options.seeds]
    return {
        "inputs": golden.fingerprint(*points),
        "n_t": options.n_t,
        "starts": options.starts,
        "runs": runs,
    }


def call(name, options):
    manifolds, vectors, kappa = golden.call(name)
    found = peer([*manifolds, *vectors], {"kind": "call", "kappa": kappa}, options)
    return {"inputs": golden.fingerprint(*manifolds, *vectors), **found}


PARTS = {
    "single": (golden.MANIFOLDS, single),
    "whole": (golden.SETS, whole),
    "call": (golden.CALLS, call),
}


def peer(arrays, task, options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arrays.npz"
        np.savez(path, *arrays)
        command = [options.peer_python, "-c", PEER, options.peer_checkout, path, json.dumps(task)]
        environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, check=False, env=environment
        )
    if done.returncode:
        raise SystemExit(f"the authors' code failed for {task}:\n{done.stderr}")
    print(task, done.stdout.strip(), flush=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
