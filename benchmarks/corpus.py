"""Make tests/geometry/centers.npz: centres of real layers, for the test of rounding.

    python benchmarks/corpus.py 140 results/depth/runs/*/activations/*.npz ...

Takes so many sets of centres, evenly from all layers, kinds and epochs of the files, and stores
their coordinates in the directions they span, over the largest, as float16: arrays (P, rank) named
by where they are from. That moves the leading eigenvalues of their correlations by 5e-4 at most.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("count", type=int)
    parser.add_argument("activations", nargs="+", type=Path)
    parser.add_argument("--output", type=Path, default=ROOT / "tests/geometry/centers.npz")
    options = parser.parse_args()
    import numpy as np
    from geomem.analysis.activation_file import read_activations

    found = {}
    for path in options.activations:
        activations = read_activations(path)
        run = "-".join(path.parts[-5:-4] + path.parts[-3:-2])
        for layer in activations.layers:
            for kind in activations.kinds:
                name = f"{run} {path.stem} {layer['name']} {kind}"
                found[name] = coordinates(np, activations.products(layer["index"], kind).centers)
    kept = np.linspace(0, len(found) - 1, options.count).round().astype(int)
    names = np.array(list(found))[kept]
    np.savez_compressed(options.output, **{name: found[name] for name in names})
    print(f"{len(names)} of {len(found)} sets of centres in {options.output}")


def coordinates(np, products):
    values, vectors = np.linalg.eigh(products)
    kept = values > 1e-12 * values[-1]
    found = vectors[:, kept] * np.sqrt(values[kept])
    return (found / np.abs(found).max()).astype(np.float16)


if __name__ == "__main__":
    main()
