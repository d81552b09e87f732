"""GLUE of stored inner products knows how far the rounding of the values shows, as of arrays."""

import numpy as np
import pytest
from geomem.analysis.activation_file import ActivationFile, read_activations, write_activations
from geomem.analysis.joint import measure
from geomem.analysis.measuring import measured
from geomem.foreign import write_activations as write_collection
from geomem.foreign.activations import activation_file
from geomem.foreign.manifest import read_collection
from geomem.geometry import glue_geometry
from geomem.registry.measures import MEASURES

P, M, N = 8, 10, 200
GLUE = {"dichotomies": "balanced", "n_t": 20, "preprocess": "center", "confidence": 0.95, "seed": 0}
LABELS = np.repeat(np.arange(P), M)


def computed(bias):
    """Points (P M, N) in float32 that span 6 dimensions, as two linear maps compute them."""
    rng = np.random.default_rng(0)
    inside = rng.standard_normal((P, 1, 6)) + 0.5 * rng.standard_normal((P, M, 6))
    first, second = rng.standard_normal((6, 512)) / 2, rng.standard_normal((512, N)) / 22
    inside, first, second = (x.astype(np.float32) for x in (inside.reshape(-1, 6), first, second))
    return (inside @ first) @ second + np.float32(bias) * rng.standard_normal(N).astype(np.float32)


def stored(folder, arrays, store="gram", labels=LABELS):
    write_collection(folder, arrays, labels, epoch=0)
    return activation_file(read_collection(folder), 0, 0, store=store)


def of_workflow(content):
    glue = MEASURES["glue"]
    spec = {"function": glue.function, "source": glue.source, "settings": GLUE}
    found = measured(content, spec, threads=1)
    found = found[(found["metric"] == "capacity") & found["manifold"].isna()]
    return found.set_index("layer")["value"]


def of_arrays(points, labels=LABELS):
    settings = {name: value for name, value in GLUE.items() if name != "seed"}
    clouds = [points[labels == label] for label in range(P)]
    return glue_geometry(clouds, random_state=GLUE["seed"], threads=1, **settings).capacity


@pytest.mark.parametrize("store", ["gram", "raw"])
def test_glue_of_a_collection_is_that_of_its_arrays(tmp_path, store):
    arrays = {f"bias {bias}": computed(bias) for bias in (0, 3, 30)}
    found = of_workflow(stored(tmp_path, arrays, store))
    for name, points in arrays.items():
        assert found[name] == pytest.approx(of_arrays(points), rel=1e-4), name


def test_manifolds_of_different_sizes(tmp_path):
    labels = np.repeat(np.arange(P), [2, 3, 5, 8, 12, 15, 16, 19])
    points = computed(3)
    found = of_workflow(stored(tmp_path, {"a": points}, labels=labels))
    assert found["a"] == pytest.approx(of_arrays(points, labels), rel=1e-4)


def test_files_of_earlier_versions_tell_nothing_of_rounding(tmp_path):
    content = stored(tmp_path, {"a": computed(0)})
    arrays = {k: v for k, v in content.arrays.items() if not k.endswith("/noise")}
    earlier = ActivationFile(0, content.layers, arrays, content.network)
    assert earlier.rounding(0, "points") is None
    gram, counts = earlier.gram(0, "points"), earlier.counts(0, "points")
    settings = {**GLUE, "threads": 1}
    expected = measure(gram, counts=counts, **settings).set_index("metric")["value"]["capacity"]
    assert of_workflow(earlier)["a"] == expected


def test_files_keep_it(tmp_path):
    content = stored(tmp_path / "a", {"a": computed(0), "b": computed(3)})
    write_activations(tmp_path / "a.npz", content, {})
    again = read_activations(tmp_path / "a.npz", heavy=True)
    for layer in (0, 1):
        first, second = (each.rounding(layer, "points") for each in (content, again))
        assert first(20) == second(20) > 0
        assert first(80) > first(20)
    assert content.rounding(1, "points")(20) > content.rounding(0, "points")(20), "a longer point"
