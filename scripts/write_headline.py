"""Read the headline of an experiment off its tables and its claims.

--spec {"experiment": NAME, and what else the landing page says of it, see
        `geomem.workflow.settings.JobSettings.headline_spec`}
"""

from geomem.process import add_tables, job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    add_tables(options)
    options.add_argument("--claims", required=True, metavar="PARQUET")
    options.add_argument("--output", required=True, metavar="JSON")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)

    from geomem.headlines.measure import headline
    from geomem.headlines.sentences import headlines
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_table, write_document

    spec = arguments.spec
    paths = dict(arguments.tables)
    tables = {name: read_table(path) for name, path in paths.items()}
    found = headline(tables, read_table(arguments.claims), spec)
    origin = provenance("write_headline", spec, [*paths.values(), arguments.claims])
    write_document(arguments.output, found, origin)
    for title, text in headlines(found):
        log(f"{title}: {text}")


if __name__ == "__main__":
    job(main)
