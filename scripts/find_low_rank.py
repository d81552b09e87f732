"""Find the directions that the class centres of each layer and manifold kind have in common.

--spec {"rule": "barrier", "confidence": 0.95, "seed": 0}

Every measure that removes such directions reads them from here, so that they are searched for once.
Activations of an epoch that training did not reach have no layers; their file has no structures.
"""

from geomem.command import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--activations", required=True, metavar="NPZ", help="inner products")
    options.add_argument("--output", required=True, metavar="NPZ", help="the structures found")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.analysis.activation_file import read_activations
    from geomem.analysis.low_rank_file import write_low_rank
    from geomem.analysis.mean_field import search
    from geomem.storage.provenance import provenance

    spec = arguments.spec
    settings = {name: spec[name] for name in ("rule", "confidence", "seed")}
    activations = read_activations(arguments.activations)
    structures = {}
    for layer in activations.layers:
        for kind in activations.kinds:
            products = activations.products(layer["index"], kind)
            found = search(products, **settings, threads=arguments.threads)
            structures[layer["index"], kind] = found
            log(f"{layer['name']}, {kind}: K = {found.weights.shape[1]}, found {found.hits} times")
    origin = provenance("find_low_rank", spec, [arguments.activations])
    write_low_rank(arguments.output, activations.epoch, structures, origin)


if __name__ == "__main__":
    job(main)
