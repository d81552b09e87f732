"""geomem: the geometry of what neural networks generalize and what they memorize.

Importing this package, or `geomem.geometry`, imports neither torch nor pandas.
"""

__version__ = "0.3.0"
