"""Give a fraction of every class other labels and write the assigned label of every image.

--spec is {"rule": "permute" | "uniform" | "other", "noise": fraction, "seed": number}.
"""

from geomem.command import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--images", required=True, metavar="NPZ", help="from make_dataset.py")
    options.add_argument("--output", required=True, metavar="PARQUET", help="labels")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.data.image_sets import load_images
    from geomem.data.labels import assign_labels, label_table, wrong_fraction
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import write_table

    true_labels = load_images(arguments.images).train_labels
    assigned_labels, redrawn = assign_labels(true_labels, **arguments.spec)
    wrong = wrong_fraction(true_labels, assigned_labels)
    log(f"{redrawn.sum()} of {len(redrawn)} labels drawn again; {wrong:.4f} of all are wrong")
    origin = provenance("make_labels", arguments.spec, [arguments.images])
    table = label_table(true_labels, assigned_labels, redrawn)
    write_table(arguments.output, table, {**origin, "wrong_fraction": wrong})


if __name__ == "__main__":
    job(main)
