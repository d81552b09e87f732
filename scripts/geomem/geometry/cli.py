"""Capacity, radius and dimension of the manifolds in a file.

FILE is .npy: one array (manifolds, points, features); .npz or .safetensors: such an array, or one
array (points, features) per manifold, or one array (points, features) with whole-number labels of
the points, one manifold per label.
"""

import argparse
import csv
import sys
import zipfile
from pathlib import Path

import numpy as np

from geomem.errors import DamagedFileError, InputError
from geomem.geometry.glue_cli import add_glue_options, measure_glue


def main(argv=None):
    """Measure a file's manifolds; print the means and write the table."""
    parser = argparse.ArgumentParser(
        prog="python -m geomem geometry",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--estimator", choices=("mean-field", "glue"), default="mean-field")
    parser.add_argument("--output", type=Path, metavar="PATH", help="table: .csv or .parquet")
    parser.add_argument("--n-t", default="300", metavar="N", help="Gaussian vectors, or auto (300)")
    parser.add_argument("--kappa", type=float, default=0.0, help="margin (0)")
    parser.add_argument("--keep-low-rank", action="store_true", help="remove no common directions")
    parser.add_argument("--confidence", type=float, default=0.95, help="of the intervals (0.95)")
    parser.add_argument("--seed", type=int, default=0, help="of the Gaussian vectors (0)")
    parser.add_argument("--threads", type=int, help="default: OMP_NUM_THREADS, or one per core")
    add_glue_options(parser)
    options = parser.parse_args(argv)
    output = options.output or options.file.with_suffix(".geometry.csv")
    if output.suffix not in (".csv", ".parquet"):
        raise InputError(f"--output is {output}; expected a name ending in .csv or .parquet")
    if options.n_t != "auto" and not options.n_t.isdigit():
        raise InputError(f"--n-t is {options.n_t}; expected a whole number or auto")
    settings = {
        "n_t": options.n_t if options.n_t == "auto" else int(options.n_t),
        "kappa": options.kappa,
        "remove_low_rank": not options.keep_low_rank,
        "confidence": options.confidence,
    }
    names, manifolds = read_manifolds(options.file)
    if options.estimator == "glue":
        return measure_glue(options, manifolds, output)

    from geomem.geometry.measure import manifold_geometry

    geometry = manifold_geometry(
        manifolds, random_state=options.seed, threads=options.threads, **settings
    )
    _write(output, geometry, names, {**settings, "seed": options.seed}, options.file)
    _print(geometry, output)
    return 0


def read_manifolds(path):
    """Names and points (M, N) of the manifolds in a file.

    Raises
    ------
    InputError
        If the file is of another type, or its arrays do not say what the manifolds are.
    DamagedFileError
        If it is missing or cannot be read.
    """
    arrays = _arrays(Path(path))
    shapes = {name: array.ndim for name, array in arrays.items()}
    if sorted(shapes.values()) == [1, 2]:
        labels, points = sorted(arrays.values(), key=lambda array: array.ndim)
        if labels.dtype.kind in "iu" and len(labels) == len(points):
            classes = np.unique(labels)
            return [str(c) for c in classes], [points[labels == c] for c in classes]
    if list(shapes.values()) == [3]:
        (array,) = arrays.values()
        return [str(index) for index in range(len(array))], list(array)
    if set(shapes.values()) == {2}:
        return list(arrays), list(arrays.values())
    found = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    raise InputError(
        f"{path} holds {found or 'no array'}; expected one array (manifolds, points, features), or "
        "an array (points, features) per manifold, or one with whole-number labels of its points"
    )


def _arrays(path):
    if path.suffix not in (".npy", ".npz", ".safetensors"):
        raise InputError(f"{path} is not of a type this reads: .npy, .npz or .safetensors")
    if not path.exists():
        raise DamagedFileError(f"{path} does not exist")
    try:
        if path.suffix == ".npy":
            return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False)}
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        return _load_safetensors(path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DamagedFileError(f"{path} cannot be read ({error})") from error


def _load_safetensors(path):
    try:
        import safetensors
        from safetensors.numpy import load_file
    except ImportError:
        raise InputError(
            f"reading {path} needs the package safetensors; install it, or give an .npz"
        ) from None
    try:
        return load_file(path)
    except safetensors.SafetensorError as error:
        raise DamagedFileError(f"{path} cannot be read ({error})") from error


def _write(path, geometry, names, settings, source):
    if path.suffix == ".parquet":
        from geomem.storage.provenance import provenance
        from geomem.storage.tables import write_table

        frame = geometry.to_frame()
        frame.insert(0, "name", frame["manifold"].map(dict(enumerate(names)), na_action="ignore"))
        write_table(path, frame, provenance("geometry", settings, [source]))
        return
    from geomem.storage.atomic import replacing

    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "manifold", "metric", "value", "lo", "hi", "warnings"])
        for manifold, *rest in geometry.rows():
            name, index = ("", "") if manifold is None else (names[manifold], manifold)
            writer.writerow([name, index, *rest, "; ".join(geometry.warnings)])


def _print(geometry, output):
    print(f"{len(geometry.capacity)} manifolds, {geometry.n_t} Gaussian vectors each")
    for name in ("capacity", "radius", "dimension"):
        value, lo, hi = (getattr(geometry, f"mean_{name}{end}") for end in ("", "_lo", "_hi"))
        percent = f"{100 * geometry.confidence:g}%"
        print(f"  {name:20s}{value:10.5g}   {percent} interval {lo:.5g} to {hi:.5g}")
    print(f"  {'center_correlation':20s}{geometry.center_correlation:10.5g}")
    print(f"  {'low_rank_k':20s}{geometry.low_rank_k:10d}")
    print(f"  {'kkt_residual':20s}{geometry.kkt_residual:10.2g}")
    for warning in geometry.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"table: {output}")
