"""Write the explorer of an experiment: its tables as one interactive page.

--spec {"experiment": NAME, "epochs": {TABLE: [number, "best" or "last", ... as measured]}}
"""

from geomem.command import job, limit_threads, log, parser

TABLES = ("accuracy", "geometry", "rewind", "gradients", "simulation")


def main(argv=None):
    options = parser(__doc__)
    for name in TABLES:
        options.add_argument(f"--{name}", metavar="PARQUET", help="collected table")
    options.add_argument("--output", required=True, metavar="HTML")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)

    from geomem.pages.explorer import library, page
    from geomem.pages.records import records
    from geomem.storage.pages import write_page
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_table

    spec = arguments.spec
    paths = {name: getattr(arguments, name) for name in TABLES if getattr(arguments, name)}
    rows, notes = {}, {}
    for name, path in paths.items():
        rows[name], notes[name] = records(name, read_table(path), spec["epochs"].get(name, ()))
    text = page(spec["experiment"], rows, notes, library())
    origin = provenance("write_explorer", spec, list(paths.values()))
    write_page(arguments.output, text, origin)
    log(f"{sum(map(len, rows.values()))} values, {len(text) / 1e6:.1f} MB")


if __name__ == "__main__":
    job(main)
