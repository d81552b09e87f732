"""Do recordings of six subjects differ between two conditions?

    python docs/examples/six_subjects.py

Each subject was shown the same eight objects in both conditions, and has as many neurons and trials
as could be recorded. The recordings are made up: attention (condition 2) moves the objects apart.
"""

import numpy as np
from geomem.statistics import at_common_size, group_difference, group_mean


def made_up_subject(rng, n_objects=8):
    """Recordings in two conditions: for each object an array (trials, neurons)."""
    n_neurons = int(rng.integers(50, 90))
    objects = rng.standard_normal((n_objects, n_neurons))
    gain = 1.3 * np.exp(0.1 * rng.standard_normal())
    return [
        [
            strength * center + rng.standard_normal((int(rng.integers(14, 25)), n_neurons))
            for center in objects
        ]
        for strength in (0.8, 0.8 * gain)
    ]


def main():
    rng = np.random.default_rng(2)
    subjects = [made_up_subject(rng) for _ in range(6)]

    # Numbers from different trials and neurons do not compare: take as many of each everywhere.
    recordings = [condition for subject in subjects for condition in subject]
    n_trials = min(len(trials) for condition in recordings for trials in condition)
    n_neurons = min(condition[0].shape[1] for condition in recordings)
    print(f"{n_trials} trials of each object and {n_neurons} neurons from each subject")
    numbers = [
        [
            {
                name: found.value
                for name, found in at_common_size(
                    condition, n_trials, n_features=n_neurons, repeats=5, n_t=100,
                    remove_low_rank=False,  # eight centres are too few to tell
                ).items()
            }
            for condition in subject
        ]
        for subject in subjects
    ]  # fmt: skip

    # Subjects are the units, and each is its own control.
    before, after = zip(*numbers, strict=True)
    found = group_difference(before, after, paired=True)
    for name in ("capacity", "radius", "dimension"):
        mean, lo, hi = group_mean(before)[name]
        one = found[name]
        print(f"{name}: {mean:.3f} ({lo:.3f} to {hi:.3f}) in condition 1")
        print(f"  changes by {one.value:.3f} ({one.lo:.3f} to {one.hi:.3f}), p = {one.p:.2g}")
        print(f"  by exchanging conditions within subjects: p = {one.p_permutation:.2g}")
    return found


if __name__ == "__main__":
    main()
