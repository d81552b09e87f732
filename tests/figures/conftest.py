"""Tables that several tests draw."""

import pytest

from tests.figures import synthetic
from tests.figures.drawing import tables


@pytest.fixture(scope="session")
def three_seeds():
    return tables(synthetic.cells(label_noise=(0.0, 0.5), n_seeds=3))
