"""Write what the results of an experiment come from, as a page.

--spec {"experiment": NAME, "settings": its configuration, defaults applied}
"""

from pathlib import Path

from geomem.process import circumstances, job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--records", nargs="+", required=True, metavar="JSON")
    options.add_argument("--files", nargs="+", required=True, metavar="PATH", help="listed")
    options.add_argument("--output", required=True, metavar="HTML")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)

    from geomem.config.recorded import filled
    from geomem.config.sharing import FOLDER
    from geomem.pages.provenance_page import page
    from geomem.planning.usage import asked_by, read_usage
    from geomem.storage.pages import write_page
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import document_provenance, read_document

    spec = arguments.spec
    runs = [(read_document(path), document_provenance(path)) for path in arguments.records]
    origin = provenance("write_provenance", spec, arguments.files)
    networks = {Path(path).parent.name for path in arguments.records}
    asked = asked_by(filled(spec["settings"]), arguments.files)
    usage = read_usage(Path("results"), [spec["experiment"]], asked=asked)
    usage += read_usage(Path("results"), [FOLDER], of=networks)
    text = page(spec["experiment"], spec["settings"], origin, runs, usage, circumstances())
    write_page(arguments.output, text, origin)
    log(f"{len(runs)} networks, {len(usage)} jobs, {len(arguments.files)} files")


if __name__ == "__main__":
    job(main)
