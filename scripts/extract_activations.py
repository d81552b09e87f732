"""Compute what the layers of a network do with the analysed images, at one snapshot.

--spec is {"model": {...}, "width": number, "layers": [globs], "seed": number, "store":
"products" | "gram" | "raw"}. A snapshot that training did not reach gives a file without layers.
"""

from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--images", required=True, metavar="NPZ", help="from make_dataset.py")
    options.add_argument(
        "--analysis-set", required=True, metavar="PARQUET", help="from choose_analysis_set.py"
    )
    options.add_argument("--snapshot", required=True, help="from take_snapshot.py")
    options.add_argument("--output", required=True, metavar="NPZ", help="activations")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.analysis.activation_file import ActivationFile, write_activations
    from geomem.analysis.activations import extract_activations
    from geomem.analysis.device import set_up
    from geomem.analysis.networks import load_snapshot, networks_at
    from geomem.data.image_sets import load_images
    from geomem.models.chosen import analysed_layers
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_columns
    from geomem.training.device import device_name

    spec, device = arguments.spec, set_up(arguments.threads)
    inputs = [arguments.images, arguments.analysis_set, arguments.snapshot]

    def origin():
        return provenance("extract_activations", spec, inputs, device=device_name(device))

    snapshot = load_snapshot(arguments.snapshot)
    if not snapshot.reached:
        log(f"training did not reach epoch {snapshot.epoch}: no layers are written")
        write_activations(arguments.output, ActivationFile(snapshot.epoch, (), {}), origin())
        return
    images = load_images(arguments.images)
    [(_, model, normalizer)] = networks_at([arguments.snapshot], spec, images, device)
    layers, every = analysed_layers(model, spec)
    with extract_activations(
        model,
        layers,
        images,
        read_columns(arguments.analysis_set),
        normalizer,
        epoch=snapshot.epoch,
        seed=spec["seed"],
        store=spec["store"],
        network=every,
    ) as content:
        write_activations(arguments.output, content, origin())
    log(f"epoch {snapshot.epoch}: {len(layers)} layers, {', '.join(content.kinds)}")


if __name__ == "__main__":
    job(main)
