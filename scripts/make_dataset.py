"""Draw or load a data set and write it as one file of arrays.

--spec is the `data` section of an experiment with the import path of the loader, for example
{"name": "glyphs", "load": "geomem.data.glyphs:make_glyphs", "classes": 98}.
"""

from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--output", required=True, metavar="NPZ", help="images and labels")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.data.image_sets import save_images
    from geomem.data.loading import load_data
    from geomem.storage.provenance import provenance

    images = load_data(arguments.spec)
    log(
        f"{len(images.train_labels)} training and {len(images.test_labels)} test images of shape "
        f"{images.image_shape} in {images.n_classes} classes"
    )
    save_images(arguments.output, images, provenance("make_dataset", arguments.spec))


if __name__ == "__main__":
    job(main)
