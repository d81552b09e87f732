"""The drawings of the concepts: `python -m docs.generate.drawings` writes docs/figures/concepts/.

They are in the repository, so that the pages can be read without building the site.
"""

from math import comb
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
STYLE = {"font.size": 9, "svg.fonttype": "none", "font.family": "sans-serif", "svg.hashsalt": "0"}


def draw_all(folder):
    """Write every drawing into `folder`, which is made if it does not exist."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in DRAWINGS.items():
        with rc_context(STYLE):
            # A white ground, so that the words are readable on a dark page as well.
            draw().savefig(folder / f"{name}.svg", facecolor="white", metadata={"Date": None})


def manifold():
    """Two classes, entangled in the pixels and apart in a deep layer."""
    figure, (left, right) = _panels(2, (6.4, 2.6))
    rng = np.random.default_rng(1)
    turn = np.linspace(0, 2 * np.pi, 26)
    wave = rng.normal(0, 0.05, (2, 26))
    for sign, color, name in ((1, BLUE, "class cat"), (-1, ORANGE, "class dog")):
        along = np.linspace(-1.2, 1.2, 26)
        left.scatter(along, sign * 0.25 * np.sin(5 * along) + wave[0], s=14, color=color)
        spread = 0.32 + rng.normal(0, 0.04, 26)
        x, y = sign * 0.7 + spread * np.cos(turn), 0.12 * sign + 0.8 * spread * np.sin(turn)
        right.scatter(x, y, s=14, color=color, label=name)
        right.plot(x.mean(), y.mean(), "x", color=color, markersize=8, markeredgewidth=2)
        right.annotate("centre", (x.mean(), y.mean()), (x.mean() + 0.1, 0.45 * sign),
                       color=color, arrowprops={"arrowstyle": "-", "color": color})  # fmt: skip
    left.set_title("input: the manifolds are entangled")
    right.set_title("deep layer: the manifolds are apart")
    right.legend(frameon=False, loc="lower center", ncols=2, bbox_to_anchor=(0.5, -0.08))
    for axes in (left, right):
        axes.set(xlim=(-1.4, 1.4), ylim=(-0.75, 0.75))
    return figure


def capacity():
    """A dichotomy that a line separates, and how many are separable in n features."""
    figure = Figure(figsize=(6.4, 2.7), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.2))
    places = [(-0.8, 0.5), (-0.2, 0.75), (-0.75, -0.35), (0.3, -0.1), (0.8, 0.45), (0.25, -0.75)]
    for place, color in zip(places, (BLUE, BLUE, BLUE, ORANGE, ORANGE, ORANGE), strict=True):
        left.add_patch(Circle(place, 0.18, color=color, alpha=0.8))
    left.plot([-0.45, 0.45], [-1, 1], color="black")
    left.set(xlim=(-1.1, 1.1), ylim=(-1, 1), xticks=[], yticks=[], aspect="equal")
    left.set_title("one dichotomy of P = 6 manifolds")
    features = np.arange(1, 21)
    total = 20
    separable = [2.0 ** (1 - total) * sum(comb(total - 1, k) for k in range(n)) for n in features]
    right.plot(features, 100 * np.array(separable), marker="o", markersize=3, color="black")
    right.axhline(50, color=GREY, linewidth=0.8, linestyle=":")
    right.axvline(10, color=GREEN, linewidth=1.2)
    right.annotate("n = 10: half of them\ncapacity = 20 / 10 = 2", (10, 50), (11, 12), color=GREEN)
    right.set(xlabel="number of features n", ylabel="separable dichotomies (%)", ylim=(0, 104))
    right.set_title("P = 20 single points (Cover 1965)")
    return figure


def radius():
    """Manifolds of small and large radius at the same distance from the global mean."""
    figure, panels = _panels(2, (6.4, 2.5))
    for axes, size, title in zip(
        panels, (0.2, 0.5), ("radius 0.3: easy to separate", "radius 0.8: hard"), strict=True
    ):
        axes.plot(0, 0, "+", color="black", markersize=9)
        axes.annotate("global mean", (0, 0), (0, -14), textcoords="offset points", ha="center")
        for sign, color in ((1, BLUE), (-1, ORANGE)):
            axes.add_patch(Circle((sign * 0.62, 0), size, color=color, alpha=0.3))
            axes.plot(sign * 0.62, 0, "x", color=color, markersize=7, markeredgewidth=2)
        _arrow(axes, (0.62, 0), (0.62, size), BLUE)
        axes.annotate("radius", (0.66, size / 2), color=BLUE, va="center")
        _arrow(axes, (0, 0), (0.62, 0), "black")
        axes.set(xlim=(-1.25, 1.25), ylim=(-0.62, 0.62), title=title)
    return figure


def dimension():
    """Manifolds of the same radius that extend in one direction, and in two."""
    figure, panels = _panels(2, (6.4, 2.4))
    rng = np.random.default_rng(0)
    for axes, flat, title in zip(
        panels, (0.04, 1), ("low dimension: one direction", "high dimension: all directions"),
        strict=True,
    ):  # fmt: skip
        for sign, color in ((1, BLUE), (-1, ORANGE)):
            points = rng.normal(size=(60, 2))
            points /= np.linalg.norm(points, axis=1, keepdims=True) / 0.42
            points[:, 1] *= flat
            axes.scatter(points[:, 0] + 0.6 * sign, points[:, 1] + 0.1 * sign, s=9, color=color)
        axes.set(xlim=(-1.2, 1.2), ylim=(-0.6, 0.6), title=title)
    return figure


def permuted():
    """The same six images as unpermuted, permuted and restored manifolds."""
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.subplots()
    colors = {"A": BLUE, "B": ORANGE}
    shown = [("A", "A"), ("A", "A"), ("B", "B"), ("B", "B"), ("A", "B"), ("A", "B"), ("B", "A"),
             ("B", "A")]  # fmt: skip
    for i, (true, assigned) in enumerate(shown):
        _image(axes, i * 1.0, 3.1, true, colors)
        axes.text(i + 0.35, 2.9, f"label {assigned}", ha="center", va="top", color=colors[assigned])
    axes.text(-0.2, 3.45, "training set", ha="right", va="center")
    groups = {
        "unpermuted": [[0, 1], [2, 3]],
        "permuted\n(by assigned label)": [[6, 7], [4, 5]],
        "restored\n(by true label)": [[4, 5], [6, 7]],
    }
    for row, (name, manifolds) in enumerate(groups.items()):
        y = 1.85 - 1.05 * row
        axes.text(-0.2, y + 0.35, name, ha="right", va="center")
        for place, (members, label) in enumerate(zip(manifolds, "AB", strict=True)):
            x = 4.0 * place
            axes.add_patch(FancyBboxPatch((x, y), 1.7, 0.7, boxstyle="round,pad=0.08", fill=False,
                                          edgecolor=colors[label]))  # fmt: skip
            for k, i in enumerate(members):
                _image(axes, x + k, y, shown[i][0], colors)
            axes.text(x + 1.95, y + 0.35, f"manifold {label}", va="center", color=colors[label])
    axes.set(xlim=(-2.1, 8), ylim=(-0.45, 4))
    axes.axis("off")
    return figure


def rewinding():
    """A network whose last two layers come from an earlier epoch."""
    figure = Figure(figsize=(6.4, 2.3), layout="constrained")
    axes = figure.subplots()
    rows = (
        ("last epoch", [ORANGE] * 6),
        ("best epoch", [BLUE] * 6),
        ("rewound from fc2 on", [ORANGE] * 4 + [BLUE] * 2),
    )
    for row, (name, colors) in enumerate(rows):
        y = 2.2 - 1.1 * row
        axes.text(-0.2, y + 0.3, name, ha="right", va="center")
        for i, (layer, color) in enumerate(
            zip(("conv1", "conv2", "conv3", "fc1", "fc2", "fc3"), colors, strict=True)
        ):
            axes.add_patch(Rectangle((i * 1.25, y), 1.05, 0.6, color=color, alpha=0.85))
            axes.text(i * 1.25 + 0.52, y + 0.3, layer, ha="center", va="center", color="white")
    axes.set(xlim=(-2.4, 7.6), ylim=(-0.15, 2.95))
    axes.axis("off")
    return figure


def _image(axes, x, y, true, colors):
    axes.add_patch(Rectangle((x, y), 0.7, 0.7, color=colors[true], alpha=0.35))
    axes.text(x + 0.35, y + 0.35, true, ha="center", va="center", fontsize=13, color=colors[true])


def _arrow(axes, start, end, color):
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="->", mutation_scale=10, color=color))


def _panels(count, size):
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, count)
    for axes in panels:
        axes.set(xticks=[], yticks=[], aspect="equal")
    return figure, panels


DRAWINGS = {
    draw.__name__: draw for draw in (manifold, capacity, radius, dimension, permuted, rewinding)
}


if __name__ == "__main__":
    draw_all(Path(__file__).resolve().parents[1] / "figures" / "concepts")
