"""Functions handed to Snakemake: as they were, with signatures that cost nothing to look up."""

import inspect

from geomem.workflow.signatures import sign_methods, signed


class Made:
    def __init__(self):
        self.factor = 3
        sign_methods(self)

    def product(self, wildcards, threads=2):
        """What it is."""
        return self.factor * wildcards * threads

    def twice(self, wildcards):
        return self.product(wildcards)


def test_signed_functions_compute_and_look_the_same():
    def plain(wildcards, *, threads):
        """Its documentation."""
        return wildcards, threads

    made = signed(plain)
    assert made(1, threads=2) == (1, 2)
    assert inspect.signature(made) == inspect.signature(plain)
    assert made.__doc__ == plain.__doc__ and made.__name__ == "plain"


def test_methods_are_functions_without_self_whose_signature_is_at_hand():
    made = Made()
    assert made.twice(5) == 30 and made.product(5, threads=1) == 15
    assert list(inspect.signature(made.product).parameters) == ["wildcards", "threads"]
    assert inspect.signature(made.product) is inspect.signature(made.product)
