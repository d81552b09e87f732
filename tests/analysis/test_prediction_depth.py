"""From which layer on a probe reads the assigned label."""

import numpy as np
import pandas as pd
import pytest
from geomem.analysis.activation_file import ActivationFile
from geomem.analysis.prediction_depth import prediction_depths
from geomem.errors import InputError

CLASSES, EACH = 4, 6
ASSIGNED = np.repeat(np.arange(CLASSES), EACH)
TRUE = (ASSIGNED + 1 + np.arange(CLASSES * EACH) % 3) % CLASSES
# In which of three layers each permuted image lies with its assigned class.
MOVED = np.random.default_rng(0).random((3, CLASSES * EACH)) < 0.5


def activations(moved=MOVED):
    """Classes are far apart in every layer; permuted images lie with one class or the other."""
    rng = np.random.default_rng(1)
    arrays = {f"{kind}/manifolds": np.arange(CLASSES) for kind in ("unpermuted", "permuted")}
    layers = []
    for layer, moves in enumerate(moved):
        centres = 10 * np.linalg.qr(rng.standard_normal((12, 12)))[0][:CLASSES]
        for kind, classes in (
            ("unpermuted", ASSIGNED),
            ("permuted", np.where(moves, ASSIGNED, TRUE)),
        ):
            points = centres[classes] + 0.1 * rng.standard_normal((len(classes), 12))
            arrays[f"{2 * layer}/{kind}/features"] = points.astype(np.float32)
            arrays[f"{2 * layer}/{kind}/counts"] = np.full(CLASSES, EACH)
        layers.append({"index": 2 * layer, "name": f"layer{layer}"})
    return ActivationFile(0, tuple(layers), arrays)


def analysis_set():
    rows = pd.DataFrame(
        {
            "kind": "permuted",
            "manifold": ASSIGNED,
            "position": np.tile(np.arange(EACH), CLASSES),
            "index": 100 + np.arange(CLASSES * EACH),
            "true_label": TRUE,
            "assigned_label": ASSIGNED,
        }
    )
    others = rows.assign(kind="unpermuted", index=rows["index"] + 500, true_label=ASSIGNED)
    return pd.concat([rows, others]).sample(frac=1, random_state=0)


def test_where_the_assigned_label_stays():
    found = prediction_depths(activations(), analysis_set())
    assert found["index"].tolist() == (100 + np.arange(CLASSES * EACH)).tolist()
    for image, row in found.iterrows():
        first = None
        for layer in (2, 1, 0):  # walked through from the end
            if not MOVED[layer, image]:
                break
            first = layer
        assert row["probe_layer"] == (None if first is None else f"layer{first}")
        assert pd.isna(row["probe_layer_index"]) == (first is None)
        assert first is None or row["probe_layer_index"] == 2 * first
        assert row["true_layers"] == 3 - MOVED[:, image].sum()


def test_what_is_needed():
    content = activations()
    some = {name: a for name, a in content.arrays.items() if not name.startswith("unpermuted")}
    with pytest.raises(InputError, match="needs the kinds unpermuted and permuted"):
        prediction_depths(ActivationFile(0, content.layers, some), analysis_set())
    some = {name: a for name, a in content.arrays.items() if not name.endswith("features")}
    with pytest.raises(InputError, match=r"set analysis\.store to raw"):
        prediction_depths(ActivationFile(0, content.layers, some), analysis_set())
