"""Do networks trained with label noise differ from those trained without?

    python docs/examples/two_groups.py

Four networks of each kind, all measured on the same images of the same 20 classes. The final layers
are made up: label noise shortens the class part by a third, and every network differs a little.
"""

import numpy as np
from geomem.statistics import group_difference, group_mean, mean_of_fractions, sample

N_CLASSES, N_IMAGES, N_FEATURES = 20, 10, 120


def made_up_networks(label_noise, n_networks, classes, images, rng):
    """Final layers (P, M, N), one per network."""
    strength = 0.9 * (1 - label_noise * 2 / 3)
    return [
        strength * np.exp(0.05 * rng.standard_normal()) * classes
        + images
        + 0.3 * rng.standard_normal(images.shape)
        for _ in range(n_networks)
    ]


def main():
    rng = np.random.default_rng(1)
    classes = rng.standard_normal((N_CLASSES, 1, N_FEATURES))
    images = rng.standard_normal((N_CLASSES, N_IMAGES, N_FEATURES))
    clean, noisy = (
        [
            sample(points, n_t=100, random_state=0)
            for points in made_up_networks(noise, 4, classes, images, rng)
        ]
        for noise in (0.0, 0.5)
    )

    for name, group in (("without noise", clean), ("with noise", noisy)):
        mean, lo, hi = group_mean(group)["capacity"]
        print(f"capacity {name}: {mean:.3f} ({lo:.3f} to {hi:.3f}, four networks)")

    # A statement about other networks, tested on exactly these classes...
    these = group_difference(clean, noisy)["capacity"]
    print(f"difference, these classes: {these.value:.3f} ({these.lo:.3f} to {these.hi:.3f})")
    # ... and one about other networks and other classes, which all eight networks had in common.
    other = group_difference(clean, noisy, in_common="manifolds")["capacity"]
    print(f"difference, other classes: {other.value:.3f} ({other.lo:.3f} to {other.hi:.3f})")
    print(
        f"  p = {other.p:.2g}; by exchanging networks {other.p_permutation:.2g}, which is the least"
    )
    print(f"  of 4 against 4; parts: {', '.join(other.sources)}")

    # Accuracies of seeds: an interval that does not leave 0 to 1.
    accuracy = np.array([0.97, 0.99, 0.985, 0.995])
    lo, hi = mean_of_fractions(accuracy.mean(), accuracy.std(ddof=1) / 2, freedom=3)
    print(f"accuracy {accuracy.mean():.3f} ({lo:.3f} to {hi:.3f})")
    return {"these": these, "other": other, "accuracy": (float(lo), float(hi))}


if __name__ == "__main__":
    main()
