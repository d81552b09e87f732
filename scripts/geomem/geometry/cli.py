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
    parser.add_argument("--estimator", choices=("mean-field", "glue"), default="mean-field")
    parser.add_argument("--output", type=Path, metavar="PATH", help="table: .csv or .parquet")
    parser.add_argument("--n-t", default="300", metavar="N", help="Gaussian vectors, or auto (300)")
    parser.add_argument("--kappa", type=float, default=0.0, help="margin (0)")
    parser.add_argument("--keep-low-rank", action="store_true", help="remove no common directions")
    parser.add_argument("--confidence", type=float, default=0.95, help="of the intervals (0.95)")
    parser.add_argument("--seed", type=int, default=0, help="of the Gaussian vectors (0)")
    parser.add_argument("--threads", type=int, help="default: OMP_NUM_THREADS, or one per core")
    parser.add_argument("--dimension-convention", choices=CONVENTIONS, help="D (points)")
    add_glue_options(parser)
    add_options(parser)
    options = parser.parse_args(argv)
    if is_collection(options.file):
        from geomem.foreign.command import measure_collection

        return measure_collection(options)
    require_type(options.file)
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
    _print(geometry, output)


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


def _print(geometry, output):
    print(f"{len(geometry.capacity)} manifolds, {geometry.n_t} Gaussian vectors each")
    for name in ("capacity", "radius", "dimension"):
        value, lo, hi = (getattr(geometry, f"mean_{name}{end}") for end in ("", "_lo", "_hi"))
        percent = f"{100 * geometry.confidence:g}%"
        print(f"  {name:20s}{value:10.5g}   {percent} interval {lo:.5g} to {hi:.5g}")
    print(f"  {'center_correlation':20s}{geometry.center_correlation:10.5g}")
    print(f"  {'low_rank_k':20s}{geometry.low_rank_k:10.4g}")
    print(f"  {'kkt_residual':20s}{geometry.kkt_residual:10.2g}")
    for warning in geometry.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"table: {output}")
