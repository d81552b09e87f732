"""Label noise: which training images get another label, and which one.

The labels of a random subset of every class are drawn again. This sorts the training images into
three kinds, the same for accuracies, manifolds and gradients:

- unpermuted: the label was left alone;
- permuted: it was drawn again and is wrong now;
- coincident: it was drawn again and came out true. Such an image is mislabelled for nobody, yet it
  was not left alone either. It is trained on and counts for neither of the other kinds.

Labels that come from elsewhere (a file, a transition matrix: `geomem.data.given_labels`) may be
true, and then leave an image unpermuted.

At equal seed the subset of a lower noise level lies inside that of a higher one.
"""

import numpy as np

from geomem.data.randomness import generator
from geomem.errors import InputError

KINDS = ("unpermuted", "permuted", "coincident")


def assign_labels(true_labels, *, rule="permute", noise, seed=0, given=None):
    """Relabel a part of every class.

    Parameters
    ----------
    true_labels : array of int, shape (n,)
        Class ids, 0 to P - 1.
    rule : {"permute", "uniform", "other"}
        How relabelled images get their label. "permute" shuffles the labels of the subset among
        its images, so that every class keeps its exact size. "uniform" draws any class, "other"
        any class but the true one; with these two an image gets the same label at every noise
        level. Under "permute" and "uniform" about one relabelled image in P happens to keep its
        own label.
    noise : float
        Fraction of every class that is relabelled (rounded to whole images), 0 to 1.
    seed : int
    given : array of int, shape (n,), optional
        Labels that the subset takes, in place of a rule.

    Returns
    -------
    assigned_labels : ndarray of int64, shape (n,)
    redrawn : ndarray of bool, shape (n,)
        The images whose label was drawn again, whatever label they got; with `given` those whose
        label is wrong now.

    Raises
    ------
    InputError
        If an argument is out of range.
    """
    true_labels = np.asarray(true_labels, dtype=np.int64)
    if isinstance(noise, bool) or not isinstance(noise, int | float) or not 0 <= noise <= 1:
        raise InputError(f"noise is {noise!r}; expected a fraction, 0 to 1")
    if given is None and rule not in _RULES:
        raise InputError(f"labels.rule is {rule!r}; expected one of {', '.join(_RULES)}")
    redrawn = np.zeros(len(true_labels), dtype=bool)
    for label in np.unique(true_labels):
        members = np.flatnonzero(true_labels == label)
        order = generator("noisy subset", seed, label).permutation(members)
        redrawn[order[: round(noise * len(members))]] = True
    if given is not None:
        assigned = np.where(redrawn, np.asarray(given, dtype=np.int64), true_labels)
        return assigned, assigned != true_labels
    assigned = np.where(redrawn, _RULES[rule](true_labels, redrawn, seed), true_labels)
    return assigned, redrawn


def is_permuted(true_labels, assigned_labels, redrawn):
    """Which images are permuted, ndarray of bool: label drawn again, and wrong now."""
    wrong = np.asarray(true_labels) != np.asarray(assigned_labels)
    return np.asarray(redrawn, dtype=bool) & wrong


def label_table(true_labels, assigned_labels, redrawn):
    """A DataFrame of every training image in order: index, true_label, assigned_label, kind."""
    import pandas as pd

    wrong = is_permuted(true_labels, assigned_labels, redrawn)
    which = np.where(redrawn, np.where(wrong, 1, 2), 0)
    return pd.DataFrame(
        {
            "index": np.arange(len(which)),
            "true_label": true_labels,
            "assigned_label": assigned_labels,
            "kind": np.array(KINDS)[which],
        }
    )


def wrong_fraction(true_labels, assigned_labels):
    """The fraction of images whose assigned label is not the true one, a float."""
    return float(np.mean(np.asarray(true_labels) != np.asarray(assigned_labels)))


def _permute(true_labels, redrawn, seed):
    subset = np.flatnonzero(redrawn)
    shuffled = true_labels.copy()
    shuffled[subset] = true_labels[generator("permute labels", seed).permutation(subset)]
    return shuffled


def _uniform(true_labels, redrawn, seed):
    n_classes = true_labels.max() + 1
    return generator("uniform labels", seed).integers(n_classes, size=len(true_labels))


def _other(true_labels, redrawn, seed):
    n_classes = true_labels.max() + 1
    step = generator("other labels", seed).integers(1, n_classes, size=len(true_labels))
    return (true_labels + step) % n_classes


_RULES = {"permute": _permute, "uniform": _uniform, "other": _other}
