"""Choose the images that make up the manifolds of every kind.

--spec is {"classes": number or "all", "per_class": images per manifold, "seed": number,
"kinds": [names], "controls": [names]}. The kind atypical needs --examples.
"""

from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--images", required=True, metavar="NPZ", help="from make_dataset.py")
    options.add_argument("--labels", required=True, metavar="PARQUET", help="from make_labels.py")
    options.add_argument(
        "--examples",
        nargs="*",
        default=[],
        metavar="PARQUET",
        help="which images are right at each epoch, of networks trained on these labels",
    )
    options.add_argument("--output", required=True, metavar="PARQUET", help="chosen images")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.data.analysis_set import choose_analysis_set
    from geomem.data.image_sets import load_images
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_table, write_table
    from geomem.training.correctness import epochs_wrong

    images, labels = load_images(arguments.images), read_table(arguments.labels)
    wrong = epochs_wrong(map(read_table, arguments.examples)) if arguments.examples else None
    analysis_set = choose_analysis_set(
        labels,
        images.test_labels,
        class_names=images.class_names,
        epochs_wrong=wrong,
        **arguments.spec,
    )
    manifolds = analysis_set.groupby("kind")["manifold"].nunique()
    log(", ".join(f"{count} {kind}" for kind, count in manifolds.items()), "manifolds")
    inputs = [arguments.images, arguments.labels, *arguments.examples]
    origin = provenance("choose_analysis_set", arguments.spec, inputs)
    write_table(arguments.output, analysis_set, origin)


if __name__ == "__main__":
    job(main)
