"""Write the explorer of an experiment: its tables as one interactive page.

--spec {"experiment": NAME, "tables": [what `geomem.pages.records` has to know of each table]}
"""

from geomem.command import job, limit_threads, log, named_path, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument(
        "--tables",
        nargs="+",
        type=named_path,
        required=True,
        metavar="NAME=PARQUET",
        help="collected tables",
    )
    options.add_argument("--output", required=True, metavar="HTML")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)

    from geomem.pages.explorer import library, page
    from geomem.pages.records import records
    from geomem.storage.pages import write_page
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_table

    spec = arguments.spec
    paths = dict(arguments.tables)
    rows, notes = {}, {}
    for described in spec["tables"]:
        name = described["name"]
        rows[name], notes[name] = records(described, read_table(paths[name]))
    text = page(spec["experiment"], spec["tables"], rows, notes, library())
    origin = provenance("write_explorer", spec, list(paths.values()))
    write_page(arguments.output, text, origin)
    log(f"{sum(map(len, rows.values()))} values, {len(text) / 1e6:.1f} MB")


if __name__ == "__main__":
    job(main)
