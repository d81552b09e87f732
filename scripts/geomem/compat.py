"""The call of the mean-field method's authors, so that existing scripts change one import.

The signature and the returned values are those of `mftma.manifold_analysis_correlation` in
github.com/schung039/neural_manifolds_replicaMFT; the code is geomem's.

    from geomem.compat import manifold_analysis_corr
"""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import qr

from geomem.errors import InputError
from geomem.geometry.anchors import anchor_geometry
from geomem.geometry.clouds import on_host, real_array
from geomem.geometry.measure import manifold_geometry

__all__ = ["manifold_analysis_corr"]


def manifold_analysis_corr(
    XtotT: Sequence[ArrayLike],
    kappa: float,
    n_t: int,
    t_vecs: Sequence[ArrayLike] | None = None,
    n_reps: int = 10,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, int]:
    """Capacity, radius and dimension of manifolds, called as the authors' function is.

    The low-rank structure is found by the authors' rule (`low_rank_rule="authors"`). For the same
    Gaussian vectors and the same removed directions the numbers are equal. NumPy's global random
    numbers (`numpy.random.seed`) decide the vectors and the random starts, as there; they are other
    numbers than the authors' code would draw.

    Parameters
    ----------
    XtotT : sequence of P arrays, shape (N, M_i)
        One column per point: the transpose of what `manifold_geometry` takes.
    kappa : float
        Margin, in units of the norm of a manifold's residual centre.
    n_t : int
        Gaussian vectors per manifold; with `t_vecs` it is their number.
    t_vecs : sequence of P arrays, shape (D_i + 1, n_t), optional
        The vectors to use, D_i = min(N, M_i), the last row along the centre. Where N > M_i the
        other rows are in the basis of the QR factorization of the residual points, as there.
    n_reps : int
        Random starts for each number of removed directions.

    Returns
    -------
    a_Mfull_vec, R_M_vec, D_M_vec : ndarrays, shape (P,)
        Capacity, radius and dimension of each manifold.
    res_coeff0 : float
        Mean absolute cosine between centres, before anything is removed.
    KK : int
        Removed directions.

    Raises
    ------
    InputError
        Names the argument that cannot be used.

    Warns
    -----
    UserWarning
        If every manifold has more points than features, as when rows are points; and for each
        warning of the result.
    """
    clouds = _transposed(XtotT)
    if t_vecs is not None and len(t_vecs) != len(clouds):
        raise InputError(
            f"t_vecs holds {len(t_vecs)} arrays and XtotT {len(clouds)}; give one per manifold"
        )
    with warnings.catch_warnings():  # it names the other layout
        warnings.filterwarnings("ignore", "every manifold has more points", UserWarning)
        found = manifold_geometry(
            clouds,
            kappa=kappa,
            n_t=n_t if t_vecs is None else 1,
            low_rank_rule="authors",
            low_rank_starts=n_reps,
            random_state=int(np.random.randint(2**31)),  # the seed of the script
        )
    numbers = found.capacity, found.radius, found.dimension
    if t_vecs is not None:
        numbers = _with_vectors(clouds, found.low_rank.weights, kappa, n_t, t_vecs)
    for text in found.warnings:
        warnings.warn(str(text), stacklevel=2)
    return *numbers, found.center_correlation, int(found.low_rank_k)  # whole by the authors' rule


def _transposed(arrays):
    clouds = []
    for index, array in enumerate(arrays):
        array = on_host(real_array(array, f"XtotT[{index}]"))
        if array.ndim != 2:
            raise InputError(f"XtotT[{index}] has shape {array.shape}; expected (features, points)")
        clouds.append(array.T)
    if clouds and all(len(cloud) > cloud.shape[1] for cloud in clouds):
        points, features = clouds[0].shape
        warnings.warn(
            f"every manifold has more columns than rows (XtotT[0]: {features} rows, {points} "
            "columns). Columns are points here; if yours are features, give the transpose of each",
            stacklevel=3,
        )
    return clouds


def _with_vectors(clouds, weights, kappa, n_t, t_vecs):
    means = np.array([cloud.mean(axis=0, dtype=np.float64) for cloud in clouds])
    counts = np.array([len(cloud) for cloud in clouds])
    centers = means - counts @ means / counts.sum()
    directions = weights.T @ centers
    residual = centers - (centers @ directions.T) @ directions
    found = []
    for index, (cloud, t) in enumerate(zip(clouds, t_vecs, strict=True)):
        t = np.asarray(t, dtype=np.float64)
        size = min(cloud.shape)
        if t.shape != (size + 1, n_t):
            raise InputError(
                f"t_vecs[{index}] has shape {t.shape}; expected {(size + 1, n_t)}, one row for "
                "each of min(N, M) dimensions and one for the centre, one column per vector"
            )
        offsets = cloud - means[index]
        offsets -= (offsets @ directions.T) @ directions
        points = offsets.T / np.linalg.norm(residual[index])
        if len(points) > len(cloud):
            basis, _ = qr(points, mode="economic")
            points = basis.T @ points
        found.append(anchor_geometry(points, t, kappa))
    return tuple(np.array(values) for values in zip(*found, strict=True))
