"""Write the explorer: the tables of all experiments as one interactive page.

--spec {"experiments": {NAME: [what `geomem.pages.explorer` has to know of each table]}}
"""

from geomem.command import add_tables, job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    add_tables(options, each="EXPERIMENT/NAME")
    options.add_argument("--output", required=True, metavar="HTML")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)

    from geomem.pages.explorer.page import page
    from geomem.pages.explorer.sections import sections
    from geomem.storage.pages import write_page
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_table

    spec = arguments.spec
    paths = dict(arguments.tables)
    found = sections(spec["experiments"], lambda name: read_table(paths[name]))
    text = page(found)
    write_page(arguments.output, text, provenance("write_explorer", spec, list(paths.values())))
    rows = sum(table["length"] for experiment in found for table in experiment["tables"])
    log(f"{rows:,} values, {len(text) / 1e6:.1f} MB")


if __name__ == "__main__":
    job(main)
