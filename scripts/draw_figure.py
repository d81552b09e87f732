"""Draw one figure from collected tables.

--figure names a figure that comes with geomem, such as `depth`, or a function
`package.module:function` of tables. The names of its positional arguments are those of --inputs,
e.g. `geometry` and `accuracy`.
--spec holds its settings, the function's keyword arguments, besides `width` and `noise` (a number
or a list each) to show only those.
"""

from geomem.process import job, limit_threads, log, named_path, parser


def main(argv=None):
    arguments = parser(__doc__)
    arguments.add_argument("--figure", required=True, metavar="NAME")
    arguments.add_argument(
        "--inputs", nargs="+", type=named_path, default=[], metavar="NAME=PATH",
        help="collected tables, images, labels",
    )  # fmt: skip
    arguments.add_argument(
        "--style", nargs="*", default=[], metavar="PATH", help="matplotlib style file, at most one"
    )
    arguments.add_argument("--png", metavar="PATH")
    arguments.add_argument("--svg", metavar="PATH")
    args = arguments.parse_args(argv)
    limit_threads(args.threads)

    from geomem.errors import InputError
    from geomem.figures.draw import draw, signature
    from geomem.figures.style import lay_over, save
    from geomem.storage.arrays import read_arrays
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_table

    if not (args.png or args.svg):
        raise InputError("--png, --svg: neither is given; name at least one file to write")
    path = args.figure if ":" in args.figure else f"geomem.figures.{args.figure}:draw"
    given = dict(args.inputs)
    paths = {}
    for name in signature(path)[0]:
        if name not in given:
            raise InputError(f"--inputs: {name} is not given, and {args.figure!r} is drawn from it")
        paths[name] = given[name]
    inputs = {
        name: read_arrays(path, ["train_images", "class_names"])[0]
        if name == "images"
        else read_table(path)
        for name, path in paths.items()
    }
    if len(args.style) > 1:
        raise InputError(f"--style: {len(args.style)} files are given; give one")
    lay_over(args.style[0] if args.style else None)
    figure = draw(path, inputs, args.spec)
    spec = {"figure": args.figure, **args.spec}
    origin = provenance("draw_figure", spec, [*paths.values(), *args.style])
    save(figure, args.png, args.svg, origin)
    log(f"drew {args.figure}")


if __name__ == "__main__":
    job(main)
