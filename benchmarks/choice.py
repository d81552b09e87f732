"""How far the choice among the low-rank step's minima moves mean capacity, on a run's activations.

    python benchmarks/choice.py results/depth/runs/w8_n0.5_s0/activations/last.npz
    python benchmarks/choice.py FILE --layers conv3_1 fc3

Every layer and kind of manifolds is measured with three random states, whose starts and Gaussian
vectors are other ones, with so many vectors that those alone move little. One line each: the K
removed, the largest mean capacity over the least, less 1, and the width of the interval over
vectors as a share of the capacity: what is beyond it the choice of the minimum has moved.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import numpy as np
from geomem.analysis.activation_file import read_activations
from geomem.geometry import geometry_from_products

STATES = (0, 1, 2)
N_T = 3000


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("activations", type=Path)
    parser.add_argument("--layers", nargs="+", metavar="NAME", help="default: all")
    options = parser.parse_args()
    activations = read_activations(options.activations)
    moved, changed = [], 0
    for layer in activations.layers:
        if options.layers and layer["name"] not in options.layers:
            continue
        for kind in activations.kinds:
            products = activations.products(layer["index"], kind)
            found = [
                geometry_from_products(products, n_t=N_T, random_state=state, threads=1)
                for state in STATES
            ]
            removed = [geometry.low_rank_k for geometry in found]
            means = [geometry.mean_capacity for geometry in found]
            width = (found[0].mean_capacity_hi - found[0].mean_capacity_lo) / means[0]
            moved.append(max(means) / min(means) - 1)
            changed += len(set(removed)) > 1
            name = f"{layer['name']}, {kind}"
            print(f"{name}: K {removed}, {moved[-1]:.2%}, interval {width:.2%}", flush=True)
    print(
        f"another K in {changed} of {len(moved)}; mean capacity moves by more than 1 % in "
        f"{np.sum(np.array(moved) > 0.01)}, by {max(moved):.1%} at most, by {np.median(moved):.2g} "
        "at the median"
    )


if __name__ == "__main__":
    main()
