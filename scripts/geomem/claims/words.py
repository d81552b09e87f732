"""The names of claims, verdicts and intervals, in words.

Standard library alone: Snakemake's own process reads them.
"""

CLAIMS = {
    "C1": "Layers learn first from examples that share features; permuted examples are ignored "
    "early in training and in early layers.",
    "C2": "Memorization sits in the deep layers and is driven by shrinking radius and dimension of "
    "the permuted manifolds; early layers hardly change.",
    "C3": "Rewinding the last layers to an earlier epoch restores generalization.",
    "C4": "Double descent over width shows in the geometry: where final test accuracy dips, the "
    "dimension rises more than the radius, and neither at the best epoch.",
    "C5": "At a small initialization permuted examples contribute little gradient.",
    "M": "Opposed to C2 and C3 (Maini et al. 2023): memorization of single examples is spread over "
    "the layers, and those critical to it are not the last ones.",
    "N": "Controls: what is found where there is nothing to find, and T1 and T4 against that.",
    "own": "Statements of your own.",
}
MARKS = {"supported": "✓", "contradicted": "✗", "undecided": "?", "not measured": "–"}
# Sources of uncertainty within a run, and all whose intervals a verdict has.
SOURCES = {"vectors": "Gaussian vectors", "manifolds": "manifolds", "images": "images"}
INTERVALS = {
    **SOURCES,
    "seeds": "seeds",
    "total": "all together",
    "low_rank": "removed directions",
}
