"""Write the landing page of a results folder from the headlines of its experiments."""

from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--headlines", nargs="+", required=True, metavar="JSON")
    options.add_argument("--output", required=True, metavar="HTML")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)

    from pathlib import Path

    from geomem.headlines.landing import is_current, page, pictures
    from geomem.storage.pages import write_page
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_document

    read = {path: read_document(path) for path in arguments.headlines}
    found, shown = [], {}
    for path, one in read.items():
        if is_current(one):
            found.append(one)
            shown[one["experiment"]] = pictures(one, Path(path).parent)  # they stand beside it
        else:
            log(f"{path} is of an earlier version of geomem and left out; run the experiment again")
    drawn = [str(path) for of_one in shown.values() for path in of_one.values()]
    origin = provenance("write_landing", arguments.spec, [*arguments.headlines, *drawn])
    write_page(arguments.output, page(found, shown=shown), origin)
    log(f"{len(found)} experiments")


if __name__ == "__main__":
    job(main)
