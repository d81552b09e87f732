"""The geometry command's options, and the settings of an estimator that they mean."""

from pathlib import Path

from geomem import commands
from geomem.errors import InputError
from geomem.geometry.glue_points import DICHOTOMIES, PREPROCESS
from geomem.geometry.residual import CONVENTIONS

# What only one estimator takes, and what only a single file is measured with.
_MEAN_FIELD = ("--kappa", "--keep-low-rank", "--dimension-convention")
_GLUE = ("--dichotomies", "--preprocess")
_ONE_FILE = ("--sweep", "--repeats", "--shuffles", "--dimension-convention")


def read_options(description, argv):
    """The options as `argparse` gives them; None where one was not given, or `n_t` "auto"."""
    parser = commands.parser("geometry", description)
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
        metavar="N",
        help="Gaussian vectors (300; with --estimator glue 200); with mean-field also auto: as "
        "many as a relative error of 0.5 %% takes",
    )
    parser.add_argument("--confidence", type=float, default=0.95, help="of the intervals (0.95)")
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed draws the same Gaussian vectors (0)"
    )
    parser.add_argument(
        "--threads", type=int, help="threads (default: OMP_NUM_THREADS, or one per core)"
    )
    group = parser.add_argument_group("with --estimator mean-field")
    group.add_argument("--kappa", type=float, help="margin, in units of a manifold's centre (0)")
    group.add_argument(
        "--keep-low-rank",
        action="store_true",
        default=None,
        help="do not remove directions that centres share",
    )
    group.add_argument(
        "--dimension-convention",
        choices=CONVENTIONS,
        help="dimensions of a manifold: min(points, features), or those that its points span "
        "(points)",
    )
    group = parser.add_argument_group("with --estimator glue")
    group.add_argument("--dichotomies", choices=[d for d in DICHOTOMIES if d != "given"])
    group.add_argument("--preprocess", choices=PREPROCESS)
    group = parser.add_argument_group("few points per manifold, of one file")
    group.add_argument(
        "--sweep",
        type=int,
        metavar="M",
        help="measure with fewer points as well, up to M per manifold: FILE.sweep.csv and .png",
    )
    group.add_argument("--repeats", type=int, metavar="N", help="orders of points for --sweep (8)")
    group.add_argument(
        "--shuffles",
        type=int,
        metavar="N",
        help="measure N times with all points dealt to the manifolds at random, for a p-value",
    )
    return parser.parse_args(argv)


def settings(options):
    """Keywords of `manifold_geometry` or, with `--estimator glue`, `glue_geometry`.

    Raises
    ------
    InputError
        If an option belongs to the other estimator, or one means nothing.
    """
    glue = options.estimator == "glue"
    if found := given(options, _MEAN_FIELD if glue else _GLUE):
        other, this = ("mean-field", "glue") if glue else ("glue", "mean-field")
        raise InputError(
            f"{' and '.join(found)}: of the estimator {other}; leave that out with {this}, "
            f"or give --estimator {other}"
        )
    if options.repeats is not None and options.sweep is None:
        raise InputError("--repeats: how often --sweep measures; give --sweep as well")
    if options.shuffles is not None and options.shuffles < 1:
        raise InputError(f"--shuffles is {options.shuffles}; expected a whole number from 1 up")
    if glue:
        return {
            "n_t": _whole(options, "", default=200),
            "dichotomies": options.dichotomies or "random",
            "preprocess": options.preprocess or "center",
            "confidence": options.confidence,
        }
    return {
        "n_t": "auto" if options.n_t == "auto" else _whole(options, ", or auto", default=300),
        "kappa": options.kappa or 0.0,
        "remove_low_rank": not options.keep_low_rank,
        "confidence": options.confidence,
        "dimension_convention": options.dimension_convention or "points",
    }


def settings_of_many(options):
    """`settings` for a manifest or a folder of arrays, which takes fewer options.

    Raises
    ------
    InputError
    """
    if found := given(options, _ONE_FILE):
        raise InputError(
            f"{' and '.join(found)}: for one array file; leave that out for a manifest or a folder"
        )
    if options.n_t == "auto":
        raise InputError(
            "--n-t is auto; expected a whole number from 1 up for a manifest or a folder"
        )
    return settings(options)


def given(options, names):
    """Those of some options that were given: list of str."""
    return [name for name in names if getattr(options, _attribute(name)) is not None]


def _attribute(name):
    return name.removeprefix("--").replace("-", "_")


def _whole(options, more, default):
    if options.n_t is None:
        return default
    if not options.n_t.isdigit():
        raise InputError(f"--n-t is {options.n_t}; expected a whole number from 1 up{more}")
    return int(options.n_t)
