"""Types that public functions share."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

# P arrays (M_mu, N), or one (P, M, N): NumPy arrays, memory maps or torch tensors
Manifolds = Sequence[ArrayLike] | ArrayLike
RandomState = int | np.random.Generator | None
