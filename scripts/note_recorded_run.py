"""Write what is known of a run that was recorded elsewhere: its epochs, and no accuracies.

--spec is {"last": number of the last epoch, "subject": name or null, "conditions": names of epochs,
"run": {...}}.
"""

from geomem.process import job, limit_threads, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--accuracy", required=True, metavar="PARQUET", help="table without rows")
    options.add_argument("--record", required=True, metavar="JSON")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    import pandas as pd
    from geomem.foreign.record import COLUMNS, record_of_recorded
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import write_document, write_table

    spec = arguments.spec
    origin = provenance("note_recorded_run", spec)
    write_table(arguments.accuracy, pd.DataFrame(columns=COLUMNS), origin)
    write_document(arguments.record, record_of_recorded(spec), origin)


if __name__ == "__main__":
    job(main)
