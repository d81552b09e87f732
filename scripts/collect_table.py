"""Collect the tables of an experiment's runs into one.

--spec {"experiment": NAME, "table": NAME, "keys": [columns that tell the rows of a run apart],
        "runs": [{"width": 8, "noise": 0.5, "seed": 0}, ...]}

Every record (training.json) and table belongs to the run that its own provenance names, in any
order: one record for each run, and the same number of tables. Where a run diverged before an
epoch, its table of that epoch has no rows.
"""

from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    arguments = parser(__doc__)
    arguments.add_argument("--records", nargs="+", required=True, metavar="PATH")
    arguments.add_argument("--tables", nargs="+", required=True, metavar="PATH")
    arguments.add_argument("--output", required=True, metavar="PATH")
    args = arguments.parse_args(argv)
    limit_threads(args.threads)

    from geomem.collecting import RunTables, by_run, check_columns, collect
    from geomem.errors import InputError
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import (
        document_provenance,
        read_document,
        read_table,
        table_provenance,
        write_table,
    )

    table, keys, runs = (args.spec[name] for name in ("table", "keys", "runs"))
    origins = {path: document_provenance(path) for path in args.records}
    records = by_run(origins, runs, "--records")
    tables = by_run({path: table_provenance(path) for path in args.tables}, runs, "--tables")
    if many := [paths for paths in records if len(paths) > 1]:
        raise InputError(f"--records: {' and '.join(many[0])} are of the same run; give one")

    def read(path):
        frame = read_table(path)
        if len(frame):
            check_columns(frame, table, keys, path)
        return frame

    collected = collect(
        keys,
        args.spec["experiment"],
        [
            RunTables(**cell, record=read_document(record), frames=[read(path) for path in paths])
            for cell, [record], paths in zip(runs, records, tables, strict=True)
        ],
    )
    inputs = [*args.records, *args.tables]
    write_table(args.output, collected, provenance("collect_table", args.spec, inputs))
    log(f"{args.output}: {len(collected)} rows from {len(runs)} runs")


if __name__ == "__main__":
    job(main)
