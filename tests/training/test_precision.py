"""Training in bfloat16 on a CPU: its weights, and that accuracies stay those of float32."""

import numpy as np
import pytest
from geomem.data.glyphs import make_glyphs
from geomem.training.evaluate import KINDS

from tests.training.problems import N_CLASSES, image_set, spec_of, targets_of, training_of


def test_weights_are_other_ones_and_stay_float32(tmp_path):
    states = {}
    for precision in ("float32", "bfloat16"):
        training = training_of(spec_of(precision=precision), tmp_path / precision, image_set())
        training.complete()
        states[precision] = training.store.at(6).arrays
    for name, array in states["float32"].items():
        assert states["bfloat16"][name].dtype == array.dtype
    weights = next(name for name in states["float32"] if name.endswith("weight"))
    assert not np.array_equal(states["float32"][weights], states["bfloat16"][weights])


@pytest.mark.slow
def test_accuracies_are_equal_within_seeds(tmp_path):
    """Paired over six seeds: a mean difference within its error, and below what seeds differ by."""
    images = make_glyphs(classes=N_CLASSES, train_per_class=40, test_per_class=80)
    kind, n = KINDS.index("test"), targets_of(images).counts()[KINDS.index("test")]
    found = {"float32": [], "bfloat16": []}
    for seed in range(6):
        for precision, accuracies in found.items():
            optimizer = {"name": "adam", "lr": 0.003}
            spec = spec_of(seed=seed, precision=precision, epochs=12, optimizer=optimizer)
            outcome = training_of(spec, tmp_path / f"{precision}{seed}", images, 0.3).complete()
            accuracies.append(outcome.history[-1, kind, 0] / n)
    single, half = map(np.array, found.values())
    difference = half - single
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    print(f"float32 {single.mean():.3f} (sd {single.std(ddof=1):.3f}), bfloat16 less float32 "
          f"{difference.mean():+.3f} (se {error:.3f})")  # fmt: skip
    assert single.mean() > 1.5 / N_CLASSES  # the networks learn something
    assert abs(difference.mean()) < 4.03 * error  # Student's t, 5 degrees of freedom, 1 %
    assert abs(difference.mean()) < 2 * single.std(ddof=1)
