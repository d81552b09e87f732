"""Write the explorer: the tables of all experiments as one interactive page.

--spec {"experiments": {NAME: [what `geomem.pages.explorer` has to know of each table]}}
"""

from pathlib import Path

from geomem.process import add_tables, job, limit_threads, log, named_path, parser


def main(argv=None):
    options = parser(__doc__)
    add_tables(options, each="EXPERIMENT/NAME")
    options.add_argument(
        "--images", nargs="*", type=named_path, default=[], metavar="EXPERIMENT=NPZ",
        help="training images, for experiments with the table `examples`",
    )  # fmt: skip
    options.add_argument("--output", required=True, metavar="HTML")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)

    from geomem.pages.explorer.examples import MOST_IMAGES, chosen, thumbnails
    from geomem.pages.explorer.page import page
    from geomem.pages.explorer.sections import sections
    from geomem.storage.arrays import read_arrays
    from geomem.storage.pages import write_page
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_table

    spec = arguments.spec
    paths, pictures = dict(arguments.tables), dict(arguments.images)
    shown, data = {}, {}
    for path in sorted({*pictures.values()}):
        arrays = read_arrays(path, ["train_images", "class_names"])[0]
        images = arrays["train_images"]
        indices = chosen(len(images), MOST_IMAGES // len({*pictures.values()}))
        name = Path(path).parent.name
        shown[name] = thumbnails(images, indices)
        data[path] = name, indices, arrays["class_names"].tolist()
    found = sections(
        spec["experiments"],
        lambda name: read_table(paths[name]),
        images={name: data[path] for name, path in pictures.items()},
    )
    text = page(found, shown)
    read = [*paths.values(), *data]
    write_page(arguments.output, text, provenance("write_explorer", spec, read))
    rows = sum(table["length"] for experiment in found for table in experiment["tables"])
    log(f"{rows:,} values, {len(text) / 1e6:.1f} MB")


if __name__ == "__main__":
    job(main)
