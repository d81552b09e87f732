"""Compile the geometry's inner loops once: `python -m geomem.geometry.warm`.

Later processes load them from the compiler's cache: beside this package, or, where that cannot be
written, in NUMBA_CACHE_DIR or the user's cache folder.
"""

import subprocess
import sys
import time

# Modules whose import compiles a function and what it calls: neither needs the other.
COMPILING = ("glue_solver", "newton")


def main():
    """Compile, or load what is compiled already, and say how long it took."""
    started = time.perf_counter()
    compilers = [
        subprocess.Popen([sys.executable, "-c", f"import geomem.geometry.{name}"])
        for name in COMPILING
    ]
    for compiler in compilers:  # one that fails says why; what it leaves is compiled below
        compiler.wait()

    import numpy as np

    from geomem.geometry import glue_geometry, manifold_geometry

    points = np.random.default_rng(0).standard_normal((6, 4, 9))
    manifold_geometry(points, n_t=2, random_state=0, threads=1)
    glue_geometry(points, n_t=2, random_state=0, threads=1)
    print(f"geometry: compiled code ready in {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
