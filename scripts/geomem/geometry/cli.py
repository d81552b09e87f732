"""Capacity, radius and dimension of the manifolds in a file.

FILE is .npy: one array (manifolds, points, features); .npz, .safetensors, .mat, .h5 or .zarr: such
an array, or one array (points, features) per manifold, or one array (points, features) with labels
of the points (whole numbers from 0 up, or text), one manifold per label.

FILE may also be a manifest (.csv, .parquet) of many arrays, or a folder of them, with layers,
epochs and subjects: then --output is a folder for tables, figures and explorer.
"""

import csv
import importlib.util
import sys
import warnings
from pathlib import Path

from geomem import commands
from geomem.errors import InputError
from geomem.foreign.manifest import is_collection
from geomem.geometry.files import read_manifolds
from geomem.geometry.glue_cli import add_glue_options, glue_settings, measure_glue
from geomem.geometry.residual import CONVENTIONS
from geomem.geometry.result import ROW
from geomem.statistics.cli import add_options, run_shuffles, run_sweep
from geomem.storage.atomic import replacing, require_writable
from geomem.storage.readers import require_type
from geomem.warning import column


def main(argv=None):
    """Measure a file's manifolds; print the means and write the table."""
    parser = commands.parser("geometry", __doc__)
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument(
        "--estimator",
        choices=("mean-field", "glue"),
        default="mean-field",
        help="each manifold by itself (mean-field, the default), or all together (glue)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="table, .csv or .parquet (default: FILE.geometry.csv beside FILE)",
    )
    parser.add_argument(
        "--n-t",
        default="300",
        metavar="N",
        help="Gaussian vectors, or auto: as many as a relative error of 0.5 %% takes (300)",
    )
    parser.add_argument(
        "--kappa", type=float, default=0.0, help="margin, in units of a manifold's centre (0)"
    )
    parser.add_argument(
        "--keep-low-rank", action="store_true", help="do not remove directions that centres share"
    )
    parser.add_argument("--confidence", type=float, default=0.95, help="of the intervals (0.95)")
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed draws the same Gaussian vectors (0)"
    )
    parser.add_argument(
        "--threads", type=int, help="threads (default: OMP_NUM_THREADS, or one per core)"
    )
    parser.add_argument(
        "--dimension-convention",
        choices=CONVENTIONS,
        help="dimensions of a manifold: min(points, features), or those that its points span "
        "(points)",
    )
    add_glue_options(parser)
    add_options(parser)
    options = parser.parse_args(argv)
    if not options.file.name or options.file.name == "..":  # ., / and the like
        options.file = options.file.resolve()
    if is_collection(options.file):
        from geomem.foreign.command import measure_collection

        return measure_collection(options)
    require_type(options.file)
    output = options.output or options.file.with_suffix(".geometry.csv")
    if output.suffix not in (".csv", ".parquet"):
        raise InputError(f"--output is {output}; expected a name ending in .csv or .parquet")
    if options.n_t != "auto" and not options.n_t.isdigit():
        raise InputError(f"--n-t is {options.n_t}; expected a whole number from 1 up, or auto")
    settings = {
        "n_t": options.n_t if options.n_t == "auto" else int(options.n_t),
        "kappa": options.kappa,
        "remove_low_rank": not options.keep_low_rank,
        "confidence": options.confidence,
        "dimension_convention": options.dimension_convention or "points",
    }
    if options.estimator == "glue":
        settings = glue_settings(options)
    require_writable(output)
    if output.suffix == ".parquet":
        _require_parquet(output)
    names, manifolds = read_manifolds(options.file)
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = _show_warning
        if options.estimator == "glue":
            measure_glue(options, manifolds, output, settings)
        else:
            _measure(options, names, manifolds, output, settings)
        warnings.simplefilter("ignore", UserWarning)  # said once, of all points
        if options.sweep is not None:
            run_sweep(options, manifolds, settings)
        if options.shuffles is not None:
            run_shuffles(options, manifolds, settings)
    return 0


def _measure(options, names, manifolds, output, settings):
    from geomem.geometry.measure import manifold_geometry

    geometry = manifold_geometry(
        manifolds, random_state=options.seed, threads=options.threads, **settings
    )
    _write(output, geometry, names, {**settings, "seed": options.seed}, options.file)
    print(_described(manifolds))
    print(geometry)
    for warning in geometry.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"table: {output}")


def _described(manifolds):
    """How many points and features, and the capacity of as many points without structure."""
    counts = sorted({len(points) for points in manifolds})
    points = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    text = f"{points} points in each manifold, {manifolds[0].shape[1]} features"
    if len(counts) > 1:
        return text
    return f"{text}; points without structure have capacity 2/{points} = {2 / counts[0]:.4g}"


def _require_parquet(output):
    missing = [name for name in ("pandas", "pyarrow") if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"writing {output} needs {' and '.join(missing)}; install them, or name a .csv"
        )


def _show_warning(message, *_):
    print(f"warning: {message}", file=sys.stderr)


def _write(path, geometry, names, settings, source):
    if path.suffix == ".parquet":
        from geomem.storage.provenance import provenance
        from geomem.storage.tables import write_table

        frame = geometry.to_frame()
        frame.insert(0, "name", frame["manifold"].map(dict(enumerate(names)), na_action="ignore"))
        write_table(path, frame, provenance("geometry", settings, [source]))
        return
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", *ROW, "warnings"])
        packed = column(geometry.warnings, geometry.numbered())
        for (manifold, *rest), text in zip(geometry.rows(), packed, strict=True):
            name, index = ("", "") if manifold is None else (names[manifold], manifold)
            writer.writerow([name, index, *rest, text])
