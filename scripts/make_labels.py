"""Give a fraction of every class other labels and write the assigned label of every image.

--spec is {"rule": "permute" | "uniform" | "other", "noise": fraction, "seed": number}, or with
"rule": "table" also "path" and, where the file has several, "column"; with "transition" "matrix".
"""

from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--images", required=True, metavar="NPZ", help="from make_dataset.py")
    options.add_argument("--output", required=True, metavar="PARQUET", help="labels")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.data.given_labels import draw_labels, read_labels, read_matrix
    from geomem.data.image_sets import load_images
    from geomem.data.labels import assign_labels, label_table, wrong_fraction
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import write_table

    images, spec = load_images(arguments.images), arguments.spec
    true_labels = images.train_labels
    rule = {name: value for name, value in spec.items() if name in ("rule", "noise", "seed")}
    inputs = [arguments.images]
    if rule.get("rule") == "table":
        names = list(map(str, images.class_names))
        rule["given"] = read_labels(spec["path"], true_labels, names, spec.get("column"))
        inputs.append(spec["path"])
    elif rule.get("rule") == "transition":
        matrix = read_matrix(spec["matrix"], images.n_classes)
        rule["given"] = draw_labels(true_labels, matrix, spec["seed"])
    assigned_labels, redrawn = assign_labels(true_labels, **rule)
    wrong = wrong_fraction(true_labels, assigned_labels)
    log(f"{redrawn.sum()} of {len(redrawn)} labels replaced; {wrong:.4f} of all are wrong")
    origin = provenance("make_labels", arguments.spec, inputs)
    table = label_table(true_labels, assigned_labels, redrawn)
    write_table(arguments.output, table, {**origin, "wrong_fraction": wrong})


if __name__ == "__main__":
    job(main)
