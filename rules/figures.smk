"""Tables of a whole experiment, and figures from them.

Needs:  the per-run files of training and analysis
Makes:  results/EXPERIMENT/tables/{accuracy,geometry,rewind,gradients}.parquet
        results/EXPERIMENT/figures/FIGURE.png and .svg
"""
