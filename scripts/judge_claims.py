"""Hold the tables of an experiment against the paper's claims.

--spec {"experiment": NAME, "per_class": M,
        "claims": {"confidence": 0.95, "min_seeds": 3, "memorized": 0.9, "lost": 0.1,
                   "best_epoch": "validation",
                   "targets": [what to judge, as `geomem.registry.claims.targets_of` gives it]}}

A table that is not given leaves its targets "not measured". "figures" in --spec, if any, is the
name of a figure for each claim that the page shows one beside.
"""

from geomem.process import add_tables, job, limit_threads, log, named_path, parser


def main(argv=None):
    options = parser(__doc__)
    add_tables(options)
    options.add_argument(
        "--figures",
        nargs="*",
        type=named_path,
        default=[],
        metavar="NAME=PNG",
        help="figures to show beside the claims",
    )
    options.add_argument("--output", required=True, metavar="PARQUET")
    options.add_argument("--csv", required=True, metavar="CSV")
    options.add_argument("--page", required=True, metavar="HTML")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)

    import pandas as pd
    from geomem.claims.evidence import Run
    from geomem.claims.judge import COLUMNS, judge_all
    from geomem.claims.page import page
    from geomem.collecting import RUN_KEYS
    from geomem.storage.atomic import replacing
    from geomem.storage.pages import write_page
    from geomem.storage.pictures import read_picture
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_table, write_table

    spec = arguments.spec
    paths = dict(arguments.tables)
    tables = {name: read_table(path) for name, path in paths.items()}
    keys = list(RUN_KEYS[1:])
    cells = pd.concat([table[keys] for table in tables.values()]).drop_duplicates()
    at = spec["claims"]["best_epoch"]
    runs = [
        Run(
            **cell,
            tables={
                name: table[(table[keys] == cell).all(axis=1)] for name, table in tables.items()
            },
            per_class=spec["per_class"],
            best_epoch=None if at == "validation" else at,
        )
        for cell in (dict(zip(keys, row, strict=True)) for row in cells.itertuples(index=False))
    ]
    rows = judge_all(runs, spec["claims"])
    rows = [{"experiment": spec["experiment"], **row} for row in rows]
    found = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"width": "Int64"})
    shown = [path for _, path in arguments.figures]
    origin = provenance("judge_claims", spec, [*paths.values(), *shown])
    geometry = tables.get("geometry")
    count = None
    if geometry is not None and len(geometry):  # every seed has classes of its own
        count = geometry.groupby(keys)["manifold"].nunique().min()
    drawn = dict(arguments.figures)
    figures = {
        claim: (name, read_picture(drawn[name])) for claim, name in spec.get("figures", {}).items()
    }
    text = page(found, spec["experiment"], spec["claims"], count, figures)
    with replacing(arguments.csv) as temporary:
        found.to_csv(temporary, index=False)
    write_page(arguments.page, text, origin)
    write_table(arguments.output, found, origin)
    counts = found["verdict"].value_counts()
    log(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))


if __name__ == "__main__":
    job(main)
