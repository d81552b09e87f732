"""The measures that the workflow knows, on the activations of a small network."""

import itertools

import numpy as np
import pytest
from geomem.analysis.activation_file import ActivationFile
from geomem.analysis.measuring import measured
from geomem.errors import InputError
from geomem.geometry import glue_geometry
from geomem.measures import (
    cross_condition,
    few_shot_geometry,
    intrinsic_dimension,
    neural_collapse,
    participation_ratio,
)
from geomem.registry.measures import MEASURES

from tests.analysis import small
from tests.analysis.test_activations import extract

GLUE = {"dichotomies": "random", "n_t": 40, "preprocess": "center", "confidence": 0.95, "seed": 3}


@pytest.fixture(scope="module")
def raw():
    images = small.image_set()
    labels = small.labels_of(images)
    setting = images, small.analysis_set_of(images, labels), small.network(images)
    return extract(setting, store="raw", globs=("fc*",))


def table(activations, name, settings=None):
    measure = MEASURES[name]
    spec = {"function": measure.function, "source": measure.source, "settings": settings or {}}
    return measured(activations, spec, threads=1)


def values(found, layer, kind, manifold=False):
    rows = found[(found["layer_index"] == layer["index"]) & (found["kind"] == kind)]
    rows = rows[rows["manifold"].notna() == manifold]
    return rows.set_index("metric")["value"]


def test_glue_of_the_gram_is_that_of_the_points(raw):
    found = table(raw, "glue", GLUE)
    settings = {name: value for name, value in GLUE.items() if name != "seed"}
    for layer in raw.layers:
        for kind in raw.kinds:
            points = raw.features(layer["index"], kind)
            expected = glue_geometry(points, random_state=GLUE["seed"], **settings)
            whole = values(found, layer, kind)
            for name in ("capacity", "dimension", "radius", "utility", "inseparable"):
                assert whole[name] == pytest.approx(getattr(expected, name), rel=1e-6), name
            single = values(found, layer, kind, manifold=True)
            for name in ("capacity", "dimension", "radius", "utility"):
                pseudo = single[f"{name}_pseudovalue"]
                assert len(pseudo) == len(points)
                assert pseudo.mean() == pytest.approx(whole[name], rel=1e-9)


def test_glue_tells_what_each_draw_adds(raw):
    found = table(raw, "glue", GLUE).query("metric == 'capacity'")
    for row in found.itertuples():
        assert np.shape(row.influence) == (GLUE["n_t"],)
        assert abs(row.influence.mean()) < 1e-5 * row.value


def test_a_stored_gram_and_one_of_the_features_agree(raw):
    arrays = dict(raw.arrays)
    for layer in raw.layers:
        for kind in raw.kinds:
            del arrays[f"{layer['index']}/{kind}/features"]
            arrays[f"{layer['index']}/{kind}/gram"] = raw.gram(layer["index"], kind)
    stored = ActivationFile(raw.epoch, raw.layers, arrays)
    first, second = (table(which, "two_nn") for which in (raw, stored))
    np.testing.assert_array_equal(first["value"], second["value"])


def test_products_alone_are_refused_for_glue(raw):
    kept = {name: a for name, a in raw.arrays.items() if not name.endswith("/features")}
    with pytest.raises(InputError, match=r"set analysis\.store to gram"):
        table(ActivationFile(raw.epoch, raw.layers, kept), "glue", GLUE)


def test_companions_are_those_of_the_points(raw):
    names = ("two_nn", "neural_collapse", "few_shot", "cross_condition")
    found = {name: table(raw, name) for name in names}
    for layer in raw.layers:
        for kind in raw.kinds:
            clouds = raw.features(layer["index"], kind)
            points = np.concatenate(clouds)
            collapse, few_shot = neural_collapse(clouds), few_shot_geometry(clouds)
            dichotomies = cross_condition(clouds, random_state=0)
            expected = {
                "two_nn": {"intrinsic_dimension": intrinsic_dimension(points)},
                "neural_collapse": {name: getattr(collapse, name) for name in (
                    "nc1", "nc2_norms", "nc2_equal_angles", "nc2_widest_angles",
                )},
                "few_shot": {
                    "few_shot_snr": few_shot.mean_snr, "few_shot_error": few_shot.mean_error,
                },
                "cross_condition": {
                    name: getattr(dichotomies, name) for name in ("shattering", "generalization")
                },
            }  # fmt: skip
            for name, numbers in expected.items():
                rows = found[name].query("layer_index == @layer['index'] and kind == @kind")
                assert set(rows["metric"]) == set(numbers)
                for row in rows.itertuples():
                    ends = vars(numbers[row.metric]).values()
                    np.testing.assert_allclose((row.value, row.lo, row.hi), list(ends), rtol=1e-5)


def test_participation_ratios_are_those_of_each_manifold(raw):
    found = table(raw, "participation_ratio")
    for layer in raw.layers:
        for kind in raw.kinds:
            single = values(found, layer, kind, manifold=True).to_numpy()
            clouds = raw.features(layer["index"], kind)
            np.testing.assert_allclose(single, list(map(ratio_of_tuples, clouds)), rtol=1e-5)


def ratio_of_tuples(cloud):
    """(tr Sigma)^2 / tr(Sigma^2) from all choices of four different points."""
    above = below = 0.0
    for x, y, z, w in itertools.permutations(cloud.astype(float), 4):
        above += ((x - y) ** 2).sum() * ((z - w) ** 2).sum()
        below += ((x - y) @ (z - w)) ** 2
    return above / below if below > 0 else np.nan


def test_the_plane_is_that_of_the_principal_axes_of_the_centres(raw):
    """Against a singular value decomposition of the class means themselves, all features known."""
    found = table(raw, "center_map")
    for layer in raw.layers:
        for kind in raw.kinds:
            clouds = np.asarray(raw.features(layer["index"], kind), float)
            means = clouds.mean(axis=1)
            centers = means - means.mean(axis=0)
            unit = np.sqrt((centers**2).sum(axis=1).mean())
            _, sizes, axes = np.linalg.svd(centers, full_matrices=False)
            rows = found[(found["layer_index"] == layer["index"]) & (found["kind"] == kind)]
            by_metric = rows[rows["manifold"].notna()].pivot(
                index="manifold", columns="metric", values="value"
            )
            for name, axis in zip("xy", axes, strict=False):
                place = centers @ axis / unit
                place *= np.sign(place[np.abs(place).argmax()])
                np.testing.assert_allclose(by_metric[name], place, rtol=1e-4, atol=1e-6)
            around = (clouds - means[:, None]) @ axes[:2].T
            spread = np.sqrt((around**2).mean(axis=(1, 2))) / unit
            np.testing.assert_allclose(by_metric["spread"], spread, rtol=1e-4)
            held = rows.loc[rows["metric"] == "held", "value"].item()
            assert held == pytest.approx((sizes[:2] ** 2).sum() / (sizes**2).sum(), rel=1e-4)


def test_a_plane_of_equal_centres_is_a_point():
    from geomem.analysis.companions import center_map
    from geomem.geometry import inner_products

    cloud = np.random.default_rng(0).standard_normal((7, 12))
    found = center_map(inner_products([cloud, cloud[::-1], cloud]))
    assert found[found["metric"] == "held"]["value"].isna().all()


def test_three_manifolds_have_no_dichotomies_to_generalize_across():
    from geomem.analysis.companions import cross_condition as of_gram

    found = of_gram(np.eye(6), counts=np.array([2, 2, 2]))
    assert np.isnan(found["shattering"][0]) and np.isnan(found["generalization"][0])
    assert [warning.code for warning in found["warnings"]] == ["too-few"]


def test_participation_ratio_of_equal_manifolds_is_their_own():
    from geomem.analysis.companions import participation_ratio as of_products
    from geomem.geometry import inner_products

    cloud = np.random.default_rng(0).standard_normal((7, 12))
    found = of_products(inner_products([cloud, 3 * cloud + 1, cloud[::-1]]))
    expected = participation_ratio(cloud).value
    np.testing.assert_allclose(found["value"], expected, rtol=1e-9)


def test_the_centers_of_two_manifolds_have_one_axis():
    from geomem.analysis.companions import center_map
    from geomem.geometry import inner_products

    clouds = np.random.default_rng(0).standard_normal((2, 200, 10))
    clouds[0] += 5.0
    found = center_map(inner_products(clouds)).set_index("metric")["value"]
    means = clouds.mean(axis=1)
    axis = (means[0] - means[1]) / np.linalg.norm(means[0] - means[1])
    unit = np.linalg.norm(means[0] - means[1]) / 2
    expected = ((clouds - means[:, np.newaxis]) @ axis).std(axis=1) / unit
    np.testing.assert_allclose(found["spread"], expected, rtol=1e-8)
