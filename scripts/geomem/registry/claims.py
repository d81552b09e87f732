"""What is held against the tables: every statement of the claims, its effect and its threshold.

C1 to C5 are the claims of Stephenson et al. 2021, T1 to T8 what they mean in numbers; M those of
Maini et al. 2023 ("Can neural network memorization be localized?"), which oppose C2 and C3 for
single examples; N what must hold for the analysis itself to be trusted. A configuration can give a
statement another threshold (`claims.thresholds`) and add statements of its own (`claims.own`).
"""

from dataclasses import asdict, dataclass

_EFFECTS = "geomem.claims.effects:"


@dataclass(frozen=True)
class Target:
    """One measurable statement.

    Attributes
    ----------
    name : str
    claim : str
        A key of `geomem.claims.words.CLAIMS`.
    statement : str
        With `{}` where the threshold goes.
    effect : str
        Import path of a function of a `View`, or of a list of them over widths if `sweep`; with
        `arguments`, of a function that makes it.
    bound : {"at least", "at most"}
        On which side of the threshold the statement holds.
    value : float
        The threshold.
    source : str
        Where the threshold comes from.
    arguments : tuple of str
    needs : tuple of str
        Names of functions in `geomem.claims.targets`, conditions without which it is not measured.
    sweep : bool
        Of all widths together rather than of one network.
    tables : tuple of str
        Tables that it reads besides those that claims are always about.
    estimated : bool
        Stated in capacity, radius or dimension, so judged once for each estimator of these.
    """

    name: str
    claim: str
    statement: str
    effect: str
    bound: str
    value: float
    source: str
    arguments: tuple = ()
    needs: tuple = ()
    sweep: bool = False
    tables: tuple = ()
    estimated: bool = False


TARGETS = {
    target.name: target
    for target in (
        Target(
            "T1-permuted", "C1",
            "At the best epoch permuted capacity differs from 2/M by a fraction of at most {} in "
            "every layer.",
            _EFFECTS + "deviation_from_cloud", "at most", 0.1,
            "the paper, .037 to .038 where 2/M is .04",
            arguments=("permuted", "best"), estimated=True,
        ),
        Target(
            "T1-restored", "C1",
            "At the best epoch restored capacity differs from test capacity by a fraction of at "
            "most {} in every layer.",
            _EFFECTS + "restored_against_test", "at most", 0.1,
            "the paper, close to each other; as T1",
            estimated=True,
        ),
        Target(
            "T2-final", "C2",
            "Permuted capacity of the final layer grows from the best to the last epoch by a "
            "factor of at least {}.",
            _EFFECTS + "permuted_gain", "at least", 2,
            "the paper, .038 to .099",
            needs=("memorized",), estimated=True,
        ),
        Target(
            "T2-early", "C2",
            "In the first half of the layers permuted capacity changes from the best to the last "
            "epoch by a fraction of at most {}.",
            _EFFECTS + "early_change", "at most", 0.05,
            "the paper, early layers hardly change",
            needs=("memorized",), estimated=True,
        ),
        Target(
            "T3-radius", "C2",
            "At the last epoch the permuted radius falls over the last third of the layers by a "
            "fraction of at least {}.",
            _EFFECTS + "fall_over_last_third", "at least", 0.18,
            "half of the paper's fall, 1.55 to .98",
            arguments=("radius",), needs=("memorized",), estimated=True,
        ),
        Target(
            "T3-dimension", "C2",
            "At the last epoch the permuted dimension falls over the last third of the layers by "
            "a fraction of at least {}.",
            _EFFECTS + "fall_over_last_third", "at least", 0.23,
            "half of the paper's fall, 34.6 to 18.6",
            arguments=("dimension",), needs=("memorized",), estimated=True,
        ),
        Target(
            "T4", "C2",
            "At the last epoch restored capacity of the final layer differs from 2/M by a "
            "fraction of at most {}.",
            _EFFECTS + "final_deviation_from_cloud", "at most", 0.1,
            "the paper, back to 2/M (.040); as T1",
            needs=("memorized",), estimated=True,
        ),
        Target(
            "T5", "C2",
            "At the last epoch test capacity peaks before the final layer, and exceeds the final "
            "layer's there by a fraction of at least {}.",
            _EFFECTS + "interior_peak", "at least", 0,
            "the paper, a peak before the last layer (8 %)",
            needs=("memorized",), estimated=True,
        ),
        Target(
            "T8-recovers", "C3",
            "Rewinding a suffix of layers to the best epoch recovers at least {} of the lost "
            "test accuracy.",
            _EFFECTS + "suffix_recovery", "at least", 0.5,
            "the paper, most of it",
            needs=("memorized", "overfitted"),
        ),
        Target(
            "T8-forgets", "C3",
            "Rewinding the same suffix as for T8-recovers leaves at most {} of the permuted "
            "accuracy.",
            _EFFECTS + "suffix_remembers", "at most", 0.5,
            "the paper, forgotten",
            needs=("memorized", "overfitted"),
        ),
        Target(
            "T8-early", "C3",
            "Rewinding one layer of the first half to the best epoch recovers at most {} of the "
            "lost test accuracy.",
            _EFFECTS + "early_recovery", "at most", 0.25,
            "half of what counts as most of it",
            needs=("memorized", "overfitted"),
        ),
        Target(
            "T6-dip", "C4",
            "Over width test accuracy dips at the last epoch, at least {} deeper than at the best "
            "epoch.",
            _EFFECTS + "extra_dip", "at least", 0.01,
            "a point of accuracy (the paper: 2.9)",
            needs=("wide_enough",), sweep=True,
        ),
        Target(
            "T6-dimension", "C4",
            "Over width the bump of the final layer's dimension exceeds that of its radius by at "
            "least {} (both as fractions of their means).",
            _EFFECTS + "extra_bump", "at least", 0,
            "the paper, a bump larger than the radius's",
            needs=("wide_enough",), sweep=True, estimated=True,
        ),
        Target(
            "T6-best", "C4",
            "At the best epoch neither the final layer's dimension nor its radius has a bump over "
            "width of more than {} of its mean.",
            _EFFECTS + "best_bump", "at most", 0.01,
            "the paper, none",
            needs=("wide_enough",), sweep=True, estimated=True,
        ),
        Target(
            "T7-permuted", "C5",
            "At initialization the permuted label gradient is at most {} times its noise "
            "level at 50 examples of each class.",
            _EFFECTS + "gradient_over_noise", "at most", 1.25,
            "the paper, at its noise level",
            arguments=("permuted",),
        ),
        Target(
            "T7-unpermuted", "C5",
            "The unpermuted label gradient is at least {} times its noise level at 50 "
            "examples.",
            _EFFECTS + "gradient_over_noise", "at least", 2,
            "the paper, far above its noise level",
            arguments=("unpermuted",),
        ),
        Target(
            "M-critical", "M",
            "Rewinding one layer costs the most permuted accuracy before the last third, by "
            "at least {} more than within it.",
            _EFFECTS + "early_criticality", "at least", 0,
            "Maini et al. 2023: critical layers are not the last ones",
            needs=("memorized",),
        ),
        Target(
            "M-gradient", "M",
            "The last third's fraction of the permuted gradient is at most {} times its "
            "fraction of the unpermuted one.",
            _EFFECTS + "late_gradient_fraction", "at most", 1.25,
            "Maini et al. 2023 find fractions alike",
            needs=("memorized",),
        ),
        Target(
            "M-unselective", "M",
            "Where it costs most before the last third, rewinding one layer costs unpermuted "
            "accuracy at least {} times as much (reconciles M with C3: critical, but not to "
            "memorization alone).",
            _EFFECTS + "early_unselectivity", "at least", 0.5,
            "half as much unpermuted as permuted",
            needs=("memorized",),
        ),
        Target(
            "N-shuffled", "N",
            "At the last epoch the capacity of shuffled classes differs from 2/M by a fraction of "
            "at most {} in every layer.",
            _EFFECTS + "deviation_from_cloud", "at most", 0.1,
            "as T1",
            arguments=("shuffled", "last"), estimated=True,
        ),
        Target(
            "N-surrogate", "N",
            "At the last epoch the capacity of surrogate points (Gaussian, of the same "
            "covariance) differs from 2/M by a fraction of at most {} in every layer.",
            _EFFECTS + "deviation_from_cloud", "at most", 0.1,
            "as T1",
            arguments=("surrogate", "last"), estimated=True,
        ),
        Target(
            "N-permuted", "N",
            "At the best epoch permuted capacity differs from that of shuffled classes by a "
            "fraction of at most {} in every layer (T1 with the control in place of 2/M).",
            _EFFECTS + "deviation_from_shuffled", "at most", 0.1,
            "as T1",
            arguments=("permuted", "best"), estimated=True,
        ),
        Target(
            "N-restored", "N",
            "At the last epoch restored capacity of the final layer differs from that of "
            "shuffled classes by a fraction of at most {} (T4 with the control in place of 2/M).",
            _EFFECTS + "deviation_from_shuffled", "at most", 0.1,
            "as T4",
            arguments=("restored", "last", "final"), needs=("memorized",), estimated=True,
        ),
        Target(
            "N-noiseless", "N",
            "Without label noise test capacity of the final layer changes from the best to the "
            "last epoch by a fraction of at least {} (below 0: a fall).",
            _EFFECTS + "test_change", "at least", -0.05,
            "falls by no more than 5 %",
            needs=("noiseless",), estimated=True,
        ),
    )
}  # fmt: skip


# The figure that a reader looks at beside a claim.
FIGURES = {
    "C1": "depth",
    "C2": "change",
    "C3": "rewind",
    "C4": "width",
    "C5": "gradients",
    "M": "localization",
}


def targets_of(claims):
    """The statements that a configuration's `claims` section asks to judge.

    Returns
    -------
    list of dict
        Fields of `Target`, with the thresholds of the section where it gives some.
    """
    stated = [{**asdict(target), **_threshold(claims, target.name)} for target in TARGETS.values()]
    return stated + [asdict(_own(name, settings)) for name, settings in claims["own"].items()]


def judging_settings(claims):
    """What `geomem.claims.judge` takes: the section with all statements and their thresholds."""
    settings = {key: value for key, value in claims.items() if key not in ("thresholds", "own")}
    return {**settings, "targets": targets_of(claims)}


def _threshold(claims, name):
    return claims["thresholds"].get(name, {})


def _own(name, settings):
    settings = {**settings, "tables": tuple(settings.get("tables", ()))}
    return Target(name, "own", **settings)
