"""Read the recorded activations of one subject and epoch into the file that measures read.

--spec is {"epoch": number, "run": {"seed": number, ...}, "store": "products" | "gram" | "raw",
"controls": [names], "per_class": points of each class or null}; `rows`, a checksum of the
manifest's rows, says that a change of them is another result.
"""

from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--path", required=True, help="manifest, or folder of arrays")
    options.add_argument("--output", required=True, metavar="NPZ", help="activations")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.analysis.activation_file import write_activations
    from geomem.foreign.activations import activation_file
    from geomem.foreign.manifest import read_collection
    from geomem.storage.provenance import provenance

    spec = arguments.spec
    collection = read_collection(arguments.path)
    seed, epoch = spec["run"]["seed"], spec["epoch"]
    content = activation_file(
        collection, seed, epoch, **{k: spec[k] for k in ("store", "controls", "per_class")}
    )
    origin = provenance("import_activations", spec, collection.files(seed, epoch))
    write_activations(arguments.output, content, origin)
    log(f"epoch {epoch}: {len(content.layers)} layers, {', '.join(content.kinds) or 'no kind'}")


if __name__ == "__main__":
    job(main)
