"""What is held against the tables: every claim and target, its effect, and what it presupposes.

C1 to C5 are the claims of Stephenson et al. 2021, T1 to T8 what they mean in numbers; M those of
Maini et al. 2023 ("Can neural network memorization be localized?"), which oppose C2 and C3 for
single examples; N what must hold for the analysis itself to be trusted.
"""

from collections.abc import Callable
from dataclasses import dataclass

from geomem.claims import effects
from geomem.claims.errors import NotMeasuredError

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
    "N": "Controls: what the analysis finds where there is nothing to find.",
}


@dataclass(frozen=True)
class Target:
    """One measurable statement.

    Attributes
    ----------
    name : str
        Also the key of its threshold in the configuration.
    claim : str
        A key of `CLAIMS`.
    statement : str
        With `{}` where the threshold goes.
    effect : callable
        Of a `View`, or of a list of them over widths if `sweep`.
    bound : {"at least", "at most"}
        On which side of the threshold the statement holds.
    needs : tuple of callables
        Of (view or views, settings); each raises NotMeasuredError where a condition fails.
    sweep : bool
        Of all widths together rather than of one network.
    """

    name: str
    claim: str
    statement: str
    effect: Callable
    bound: str
    needs: tuple = ()
    sweep: bool = False


def memorized(view, settings):
    """The last network gives most permuted examples their assigned label."""
    found = view.accuracy("last", "permuted")[0]
    if found < settings["memorized"]:
        raise NotMeasuredError(
            f"not memorized: permuted accuracy {found:.2f} at the last epoch is below "
            f"claims.memorized = {settings['memorized']:g}"
        )


def overfitted(view, settings):
    """A part of the best epoch's test accuracy was lost."""
    lost = (1 - view.accuracy("last", "test") / view.accuracy("best", "test"))[0]
    if lost < settings["lost"]:
        raise NotMeasuredError(
            f"nothing to recover: {lost:.3f} of the best test accuracy was lost, less than "
            f"claims.lost = {settings['lost']:g}"
        )


def wide_enough(views, settings):
    """At least four widths, the widest of which memorized."""
    if len(views) < 4:
        raise NotMeasuredError(f"{len(views)} widths; a dip over width takes at least 4")
    memorized(views[-1], settings)


def noiseless(view, settings):
    """No label was replaced."""
    if view.run.noise:
        raise NotMeasuredError("about networks trained without label noise")


TARGETS = (
    Target(
        "T1-permuted", "C1",
        "At the best epoch permuted capacity is within {} of 2/M in every layer.",
        effects.deviation_from_cloud("permuted", "best"), "at most",
    ),
    Target(
        "T1-restored", "C1",
        "At the best epoch restored capacity is within {} of test capacity in every layer.",
        effects.restored_against_test, "at most",
    ),
    Target(
        "T2-final", "C2",
        "Permuted capacity of the final layer grows from the best to the last epoch by a factor "
        "of at least {}.",
        effects.permuted_gain, "at least", (memorized,),
    ),
    Target(
        "T2-early", "C2",
        "In the first half of the layers permuted capacity changes by at most {}.",
        effects.early_change, "at most", (memorized,),
    ),
    Target(
        "T3-radius", "C2",
        "At the last epoch the permuted radius falls by at least {} over the last third of the "
        "layers.",
        effects.fall_over_last_third(effects.RADIUS), "at least", (memorized,),
    ),
    Target(
        "T3-dimension", "C2",
        "So does the permuted dimension, by at least {}.",
        effects.fall_over_last_third("dimension"), "at least", (memorized,),
    ),
    Target(
        "T4", "C2",
        "At the last epoch restored capacity of the final layer is within {} of 2/M.",
        effects.final_deviation_from_cloud, "at most", (memorized,),
    ),
    Target(
        "T5", "C2",
        "At the last epoch test capacity peaks before the final layer, at least {} above it.",
        effects.interior_peak, "at least", (memorized,),
    ),
    Target(
        "T8-recovers", "C3",
        "Rewinding a suffix of layers to the best epoch recovers at least {} of the lost test "
        "accuracy.",
        effects.suffix_recovery, "at least", (memorized, overfitted),
    ),
    Target(
        "T8-forgets", "C3",
        "The same suffix leaves at most {} of the permuted accuracy.",
        effects.suffix_remembers, "at most", (memorized, overfitted),
    ),
    Target(
        "T8-early", "C3",
        "Rewinding one layer of the first half recovers at most {} of it.",
        effects.early_recovery, "at most", (memorized, overfitted),
    ),
    Target(
        "T6-dip", "C4",
        "Over width final test accuracy dips at least {} deeper than best test accuracy.",
        effects.extra_dip, "at least", (wide_enough,), True,
    ),
    Target(
        "T6-dimension", "C4",
        "The bump of the final dimension exceeds that of the final radius by at least {} of the "
        "mean.",
        effects.extra_bump, "at least", (wide_enough,), True,
    ),
    Target(
        "T6-best", "C4",
        "At the best epoch neither has a bump above {} of the mean.",
        effects.best_bump, "at most", (wide_enough,), True,
    ),
    Target(
        "T7-permuted", "C5",
        "At initialization the permuted label gradient is at most {} times its noise level at 50 "
        "examples of each class.",
        effects.gradient_over_noise("permuted"), "at most",
    ),
    Target(
        "T7-unpermuted", "C5",
        "The unpermuted label gradient is at least {} times its noise level at 50 examples.",
        effects.gradient_over_noise("unpermuted"), "at least",
    ),
    Target(
        "M-critical", "M",
        "Rewinding one layer costs the most permuted accuracy before the last third, by at "
        "least {} more than within it.",
        effects.early_criticality, "at least", (memorized,),
    ),
    Target(
        "M-gradient", "M",
        "The last third's fraction of the permuted gradient is at most {} times its fraction of "
        "the unpermuted one.",
        effects.late_gradient_fraction, "at most", (memorized,),
    ),
    Target(
        "M-unselective", "M",
        "Where it costs most before the last third, rewinding one layer costs unpermuted "
        "accuracy at least {} times as much (reconciles M with C3: critical, but not to "
        "memorization alone).",
        effects.early_unselectivity, "at least", (memorized,),
    ),
    Target(
        "N-shuffled", "N",
        "Shuffled classes have a capacity within {} of 2/M in every layer at the last epoch.",
        effects.deviation_from_cloud("shuffled", "last"), "at most",
    ),
    Target(
        "N-surrogate", "N",
        "So have Gaussian points of the same spectrum.",
        effects.deviation_from_cloud("surrogate", "last"), "at most",
    ),
    Target(
        "N-noiseless", "N",
        "Without label noise test capacity of the final layer at the last epoch is at least {} "
        "above the best epoch's (relative; below 0: lost).",
        effects.test_change, "at least", (noiseless,),
    ),
)  # fmt: skip
