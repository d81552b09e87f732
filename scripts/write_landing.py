"""Write the landing page of a results folder from the headlines of its experiments."""

from geomem.command import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--headlines", nargs="+", required=True, metavar="JSON")
    options.add_argument("--output", required=True, metavar="HTML")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)

    from geomem.headlines.landing import page
    from geomem.storage.pages import write_page
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_document

    found = [read_document(path) for path in arguments.headlines]
    origin = provenance("write_landing", arguments.spec, arguments.headlines)
    write_page(arguments.output, page(found), origin)
    log(f"{len(found)} experiments")


if __name__ == "__main__":
    job(main)
