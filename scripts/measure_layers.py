"""Compute one measure of every layer and manifold kind of one snapshot's activations.

--spec {"function": "geomem.analysis.mean_field:measure", "source": "products",
        "settings": {"n_t": 300, "kappa": 0.0, "low_rank": {"rule": "shrinkage", "k": "auto"},
        "confidence": 0.95, "seed": 0}}

The function is called with the inner products of each layer and kind within and between manifolds
(`source: products`), with those of all points (`source: gram`) or with the points themselves
(`source: features`), and with the settings as keywords; what it may return stands in
`geomem.analysis.measuring`. Activations of an epoch that training did not reach have no layers;
their table has no rows.
"""

from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--activations", required=True, metavar="NPZ", help="inner products")
    options.add_argument("--output", required=True, metavar="PARQUET", help="the table to write")
    options.add_argument(
        "--profiles", nargs="*", default=[], metavar="PARQUET",
        help="tables of the measure low_rank, one for each epoch, where low_rank.k is shared",
    )  # fmt: skip
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.analysis.activation_file import read_activations
    from geomem.analysis.measuring import measured
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import write_table

    spec = arguments.spec
    activations = read_activations(arguments.activations, heavy=spec["source"] != "products")
    sources = [arguments.activations, *arguments.profiles]
    if arguments.profiles:
        from geomem.analysis.shared_k import shared_k
        from geomem.storage.tables import read_table

        k = shared_k([read_table(path) for path in arguments.profiles])
        log(f"shared number of removed directions: {k}")
        spec = {**spec, "settings": {**spec["settings"]}}
        spec["settings"]["low_rank"] = {**spec["settings"]["low_rank"], "k": k}
    table = measured(activations, spec, arguments.threads, log)
    origin = provenance("measure_layers", arguments.spec, sources)
    write_table(arguments.output, table, origin)


if __name__ == "__main__":
    job(main)
