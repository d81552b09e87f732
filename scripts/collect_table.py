"""Collect the tables of an experiment's runs into one.

--spec {"experiment": NAME, "table": NAME, "keys": [columns that tell the rows of a run apart],
        "runs": [{"width": 8, "noise": 0.5, "seed": 0}, ...]}

Receipts (training.json) come one per run in the order of spec `runs`; so do the tables, the same
number for every run, all of the first run before those of the second. Where a run diverged before
an epoch, its table of that epoch has no rows.
"""

from geomem.command import job, limit_threads, log, parser


def main(argv=None):
    arguments = parser(__doc__)
    arguments.add_argument("--receipts", nargs="+", required=True, metavar="PATH")
    arguments.add_argument("--tables", nargs="+", required=True, metavar="PATH")
    arguments.add_argument("--output", required=True, metavar="PATH")
    args = arguments.parse_args(argv)
    limit_threads(args.threads)

    from geomem.errors import InputError
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_document, read_table, write_table
    from geomem.tables import RunTables, check_columns, collect

    table, keys, runs = (args.spec[name] for name in ("table", "keys", "runs"))
    if len(args.receipts) != len(runs):
        raise InputError(
            f"--receipts: {len(args.receipts)} files for {len(runs)} runs in the spec; "
            "give one receipt for each run, in the order of spec runs"
        )
    if len(args.tables) % len(runs):
        raise InputError(
            f"--tables: {len(args.tables)} files for {len(runs)} runs; "
            "give the same number of tables for each run, in the order of spec runs"
        )

    def read(path):
        frame = read_table(path)
        if len(frame):
            check_columns(frame, table, keys, path)
        return frame

    per_run = len(args.tables) // len(runs)
    collected = collect(
        keys,
        args.spec["experiment"],
        [
            RunTables(
                **cell,
                receipt=read_document(receipt),
                frames=[read(path) for path in args.tables[i * per_run : (i + 1) * per_run]],
            )
            for i, (cell, receipt) in enumerate(zip(runs, args.receipts, strict=True))
        ],
    )
    inputs = [*args.receipts, *args.tables]
    write_table(args.output, collected, provenance("collect_table", args.spec, inputs))
    log(f"{args.output}: {len(collected)} rows from {len(runs)} runs")


if __name__ == "__main__":
    job(main)
