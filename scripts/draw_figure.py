"""Draw one figure from collected tables.

--spec holds the figure's settings, besides `width` and `noise` (a number or a list each) to show
only those: samples: count, seed; depth: per_class, kappa, remove_low_rank, epochs; change:
per_class, kappa, remove_low_rank; epochs: layers, metrics; width: per_class, kappa,
remove_low_rank, network, data; rewind: kinds; gradients: kinds; simulation: epochs;
localization: epoch.
"""

from geomem.command import job, limit_threads, log, parser


def main(argv=None):
    arguments = parser(__doc__)
    arguments.add_argument("--figure", required=True, metavar="NAME")
    tables = ("accuracy", "geometry", "rewind", "gradients", "simulation")
    for name in (*tables, "images", "labels"):
        arguments.add_argument(f"--{name}", metavar="PATH")
    arguments.add_argument("--png", metavar="PATH")
    arguments.add_argument("--svg", metavar="PATH")
    args = arguments.parse_args(argv)
    limit_threads(args.threads)

    from geomem.errors import InputError
    from geomem.figures.catalogue import FIGURES, draw
    from geomem.figures.style import save
    from geomem.storage.arrays import read_arrays
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_table

    if args.figure not in FIGURES:
        raise InputError(f"--figure: {args.figure!r} is not one of {', '.join(FIGURES)}")
    if not (args.png or args.svg):
        raise InputError("--png, --svg: neither is given; name at least one file to write")
    paths = {name: getattr(args, name) for name in FIGURES[args.figure].inputs}
    for name, path in paths.items():
        if path is None:
            raise InputError(f"--{name}: not given, and figure {args.figure!r} is drawn from it")
    inputs = {
        name: read_arrays(path, ["train_images", "class_names"])[0]
        if name == "images"
        else read_table(path)
        for name, path in paths.items()
    }
    figure = draw(args.figure, inputs, args.spec)
    spec = {"figure": args.figure, **args.spec}
    save(
        figure,
        args.png,
        args.svg,
        provenance("draw_figure", spec, paths.values()),
    )
    log(f"drew {args.figure}")


if __name__ == "__main__":
    job(main)
