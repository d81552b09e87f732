"""The analysis set: which images the manifolds of every kind are made of.

A manifold is `per_class` images of one class. The kinds differ in images and in what groups them:

- unpermuted: training images whose label was left alone;
- permuted: training images with a wrong label, grouped by that assigned label;
- restored: the same images, grouped by their true label;
- test: held-out images, grouped by true label;
- atypical: those unpermuted images of each class that trained networks get wrong at most
  evaluations. Images that are learned late are rare examples of their class or look like another
  one (Feldman and Zhang, NeurIPS 2020; Maini et al., ICML 2023). Of the scores that one training
  gives, the time of learning agrees best with those of networks that are trained without the image
  (Jiang et al., ICML 2021).

Two controls are made of the images of the kind test, dealt to the manifolds at random, so that
classes tell nothing:

- shuffled: those images as they are;
- surrogate: the same dealing; their features are later replaced by Gaussian points of the same
  covariance (`geomem.analysis.activations`), so that nothing but the spectrum is left.
"""

import numpy as np
import pandas as pd

from geomem.data.randomness import generator
from geomem.errors import InputError

KINDS = ("unpermuted", "permuted", "restored", "test")
ATYPICAL = "atypical"
CONTROLS = ("shuffled", "surrogate")
COLUMNS = ("kind", "manifold", "position", "split", "index", "true_label", "assigned_label")


def choose_analysis_set(
    labels,
    test_labels,
    *,
    classes="all",
    per_class=50,
    seed=0,
    kinds=KINDS,
    controls=(),
    class_names=None,
    epochs_wrong=None,
):
    """Choose the images of every manifold.

    Parameters
    ----------
    labels : DataFrame
        One row per training image: index, true_label, assigned_label, kind (see `labels`).
    test_labels : array of int, shape (n,)
        True labels of the test images.
    classes : int or "all"
        How many classes to analyse; fewer than all are drawn at random.
    per_class : int
        Images per manifold, M.
    seed : int
    kinds : sequence of str
        Which kinds to choose: any of `KINDS`, and `ATYPICAL`.
    controls : sequence of str
        Which of the two controls to choose.
    class_names : sequence of str, optional
        What a message calls the classes; default: their numbers.
    epochs_wrong : array of int, shape (n,), optional
        At how many evaluations each training image was wrong; needed for the kind atypical, see
        `geomem.training.correctness.epochs_wrong`. Of equal ones a random one comes first.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, `per_class` rows for every kind and class, ordered by kind, manifold
        and position. A kind of which the labels hold no image at all (permuted and restored
        without noise, unpermuted at noise 1) is left out. A test image's assigned label is its
        true one.

        Coincident images (see `geomem.data.labels`) are in no kind. Permuted and restored have
        as many images in common as both groupings allow: all, unless a class runs short.

    Raises
    ------
    InputError
        If a class cannot fill a manifold, naming the largest `per_class` that works; or if atypical
        images are asked for without `epochs_wrong`.
    """
    if isinstance(per_class, bool) or not isinstance(per_class, int) or per_class < 2:
        raise InputError(
            f"analysis.per_class is {per_class!r}; expected a whole number, at least 2"
        )
    if ATYPICAL in kinds and epochs_wrong is None:
        raise InputError(
            "analysis.kinds has atypical, which needs epochs_wrong of trained networks"
        )
    chosen = _choose_classes(labels, classes, seed)
    images = _candidates(labels, test_labels, seed, epochs_wrong)
    wanted = {kind for kind in (*kinds, *(["test"] if controls else [])) if kind in images}
    grouping = {kind: images[kind][by] for kind, by in _GROUPED_BY.items() if kind in wanted}
    if not grouping:
        raise InputError(
            f"analysis.kinds is {', '.join(kinds)}, of which these labels hold no image; ask for "
            "another kind, or for label noise above 0 and below 1"
        )
    _check_counts(grouping, chosen, per_class, class_names)

    taken = {
        kind: _first_of_each(grouping[kind], chosen, per_class)
        for kind in ("unpermuted", "test", ATYPICAL)
        if kind in wanted
    }
    relabelled = [kind for kind in ("permuted", "restored") if kind in wanted]
    if len(relabelled) == 2:
        taken["permuted"], taken["restored"] = _share(
            grouping["permuted"], grouping["restored"], chosen, per_class
        )
    else:
        taken |= {kind: _first_of_each(grouping[kind], chosen, per_class) for kind in relabelled}
    parts = {
        kind: _manifolds(kind, images[kind].loc[rows], grouping[kind])
        for kind, rows in taken.items()
    }
    dealt = [_dealt(parts["test"], control, seed) for control in controls]
    parts = [part for kind, part in parts.items() if kind in kinds] + dealt
    order = ["kind", "manifold", "position"]
    return pd.concat(parts)[list(COLUMNS)].sort_values(order, ignore_index=True)


_GROUPED_BY = {
    "unpermuted": "assigned_label",
    "permuted": "assigned_label",
    "restored": "true_label",
    "test": "true_label",
    ATYPICAL: "assigned_label",
}


def _choose_classes(labels, classes, seed):
    """Sorted ids of the classes analysed."""
    n_classes = int(labels["true_label"].max()) + 1
    if classes == "all":
        return np.arange(n_classes)
    whole = isinstance(classes, int) and not isinstance(classes, bool)
    if not whole or not 2 <= classes <= n_classes:
        raise InputError(
            f'analysis.classes is {classes!r}; expected "all" or a whole number, 2 to {n_classes}'
        )
    return np.sort(generator("probe classes", seed).permutation(n_classes)[:classes])


def _candidates(labels, test_labels, seed, epochs_wrong):
    """Per kind a table of the images it may take, in order; kinds without any left out."""
    test_labels = np.asarray(test_labels)
    train = labels[["index", "true_label", "assigned_label"]].assign(split="train")
    test = pd.DataFrame({"index": np.arange(len(test_labels)), "split": "test"})
    test["true_label"] = test["assigned_label"] = test_labels
    relabelled = _shuffle(train[labels["kind"] == "permuted"], "probe permuted", seed)
    tables = {
        "unpermuted": _shuffle(train[labels["kind"] == "unpermuted"], "probe unpermuted", seed),
        "permuted": relabelled,
        "restored": relabelled,
        "test": _shuffle(test, "probe test", seed),
    }
    if epochs_wrong is not None:
        wrong = np.asarray(epochs_wrong)[tables["unpermuted"]["index"]]
        tables[ATYPICAL] = tables["unpermuted"].iloc[np.argsort(-wrong, kind="stable")]
        tables[ATYPICAL] = tables[ATYPICAL].reset_index(drop=True)
    return {kind: table for kind, table in tables.items() if len(table)}


def _shuffle(table, purpose, seed):
    order = generator(purpose, seed).permutation(len(table))
    return table.iloc[order].reset_index(drop=True)


def _check_counts(grouping, chosen, per_class, class_names):
    counts = pd.DataFrame({kind: groups.value_counts() for kind, groups in grouping.items()})
    counts = counts.reindex(chosen).fillna(0).astype(int)
    most = int(counts.to_numpy().min())
    if most >= per_class:
        return
    kind = counts.min().idxmin()
    remedy = (
        f"set analysis.per_class to at most {most}"
        if most >= 2
        else "take more images per class, another noise level or fewer classes"
    )
    number = counts[kind].idxmin()
    name = number if class_names is None else f"{class_names[number]!s:.60}"
    raise InputError(
        f"analysis.per_class is {per_class}, but kind {kind} has only {most} images of class "
        f"{name}; {remedy}"
    )


def _first_of_each(groups, chosen, count):
    """Row numbers of the first `count` members of each chosen group."""
    rank = groups.groupby(groups).cumcount()
    return groups.index[groups.isin(chosen) & (rank < count)]


def _share(assigned, true, chosen, count):
    """Rows for permuted and restored, with as many as possible in both.

    Rows in both must number at most `count` per assigned label and per true label. Taking rows in
    their random order while both have room leaves some classes a few short; a maximum flow from
    assigned to true labels, started from there, fixes that with the fewest changes.
    """
    size = len(chosen)
    code = pd.Series(np.arange(size), index=chosen)
    inside = assigned.isin(chosen) & true.isin(chosen)
    rows = assigned.index[inside]
    a, t = code[assigned[inside]].to_numpy(), code[true[inside]].to_numpy()

    taken = np.zeros((size, size), dtype=np.int32)
    room_a, room_t = np.full(size, count), np.full(size, count)
    for i, j in zip(a, t, strict=True):
        if room_a[i] and room_t[j]:
            taken[i, j] += 1
            room_a[i] -= 1
            room_t[j] -= 1
    available = np.zeros_like(taken)
    np.add.at(available, (a, t), 1)
    taken += _flow(available - taken, taken, room_a, room_t)

    rank = pd.DataFrame({"a": a, "t": t}).groupby(["a", "t"]).cumcount().to_numpy()
    shared = rows[rank < taken[a, t]]
    return (
        shared.append(_fill(assigned.drop(shared), assigned[shared], chosen, count)),
        shared.append(_fill(true.drop(shared), true[shared], chosen, count)),
    )


def _flow(forward, backward, sources, sinks):
    """Net change of a (P, P) table of flows by a maximum flow through what room is left.

    Parameters
    ----------
    forward, backward : ndarray of int32, shape (P, P)
        By how much each entry may grow and shrink.
    sources, sinks : ndarray of int, shape (P,)
        By how much each row sum and column sum may grow.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    size = len(forward)
    source, sink, row, column = 2 * size, 2 * size + 1, slice(0, size), slice(size, 2 * size)
    room = np.zeros((2 * size + 2, 2 * size + 2), dtype=np.int32)
    room[row, column], room[column, row] = forward, backward.T
    room[source, row], room[column, sink] = sources, sinks
    return maximum_flow(csr_array(room), source, sink).flow.toarray()[row, column]


def _fill(groups, already, chosen, count):
    """Row numbers of the first members of each chosen group that lift it to `count`."""
    missing = count - already.value_counts().reindex(chosen, fill_value=0)
    groups = groups[groups.isin(chosen)]
    rank = groups.groupby(groups).cumcount()
    return groups.index[rank < groups.map(missing)]


def _manifolds(kind, images, groups):
    manifold = groups.loc[images.index]
    position = manifold.groupby(manifold).cumcount()
    return images.assign(kind=kind, manifold=manifold, position=position)


def _dealt(test, control, seed):
    """The rows of the kind test with manifold and position dealt again; both controls agree."""
    order = generator("probe shuffled", seed).permutation(len(test))
    place = test[["manifold", "position"]].to_numpy()[order]
    return test.assign(kind=control, manifold=place[:, 0], position=place[:, 1])
