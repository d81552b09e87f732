"""Collected tables shaped like real ones, made up from smooth curves and a little noise."""

import numpy as np
import pandas as pd


def blocks(*convolutions):
    """Layer names of blocks with so many convolutions each and a pooling layer at their end."""
    return [
        name
        for b, n in enumerate(convolutions, 1)
        for name in (*(f"conv{b}_{i}" for i in range(1, n + 1)), f"pool{b}")
    ]


VGG16 = ["input", *blocks(2, 2, 3, 3, 3), "classifier"]
SMALL = ["input", *blocks(2, 2, 2), "fc1", "fc2", "fc3"]
KINDS = ("unpermuted", "permuted", "restored", "test")
LAST, BEST = 60, 14
FINAL = {  # alpha, R, D of the final layer at the best and the last epoch
    "unpermuted": ((0.095, 1.01, 14.9), (0.128, 0.89, 15.1)),
    "permuted": ((0.038, 1.58, 34.6), (0.099, 0.98, 18.6)),
    "restored": ((0.059, 1.21, 22.6), (0.040, 1.56, 32.9)),
    "test": ((0.065, 1.16, 20.8), (0.047, 1.35, 28.1)),
    "shuffled": ((0.0405, 1.58, 34.8), (0.0402, 1.57, 34.5)),
    "surrogate": ((0.0398, 1.6, 35.2), (0.0399, 1.6, 35.4)),
}
CONTROLS = ("shuffled", "surrogate")


def cells(widths=(8,), label_noise=(0.5,), n_seeds=1):
    """(width, noise, seed) of every run."""
    return [(w, n, s) for w in widths for n in label_noise for s in range(n_seeds)]


def kinds_of(noise):
    return KINDS if noise else ("unpermuted", "test")


def best_epoch(seed):
    return BEST + 2 * seed


def table(rows, columns):
    """Rows as a collected table, with keys first and the flags last."""
    frame = pd.DataFrame(rows, columns=["width", "noise", "seed", *columns])
    frame.insert(0, "experiment", "synthetic")
    frame["parameters"] = 1000 * frame["width"] ** 2
    frame["best"] = frame["epoch"] == frame["seed"].map(best_epoch)
    frame["last"] = frame["epoch"] == LAST
    return frame


def accuracy_table(runs, epochs=range(LAST + 1)):
    rng = np.random.default_rng(1)
    rows = []
    for width, noise, seed in runs:
        top = 0.35 + 0.05 * np.log2(width / 4)
        for epoch in epochs:
            learned = 1 - np.exp(-epoch / 5)
            memorized = 1 / (1 + np.exp(-(epoch - 30) / 6)) if noise else 0
            values = {
                "test": top * learned - 0.35 * top * memorized,
                "unpermuted": 0.55 * learned + 0.44 * (epoch / LAST) ** 0.6 * learned,
                "permuted": 0.01 + 0.95 * memorized,
                "restored": 0.95 * top * learned - 0.9 * top * memorized,
            }
            for kind in kinds_of(noise):
                value = np.clip(values[kind] + 0.012 * rng.standard_normal(), 0, 1)
                row = (width, noise, seed, epoch, kind)
                half = 0.015
                rows.append((*row, "accuracy", value, value - half, value + half, 2000))
                rows.append((*row, "loss", 4 - 3 * value, 3.9 - 3 * value, 4.1 - 3 * value, 2000))
    return table(rows, ["epoch", "kind", "metric", "value", "lo", "hi", "n"])


def geometry_table(
    runs, layers=SMALL, epochs=(0, 2, 6, None, LAST), manifolds=2, controls=CONTROLS
):
    """Geometry rows; None among the epochs stands for the run's best one."""
    rng = np.random.default_rng(2)
    start = np.array([0.041, 1.6, 35.0])
    rows = []
    for width, noise, seed in runs:
        known = sorted({best_epoch(seed) if epoch is None else epoch for epoch in epochs})
        for epoch in known:
            for i, layer in enumerate(layers):
                depth = ((i + 1) / len(layers)) ** 3
                for kind in (*kinds_of(noise), *controls):
                    at_best, at_last = np.array(FINAL[kind])
                    late = np.clip((epoch - BEST) / (LAST - BEST), 0, 1)
                    end = at_best + late * (at_last - at_best)
                    end = start + min(epoch / BEST, 1) * (end - start)
                    values = start + depth * (end - start)
                    values[2] *= 1 - 0.04 * np.log2(width / 8)
                    for metric, value in zip(
                        ("capacity", "radius", "dimension"), values, strict=True
                    ):
                        value = value * (1 + 0.01 * rng.standard_normal())
                        for manifold in (pd.NA, *range(manifolds)):
                            off = 0 if manifold is pd.NA else 0.2 * rng.standard_normal()
                            v = value * (1 + off)
                            key = (width, noise, seed, epoch, layer, i, kind, manifold, metric)
                            rows.append((*key, v, 0.98 * v, 1.02 * v, ""))
    keys = ["epoch", "layer", "layer_index", "kind", "manifold", "metric"]
    frame = table(rows, [*keys, "value", "lo", "hi", "warnings"])
    return frame.astype({"manifold": "Int64"})


def glue_table(runs, layers=SMALL, epochs=(0, 2, 6, None, LAST)):
    """As `geometry_table`, of all manifolds together, with utility and floor beside the others."""
    numbers = geometry_table(runs, layers, epochs, manifolds=0)
    capacity = numbers[numbers["metric"] == "capacity"]
    utility = capacity.assign(
        metric="utility", **{name: 5 * capacity[name] for name in ("value", "lo", "hi")}
    )
    floor = capacity.assign(metric="capacity_floor", value=0.01, lo=np.nan, hi=np.nan)
    return pd.concat([numbers, utility, floor], ignore_index=True)


COMPANIONS = {
    "participation_ratio": ("participation_ratio",),
    "two_nn": ("intrinsic_dimension",),
    "neural_collapse": ("nc1", "nc2_norms", "nc2_equal_angles", "nc2_widest_angles"),
    "few_shot": ("few_shot_snr", "few_shot_error"),
    "cross_condition": ("shattering", "generalization"),
}


def companion_table(runs, metrics, layers=SMALL, epochs=(None, LAST)):
    """As `glue_table`: capacity for the first metric, and multiples of it for the others."""
    numbers = geometry_table(runs, layers, epochs, manifolds=0)
    capacity = numbers[numbers["metric"] == "capacity"]
    ends = ("value", "lo", "hi")
    return pd.concat(
        [
            capacity.assign(metric=metric, **{name: factor * capacity[name] for name in ends})
            for factor, metric in enumerate(metrics, start=1)
        ],
        ignore_index=True,
    )


def probes_table(runs, layers=SMALL, epochs=(None, LAST)):
    """True labels tell more than assigned ones."""
    rng = np.random.default_rng(8)
    rows = []
    for width, noise, seed in runs:
        for epoch in sorted({best_epoch(seed) if e is None else e for e in epochs}):
            key = (width, noise, seed, epoch)
            for i, layer in enumerate(layers):
                for labels, factor in (("assigned", 0.7), ("true", 1.0)):
                    if labels == "assigned" and not noise:
                        continue
                    for metric, most in (("linear_probe", 0.7), ("masc", 0.6)):
                        value = factor * most * (i + 1) / len(layers) + 0.01 * rng.random()
                        names = (layer, i, "test", labels, metric)
                        rows.append((*key, *names, value, value - 0.03, value + 0.03))
            end = (layers[-1], len(layers) - 1, "test", "")
            for metric, value in (("network", 0.5), ("nc3", 0.6), ("nc4", 0.2)):
                rows.append((*key, *end, metric, value, value - 0.04, value + 0.04))
    names = ["epoch", "layer", "layer_index", "kind", "labels", "metric", "value", "lo", "hi"]
    return table(rows, names)


def similarity_table(runs, layers=SMALL):
    """Deeper layers are less alike; of the last epoch."""
    rng = np.random.default_rng(9)
    rows = []
    for width, noise, seed in runs:
        others = [("epoch", "epoch 0", 0, 0.8), ("epoch", "epoch 6", 6, 0.3)]
        others += [("seed", f"seed {s}", LAST, 0.5) for _, n, s in runs
                   if n == noise and s < seed and _ == width]  # fmt: skip
        others += [("width", f"width {w}", LAST, 0.4) for w, n, s in runs
                   if n == noise and s == seed and w < width]  # fmt: skip
        for i, layer in enumerate(layers):
            for compared, other, epoch, lost in others:
                value = 1 - lost * (i + 1) / len(layers) - 0.02 * rng.random()
                names = (layer, i, "test", compared, other, epoch)
                for metric, number in (("cka", value), ("cka_plain", value + 0.01)):
                    key = (width, noise, seed, LAST, *names, metric)
                    rows.append((*key, number, number - 0.03, number + 0.03))
    names = ["epoch", "layer", "layer_index", "kind", "compared", "other", "other_epoch", "metric"]
    return table(rows, [*names, "value", "lo", "hi"])


def rewind_table(runs, layers=SMALL, epochs=(0, 2, 6, None), batch_norms=("with-layer",)):
    rng = np.random.default_rng(3)
    held = [(i, name) for i, name in enumerate(layers) if name[:4] not in ("inpu", "pool")]
    rows = []
    for width, noise, seed in runs:
        for kind, final, early in (
            ("test", 0.3, 0.42), ("permuted", 0.96, 0.05), ("unpermuted", 0.99, 0.6),
        ):  # fmt: skip
            if kind not in kinds_of(noise):
                continue
            for batch_norm in batch_norms:
                key = (width, noise, seed)
                rows.append((*key, LAST, "none", "", None, batch_norm, kind, "accuracy", final))
                known = sorted({best_epoch(seed) if e is None else e for e in epochs})
                for epoch in known:
                    strength = min(epoch / BEST, 1)
                    for n, (i, layer) in enumerate(held):
                        left = n / len(held)
                        suffix = final * left**0.4 + strength * (early - final * left) * (1 - left)
                        single = final * (0.6 + 0.4 * strength * left)
                        for scheme, value in (("suffix", suffix), ("single", single)):
                            value = np.clip(value + 0.01 * rng.standard_normal(), 0, 1)
                            rows.append(
                                (*key, epoch, scheme, layer, i, batch_norm, kind, "accuracy", value)
                            )
    columns = ["epoch", "scheme", "layer", "layer_index", "batch_norm", "kind", "metric", "value"]
    frame = table(rows, columns).astype({"layer_index": "Int64"})
    return frame.assign(lo=frame["value"] - 0.01, hi=frame["value"] + 0.01)


def gradients_table(runs, layers=SMALL, epochs=(0, 2, 6, None, LAST)):
    rng = np.random.default_rng(4)
    rows = []
    for width, noise, seed in runs:
        known = sorted({best_epoch(seed) if epoch is None else epoch for epoch in epochs})
        for epoch in known:
            grown = 1 + 8 * (1 - np.exp(-epoch / 8))
            for i, layer in enumerate(layers):
                if layer == "input" or layer.startswith("pool"):
                    continue
                for kind in ("unpermuted", "permuted"):
                    if kind not in kinds_of(noise):
                        continue
                    floor = 0.02 * grown / (1 + i / 6)
                    start = 0.3 if kind == "unpermuted" else 0.021 + 0.1 * epoch / LAST
                    values = {
                        ("label", "norm"): start * grown / (1 + i / 6),
                        ("label", "noise_floor"): floor,
                        ("independent", "norm"): 0.8 * start * grown / (1 + i / 6) * epoch / LAST
                        + 0.003,
                        ("total", "norm"): 0.1 * start,
                    }
                    for (part, metric), value in values.items():
                        value = value * np.exp(0.08 * rng.standard_normal())
                        key = (width, noise, seed, epoch, layer, i, kind, part, metric)
                        rows.append((*key, value, 0.9 * value, 1.1 * value))
    columns = ["epoch", "layer", "layer_index", "kind", "part", "metric", "value", "lo", "hi"]
    return table(rows, columns)


def simulation_table(runs, layers=SMALL, kinds=(*KINDS, *CONTROLS), epochs=(None, LAST)):
    """Theory as in the geometry table, simulations a little above it, the input's unreached."""
    theory = geometry_table(runs, layers, epochs, manifolds=0)
    theory = theory[(theory["metric"] == "capacity") & theory["kind"].isin(kinds)]
    theory = theory.drop(columns=["manifold", "warnings"]).assign(metric="theory", reached=True)
    rng = np.random.default_rng(7)
    value = theory["value"] * (1.03 + 0.03 * rng.standard_normal(len(theory)))
    simulated = theory.assign(metric="simulated", value=value, lo=0.96 * value, hi=1.05 * value)
    unreached = simulated["layer"] == layers[0]
    simulated.loc[unreached, ["value", "lo"]] = np.nan
    simulated.loc[unreached, "hi"] = 0.06
    simulated.loc[unreached, "reached"] = False
    return pd.concat([theory, simulated], ignore_index=True)


def diverge(frames, seed, epoch):
    """Collected tables as they are if a seed's runs diverged in `epoch`."""
    kept = {}
    for name, frame in frames.items():
        lost = (frame["seed"] == seed) & (frame["epoch"] >= epoch)
        kept[name] = frame[~lost].copy()
        kept[name].loc[kept[name]["seed"] == seed, "last"] = False
    return kept


def image_set(n=400, n_classes=20, channels=3, size=32):
    """Arrays as in data/images.npz: smooth coloured patterns, one per class, with noise."""
    rng = np.random.default_rng(5)
    labels = np.arange(n) % n_classes
    y, x = np.mgrid[:size, :size] / size
    waves = rng.uniform(1, 4, (n_classes, channels, 2))
    phase = 2 * np.pi * (waves[..., 0, None, None] * x + waves[..., 1, None, None] * y)
    images = 127 + 90 * np.sin(phase)[labels] + 20 * rng.standard_normal((n, channels, size, size))
    return {
        "train_images": np.clip(images, 0, 255).astype(np.uint8),
        "class_names": np.array([f"class {c}" for c in range(n_classes)]),
    }


def label_table(n=400, n_classes=20, noise=0.5):
    rng = np.random.default_rng(6)
    true = np.arange(n) % n_classes
    permuted = np.arange(n) < noise * n
    assigned = true.copy()
    assigned[permuted] = rng.permutation(true[permuted])
    kinds = np.where(permuted, "permuted", "unpermuted")
    return pd.DataFrame(
        {"index": np.arange(n), "true_label": true, "assigned_label": assigned, "kind": kinds}
    )


def examples_table(runs, layers=SMALL, labels=None):
    """Unpermuted images are learned before the best epoch, most permuted ones after it."""
    labels = label_table() if labels is None else labels
    rng = np.random.default_rng(7)
    kinds, rows = labels["kind"].to_numpy(), []
    for width, noise, seed in runs:
        late = kinds == "permuted"
        first = np.rint(np.where(late, 22, 6) + rng.gamma(2, np.where(late, 5, 2))).clip(max=LAST)
        forgotten = rng.poisson(np.where(late, 2, 0.5))
        start = rng.integers(len(layers) // 2, len(layers), len(labels))
        for i, label in enumerate(labels.itertuples(index=False)):
            memorized = bool(late[i] and first[i] < LAST)
            place = start[i] if memorized else None
            rows.append(
                {
                    **{"width": width, "noise": noise, "seed": seed, "epoch": LAST},
                    **{"index": label.index, "kind": label.kind, "metric": "first_learned"},
                    **{"value": first[i], "lo": np.nan, "hi": np.nan},
                    **{"true_label": label.true_label, "assigned_label": label.assigned_label},
                    **{"last_learned": first[i], "forgetting_events": forgotten[i]},
                    **{"right_at_end": first[i] < LAST, "memorized": memorized},
                    "suffix_layer": None if place is None else layers[place],
                    "suffix_layer_index": place,
                    "single_layers": None,
                }
            )
    return table(rows, list(rows[0])[3:])


def center_map_table(runs, layers=SMALL, epochs=(None, LAST), manifolds=12):
    """Centres on a circle that grows over the layers and is turned from one to the next."""
    rows = []
    for width, noise, seed in runs:
        for epoch in (best_epoch(seed) if epoch is None else epoch for epoch in epochs):
            for index, layer in enumerate(layers):
                angles = 2 * np.pi * np.arange(manifolds) / manifolds + index
                radius = (0.2 + index / len(layers)) * (1 + 0.3 * np.arange(manifolds) / manifolds)
                for kind in kinds_of(noise):
                    key = (width, noise, seed, epoch, layer, index, kind)
                    for mu in range(manifolds):
                        place = radius[mu] * np.cos(angles[mu]), radius[mu] * np.sin(angles[mu])
                        found = {"x": place[0], "y": place[1], "spread": 0.1 + 0.01 * mu}
                        rows += [(*key, mu, metric, value) for metric, value in found.items()]
                    rows.append((*key, pd.NA, "held", 0.5))
    columns = ["epoch", "layer", "layer_index", "kind", "manifold", "metric", "value"]
    frame = table(rows, columns).astype({"manifold": "Int64"})
    return frame.assign(lo=np.nan, hi=np.nan, warnings="")


def low_rank_table(runs, layers=SMALL, epochs=(None, LAST), k_max=6):
    """Profiles over the number of removed directions, of which 2 are used."""
    rows = [
        (width, noise, seed, epoch, index, layer, kind, k, metric, value, abs(k - 2) < 2, k == 2)
        for width, noise, seed in runs
        for epoch in (best_epoch(seed) if epoch is None else epoch for epoch in epochs)
        for index, layer in enumerate(layers)
        for kind in kinds_of(noise)
        for k in range(k_max)
        for metric, value in (
            ("eigenvalue", (6 + index) / k if k else np.nan),
            ("correlation", 0.2 / (1 + k)),
            ("capacity", 0.1 - 0.005 * k),
            ("radius", 1 + 0.1 * k),
            ("dimension", 12 + 0.1 * k),
        )
    ]
    columns = [
        "epoch",
        "layer_index",
        "layer",
        "kind",
        "k",
        "metric",
        "value",
        "plausible",
        "chosen",
    ]
    return table(rows, columns).assign(lo=np.nan, hi=np.nan)
