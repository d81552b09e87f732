"""The figures of an experiment: what each is drawn by, when it is asked for, and its caption.

A figure is a function of tables. The names of its positional arguments say which: a table's,
`images` or `labels`. Of its keyword arguments those named in `SETTINGS` are given the experiment's
value. It returns a matplotlib Figure. An experiment lists functions of the user's own under
`figures`.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from geomem.registry import own
from geomem.registry.tables import tables_of

PICTURES = ("images", "labels")  # besides tables


def _recorded(experiment):
    return bool(experiment.get("activations"))


def _shown_epochs(experiment):
    """Of recorded activations up to four epochs, evenly; None leaves a figure its own choice."""
    if not _recorded(experiment):
        return None
    epochs = experiment["analysis"]["epochs"]
    count = min(len(epochs), 4)
    return [epochs[round(i * (len(epochs) - 1) / max(count - 1, 1))] for i in range(count)]


# What a keyword argument of the same name is given; None leaves it at its default.
SETTINGS = {
    # What a capacity can be compared with: 2/M, and the paper's if measured the same way.
    "per_class": lambda experiment: experiment["analysis"]["per_class"],
    "kappa": lambda experiment: experiment["geometry"]["kappa"],
    "remove_low_rank": lambda experiment: experiment["geometry"]["low_rank"]["k"] != "none",
    "epochs": _shown_epochs,
    "network": lambda experiment: experiment["model"]["name"],
    "data": lambda experiment: experiment["data"]["name"],
}


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes
    ----------
    name : str
        Of its files.
    function : str
        Import path.
    caption : str
        What a report says below it.
    asked : callable
        Of an experiment whose tables it needs are there: whether there is something to see.
    """

    name: str
    function: str
    caption: str
    asked: Callable = lambda experiment: True

    @property
    def inputs(self):
        """Names of the tables (or of `PICTURES`) that it is drawn from, in its order."""
        return own.locate(self.function).positional

    def settings(self, experiment):
        """The settings of an experiment that it takes."""
        taken = own.locate(self.function).keywords
        found = {name: SETTINGS[name](experiment) for name in taken if name in SETTINGS}
        return {name: value for name, value in found.items() if value is not None}


def _builtin(name, caption, asked=lambda experiment: True):
    return Figure(name, f"geomem.figures.{name}:draw", caption, asked)


def _companion(name, caption):
    rest = """ at the best and the last epoch. Grey lines are controls, as in the figure `depth`.
Mean over seeds; shaded or barred: 95 % Student t interval over seeds, or with one seed the
measurement's own interval."""
    return Figure(name, f"geomem.figures.companions:{name}", caption + rest)


_WARNED = """
Radius and dimension are means of the middle half of the manifolds. Open marks are values with a
warning (`warnings` in the table); a triangle at an edge is one beyond the axes."""

FIGURES = {
    figure.name: figure
    for figure in (
        _builtin(
            "samples",
            """Training images of each kind with the label they were given. In parentheses below
it: the true label of images whose label was drawn at random, which by chance can be the same
(with the figure `accuracy`, the paper's figure 1A).""",
        ),
        _builtin(
            "accuracy",
            """Fraction of images classified correctly (%) over the epochs of training:
unpermuted training images, permuted ones against their assigned labels, restored (the same
images against their true labels) and test images. One panel for each width and label noise. Mean
over seeds; shaded or barred: 95 % Student t interval over seeds, or with one seed the Wilson
interval over images. Dotted: each seed's best epoch, that of the highest validation accuracy. A
cross marks where a seed diverged.""",
            lambda experiment: not _recorded(experiment),
        ),
        _builtin(
            "examples",
            """Single training images. Above: fraction (%) that has been given its assigned label
once, over epochs; fraction that was forgotten at least so often, between evaluations after each
epoch (Toneva et al. 2019); of the memorized images, permuted ones that end with their assigned
label, the fraction that the shortest suffix of rewound layers makes forget it, by the layer where
that suffix starts. Below: images memorized first and last, by the epoch after which each keeps its
assigned label; in parentheses the true one. The widest network with the most label noise, its first
seed.""",
        ),
        _builtin(
            "depth",
            """Capacity (manifolds per feature), radius (in units of the distance of the
manifold's centre from the global mean) and dimension (directions) of each kind of manifold over
the layers, at the best and the last epoch (the paper's figure 3). Black: 2/M, the capacity of M
points without structure. Grey lines are controls: test images dealt to the classes at random,
and Gaussian points of the same covariance. Mean over seeds; shaded or barred: 95 % Student t
interval over seeds, or with one seed the measurement's own interval. Grey marks are traced from
the paper and drawn only where the quantities can be compared (100 manifolds of 50 points, half
the labels permuted, margin 0). They are of VGG16 on CIFAR-100, placed by relative depth, and no
absolute targets."""
            + _WARNED,
        ),
        _builtin(
            "change",
            """Capacity, radius and dimension at the last epoch minus those at the best epoch,
layer by layer, in the units of the figure `depth`. Differences are taken within each network,
then averaged over seeds. Shaded: 95 % Student t interval over seeds, or with
one seed the interval of pairs, since both epochs are measured with the same Gaussian vectors.
Grey lines are the controls, grey marks the paper's differences under the same conditions as in
`depth`."""
            + _WARNED,
            lambda experiment: {"best", "last"} <= set(experiment["analysis"]["epochs"]),
        ),
        _builtin(
            "epochs",
            """Geometry of the last layers over the epochs of training (the paper's figure 2 asks
where and when), in the units of the figure `depth`. Mean over seeds; shaded or barred: 95 %
Student t interval over seeds, or with one seed the measurement's own interval."""
            + _WARNED,
        ),
        _builtin(
            "glue",
            """Joint geometry (GLUE; Chou et al. 2025) of each kind of manifold over the layers, at
the best and the last epoch: capacity (manifolds per feature), dimension (directions), radius (in
units of the centres' norm) and utility (capacity over what dimension and radius alone would give).
Black: 2/M, the capacity of M points without structure in many features. Grey lines are controls,
as in the figure `depth`. Mean over seeds; shaded or barred: 95 % Student t interval over seeds, or
with one seed the measurement's own interval over draws. Where draws are inseparable, capacity tends
to the number of manifolds over the dimensions that the points span: the grey bars."""
            + _WARNED,
        ),
        _builtin(
            "glue_epochs",
            """Joint geometry (GLUE) of the last layers over the epochs of training, in the units
of the figure `glue`. Mean over seeds; shaded or barred: 95 % Student t interval over seeds, or with
one seed the measurement's own interval over draws."""
            + _WARNED,
        ),
        _builtin(
            "low_rank",
            """How geometry depends on the number K of shared directions removed from the class
centres, for permuted and test manifolds at the last epoch; one line for each layer. First column:
eigenvalues of the centres; directions above the dotted line are taken off. Dot: what is used.
Thick: K that the centres do not tell apart from it. The widest network with the most label noise,
its first seed.""",
        ),
        _builtin(
            "width",
            """Above: test, permuted and unpermuted accuracy (%) against the size of the network
at the best and the last epoch. Below: capacity (manifolds per feature), radius (centre norms)
and dimension (directions) of the test manifolds in the final layer (the paper's figure 4). Mean
over seeds; shaded or barred: 95 % Student t interval over seeds, or with one seed the
measurement's own interval. A cross marks a size that no seed has a last epoch of. Grey marks are
traced from the paper's ResNet-18 on CIFAR-100 and placed at its number of parameters: radius and
dimension only beside 100 manifolds of 50 points with margin 0 and at most a fifth of the labels
permuted, accuracy only beside the same network and images. They are no absolute targets."""
            + _WARNED,
            lambda experiment: len(experiment["widths"]) > 1,
        ),
        _builtin(
            "simulation",
            """Capacity (manifolds per feature) from theory (lines) and simulated with random
dichotomies of random projections (open marks), of the same points, layer by layer for each kind,
and one against the other (the paper's figure 1B). Arrows are upper bounds: not even all features
of the layer separate half of the dichotomies. Mean over seeds; shaded or barred: 95 % Student t
interval over seeds, or with one seed the theory's interval over Gaussian vectors and the
simulation's over dichotomies.""",
        ),
        _companion(
            "participation_ratio",
            """Participation ratio of the manifolds of each kind over the layers (directions that
the variance of a manifold is spread over, corrected for the number of points; Chun et al.
2026),""",
        ),
        _companion(
            "two_nn",
            """Intrinsic dimension of all points of each kind over the layers, from the distances
to the two nearest neighbours (two-NN; Facco et al. 2017),""",
        ),
        _companion(
            "neural_collapse",
            """Neural collapse (Papyan et al. 2020) of each kind over the layers: variability within
classes (NC1), spread of the norms of the class means and of the angles between them, and distance
of these angles from the widest that are possible (NC2). All are 0 in full collapse. Drawn""",
        ),
        _companion(
            "few_shot",
            """Few-shot learning (Sorscher et al. 2022) of each kind over the layers:
signal-to-noise ratio, and predicted error, of telling two classes apart by the nearer mean of five
examples; means over pairs of classes,""",
        ),
        _companion(
            "cross_condition",
            """Dichotomies of the classes (Bernardi et al. 2020) over the layers. Left: accuracy
on left-out points, mean over balanced dichotomies (shattering dimension). Right: the same on
classes that the classifier never saw (cross-condition generalization). 1/2 is chance. Drawn""",
        ),
        _builtin(
            "probes",
            """Accuracy on held-out images of probes of each layer, trained on analysed training
images with the labels assigned in training and with true labels: a linear probe, and subspaces of
the classes (MASC; Ketha and Ramaswamy 2025). Dashed: the network's own output among the same
classes and images. Mean over seeds; shaded or barred: 95 % Student t interval over seeds, or with
one seed the Wilson interval over images.""",
        ),
        _builtin(
            "similarity",
            """Linear CKA of each layer for the same held-out images, corrected for their number
(Kornblith et al. 2019; Murphy et al. 2024): at the last epoch with earlier epochs, between seeds,
and between widths, as far as there are any. 1: equal but for rotation and scale. Mean over seeds;
shaded or barred: 95 % Student t interval over seeds, or with one seed the jackknife interval over
images; between seeds the range over pairs.""",
        ),
        _builtin(
            "rewind",
            """Accuracy (%) of the final network with some layers rewound to an earlier epoch:
one layer alone, or a layer and all after it. One line for each earlier epoch, or where there is one
alone, for each treatment of batch norm's running statistics. Grey lines: the
whole network at its best and last epoch. Mean over seeds; shaded or barred: 95 % Student t
interval over seeds, or with one seed the Wilson interval over images.""",
        ),
        _builtin(
            "gradients",
            """Norm of the label-dependent and label-independent part of the loss gradient (nats
per unit of weight), layer by layer over the epochs, for permuted and unpermuted images (the
paper's figure A.1). Dotted: the noise floor, the norm that the label-dependent part would have
if labels told nothing. Mean over seeds; shaded or barred: 95 % Student t interval over seeds, or
with one seed the jackknife interval over groups of images.""",
        ),
        _builtin(
            "localization",
            """For the comparison with Maini et al. (ICML 2023), who find that the layers that
matter for memorized examples are not in general the last ones. Above: change of accuracy
(percentage points), of training images on the left and test images on the right, when layers of
the final network are rewound, one alone or one with all after it. Batch norm's running statistics
are rewound with their layer where that was measured. A layer holds what was memorized if rewinding
it lowers permuted accuracy alone. Below: each layer's fraction (%) of the squared norm of the loss
gradient, of permuted and of unpermuted images; the norm includes sampling noise. Mean over seeds;
shaded or barred: 95 % Student t interval over seeds, or with one seed for changes, the interval of
two independent accuracies (from their Wilson intervals).""",
        ),
    )
}


def figures_of(experiment):
    """`{name: Figure}` of the figures that an experiment's settings ask for."""
    there = {*tables_of(experiment), *(() if _recorded(experiment) else PICTURES)}
    listed = [*FIGURES.values(), *map(find, experiment["figures"])]
    return {
        figure.name: figure
        for figure in listed
        if set(figure.inputs) <= there and figure.asked(experiment)
    }


def find(name):
    """The Figure of an entry's name or of a user's `package.module:function`.

    A user's figure has its function's documentation as caption.
    """
    if name in FIGURES:
        return FIGURES[name]
    function = own.locate(name)
    return Figure(function.name, name, inspect.cleandoc(function.doc) or function.name)
