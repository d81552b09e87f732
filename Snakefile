"""geomem: train networks on partly mislabelled images, measure the geometry of what they learn.

`snakemake --cores N` runs the experiments of config.yaml; `--configfile presets/NAME.yaml` lays
one of the presets over it. Results land in results/EXPERIMENT/.
"""

from snakemake.utils import min_version

min_version("9.20")


configfile: "config.yaml"


report: "rules/report/workflow.rst"


include: "rules/configuration.smk"
include: "rules/gpus.smk"
include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/training.smk"
include: "rules/analysis.smk"
include: "rules/recorded.smk"
include: "rules/imported.smk"
include: "rules/figures.smk"
include: "rules/claims.smk"
include: "rules/pages.smk"


onstart:
    hold_results()


onerror:
    show_unfinished()


rule all:
    default_target: True
    input:
        files.wanted_files(),
