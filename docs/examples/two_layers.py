"""Is capacity higher in a later layer? Two layers of one network, then six with a correction.

    python docs/examples/two_layers.py

The layers are made up: 20 classes of 12 images, whose class part grows from layer to layer. With a
network of your own, `layers` are its activations, one array (P, M, N) each.
"""

import numpy as np
from geomem.statistics import bootstrap, difference, holm, sample


def made_up_layers(n_layers=6, n_classes=20, n_images=12, n_features=150, seed=0):
    """Activations (P, M, N) of each layer, for the same images."""
    rng = np.random.default_rng(seed)
    classes = rng.standard_normal((n_classes, 1, n_features))
    images = rng.standard_normal((n_classes, n_images, n_features))
    strength = [0.3, 0.3, 0.32, 0.5, 0.8, 1.2][:n_layers]
    return [s * classes + images + 0.3 * rng.standard_normal(images.shape) for s in strength]


def main():
    layers = made_up_layers()
    samples = [sample(points, points=True, n_t=100, random_state=0) for points in layers]
    early, late = samples[0], samples[-1]

    for name, layer in (("first", early), ("last", late)):
        found = bootstrap(layer)["capacity"]
        print(f"capacity, {name} layer: {found.value:.3f} ({found.lo:.3f} to {found.hi:.3f})")

    # The same classes and images in both layers, so the comparison is in pairs.
    classes = difference(early, late)["capacity"]
    images = difference(early, late, over="points")["capacity"]
    print(f"higher by {classes.value:.3f}")
    print(
        f"  for other classes:          {classes.lo:.3f} to {classes.hi:.3f}, p = {classes.p:.2g}"
    )
    print(f"  for other images of these:  {images.lo:.3f} to {images.hi:.3f}, p = {images.p:.2g}")

    # Five comparisons with the first layer: correct their p-values together.
    p = [difference(early, layer)["capacity"].p for layer in samples[1:]]
    for index, (one, corrected) in enumerate(zip(p, holm(p), strict=True), start=2):
        print(
            f"layer {index} against layer 1: p = {one:.2g}, with Holm's correction {corrected:.2g}"
        )
    return {"classes": classes, "images": images, "holm": holm(p)}


if __name__ == "__main__":
    main()
