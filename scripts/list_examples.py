"""Say of each training image when it is learned and forgotten, and which layers remember it.

--spec is {"train_images": how many training images rewinding evaluates, or null for all}.
"""

from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--examples", required=True, metavar="PARQUET", help="from train.py")
    options.add_argument(
        "--rewind", nargs="*", default=[], metavar="PARQUET", help="from rewind_layers.py"
    )
    options.add_argument("--output", required=True, metavar="PARQUET")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.analysis.examples import example_table
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_table, write_table

    rewound = read_table(arguments.rewind[0]) if arguments.rewind else None
    found = example_table(
        read_table(arguments.examples), rewound, arguments.spec.get("train_images")
    )
    log(f"{found['memorized'].sum()} of {len(found)} images are permuted and remembered")
    origin = provenance("list_examples", arguments.spec, [arguments.examples, *arguments.rewind])
    write_table(arguments.output, found, origin)


if __name__ == "__main__":
    job(main)
