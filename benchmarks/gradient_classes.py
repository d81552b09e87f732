"""Label gradients at initialization: a part of the classes, or all of them.

`python benchmarks/gradient_classes.py` prints, for three seeds of the small VGG on 40 characters
with half of the labels permuted, the norm of the label gradient over its noise level (geometric
mean over layers): of 30 classes with 25 images each, centred on 1/C and as
`geomem.analysis.gradients` does it, and of all classes and images. Half a minute on one core.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import numpy as np
import torch
from geomem.analysis import gradients
from geomem.analysis.networks import recalibrate
from geomem.data.glyphs import make_glyphs
from geomem.data.labels import assign_labels, label_table
from geomem.models import build_model, list_layers
from geomem.training.batches import Normalizer, resident

CLASSES, PART, PER_CLASS = 40, 30, 25


def main():
    torch.set_num_threads(1)
    images = make_glyphs(classes=CLASSES, train_per_class=80, test_per_class=2)
    print("seed  kind        part, 1/C  part, corrected  all classes")
    for seed in range(3):
        drawn = assign_labels(images.train_labels, noise=0.5, seed=seed)
        labels = label_table(images.train_labels, *drawn)
        shape = images.image_shape
        spec = {"name": "vgg-small", "dropout": 0}
        model = build_model(spec, 8, n_classes=CLASSES, image_shape=shape, seed=seed)
        model.to(memory_format=torch.channels_last).eval()
        normalizer = Normalizer.fit(images.train_images)
        some = resident(images.train_images[::2], torch.device("cpu"))
        recalibrate(model, some, normalizer)
        assigned = labels["assigned_label"].to_numpy()
        for kind in gradients.KINDS:
            every = gradients.choose_examples(labels, kind, seed=seed)
            part = every[:PART, :PER_CLASS]
            of_part, of_every = (
                gradients.null_labels(assigned[chosen], kind, np.bincount(images.train_labels))
                for chosen in (part, every)
            )
            found = [
                ratio(model, images, labels, normalizer, part, uniform),
                ratio(model, images, labels, normalizer, part, of_part),
                ratio(model, images, labels, normalizer, every, of_every),
            ]
            print(
                f"{seed:4}  {kind:11} {found[0]:9.2f} {found[1]:16.2f} {found[2]:12.2f}", flush=True
            )


def uniform(true, n_classes):
    """The formula for all classes."""
    return np.full((len(true), n_classes), 1 / n_classes, dtype=np.float32)


def ratio(model, images, labels, normalizer, chosen, expected):
    """Norm over noise floor of the label part, geometric mean over layers."""
    by_layer, sizes = gradients.gradient_products(
        model, list_layers(model), images, labels, normalizer, chosen, expected,
        count=chosen.shape[1],
    )  # fmt: skip
    ratios = []
    for products in by_layer.values():
        rows = gradients.measures(products, sizes)
        value = {(row["part"], row["metric"]): row["value"] for row in rows}
        ratios.append(value["label", "norm"] / value["label", "noise_floor"])
    return np.exp(np.log(ratios).mean())


if __name__ == "__main__":
    main()
