"""What is simulated: every interval and every test, the rate it should have, how often.

`benchmarks/interval_coverage.py` takes all trials, `test_coverage_of_statistics.py` few.
"""

from dataclasses import dataclass, field

from tests.statistics import coverage, coverage_of_numbers

MAIN = ("capacity", "radius", "dimension")


@dataclass(frozen=True)
class Row:
    """One simulation.

    Attributes
    ----------
    what : str
    expected : float
        Rate of intervals that hold the truth, or of rejections without an effect.
    simulate : callable
        Of `trials` and `arguments`; returns `{name: (rate, trials)}`.
    trials, few : int
        Of the benchmark, and in CI.
    arguments : dict
    names : tuple of str
        Which of its numbers have the rate; empty: all.
    bound : float, optional
        A rate that is accepted instead of `expected`, and why stands in docs/statistics.md.
    smaller : dict
        Arguments in CI that differ.
    """

    what: str
    expected: float
    simulate: object
    trials: int
    few: int
    arguments: dict = field(default_factory=dict)
    names: tuple = ()
    bound: float | None = None
    smaller: dict = field(default_factory=dict)

    @property
    def is_test(self):
        return self.expected < 0.5


_INTERVAL, _DIFFERENCE = coverage.of_intervals, coverage.of_differences
_NUMBERS = coverage_of_numbers
_SMALL = {"n_manifolds": 12, "n_points": 8}

ROWS = {
    "manifolds": Row(
        "bootstrap, 16 manifolds", 0.95, _INTERVAL, 600, 60, {"over": "manifolds"}, MAIN,
        smaller=_SMALL,
    ),
    "few-manifolds": Row(
        "bootstrap, 6 manifolds", 0.95, _INTERVAL, 600, 100,
        {"over": "manifolds", "n_manifolds": 6}, MAIN, 0.92,
    ),
    "points": Row(
        "bootstrap over points, M = 12", 0.95, _INTERVAL, 100, 60, {"over": "points"}, MAIN,
        smaller=_SMALL,
    ),
    "more-points": Row(
        "bootstrap over points, M = 40", 0.95, _INTERVAL, 60, 20,
        {"over": "points", "n_manifolds": 8, "n_points": 40}, MAIN,
        smaller={"n_manifolds": 4, "n_points": 24},
    ),
    "both": Row(
        "bootstrap over both", 0.95, _INTERVAL, 100, 60, {"over": "both"}, MAIN, smaller=_SMALL
    ),
    "glue-manifolds": Row(
        "GLUE, 12 manifolds", 0.95, _INTERVAL, 150, 40,
        {"over": "manifolds", "measure": "glue", "n_manifolds": 12, "n_points": 8},
        (*MAIN, "utility"), 0.93, {"n_manifolds": 8, "n_points": 6},
    ),
    "glue-points": Row(
        "GLUE over points, M = 8", 0.95, _INTERVAL, 60, 40,
        {"over": "points", "measure": "glue", "n_manifolds": 8, "n_points": 8},
        (*MAIN, "utility"), 0.93, {"n_manifolds": 6},
    ),
    "participation-ratio": Row(
        "participation ratio, 16 manifolds", 0.95, _INTERVAL, 150, 40,
        {"over": "manifolds", "measure": "participation_ratio"},
    ),
    "paired": Row(
        "paired difference", 0.95, _DIFFERENCE, 400, 60, {"paired": True, "over": "manifolds"},
        MAIN, 0.93, _SMALL,
    ),
    "unpaired": Row(
        "difference", 0.95, _DIFFERENCE, 400, 60, {"paired": False, "over": "manifolds"}, MAIN,
        smaller=_SMALL,
    ),
    "paired-points": Row(
        "paired difference over points", 0.95, _DIFFERENCE, 60, 30,
        {"paired": True, "over": "points"}, MAIN, smaller={"n_manifolds": 6, "n_points": 8},
    ),
    "groups": Row(
        "groups of 4 networks, classes in common", 0.95, coverage.of_groups, 150, 30,
        {"in_common": "manifolds"}, MAIN, 0.93,
    ),
    "numbers": Row(
        "groups of 6 numbers", 0.95, _NUMBERS.of_groups_of_numbers, 4000, 400, {"paired": False}
    ),
    "paired-numbers": Row(
        "6 pairs of numbers", 0.95, _NUMBERS.of_groups_of_numbers, 4000, 400, {"paired": True}
    ),
    "common-size": Row(
        "at_common_size, 8 of 16 points", 0.95, coverage.of_common_sizes, 150, 40, names=MAIN
    ),
    "limits": Row(
        "limit over M of a power law", 0.95, _NUMBERS.of_limits, 1000, 60, names=("limit",)
    ),
    "fractions": Row("45 of 50 right", 0.95, _NUMBERS.of_fractions, 20000, 1000, bound=0.93),
    "correlations": Row("correlation of 12 pairs", 0.95, _NUMBERS.of_correlations, 20000, 1000),
    "means": Row("mean accuracy of 5 seeds", 0.95, _NUMBERS.of_means, 20000, 1000, bound=0.93),
    "resampling": Row(
        "variance of 40 numbers", 0.95, _NUMBERS.of_resampling, 2000, 200, bound=0.93
    ),
    "paired-test": Row(
        "paired difference", 0.05, coverage.of_tests, 600, 80, {"paired": True}
    ),
    "test": Row("difference", 0.05, coverage.of_tests, 600, 80, {"paired": False}),
    "points-test": Row(
        "paired difference over points", 0.05, coverage.of_tests, 100, 30,
        {"paired": True, "over": "points"}, MAIN, smaller={"n_manifolds": 6},
    ),
    "shuffles": Row("shuffle_null", 0.1, coverage.of_shuffles, 200, 40),
    "group-test": Row(
        "groups of 6 numbers", 0.05, _NUMBERS.of_tests_of_groups, 4000, 1500, {"paired": False}
    ),
    "paired-group-test": Row(
        "6 pairs of numbers", 0.05, _NUMBERS.of_tests_of_groups, 4000, 1500, {"paired": True}
    ),
    "corrections": Row(
        "any of 8, or (half) the fraction that is wrong", 0.05, _NUMBERS.of_corrections, 20000, 1000
    ),
}  # fmt: skip
