"""Images, labels and the probe set.

Needs:  the config's `data`, `labels` and `analysis` sections (and the images they point to)
Makes:  results/EXPERIMENT/data/images.npz
        results/EXPERIMENT/labels/nNOISE_sSEED.parquet   one per (noise, seed), shared by all widths
        results/EXPERIMENT/probe/nNOISE_sSEED.parquet    which images the analyses look at
"""


rule images:
    input:
        script=script("make_dataset.py"),
    output:
        "results/{experiment}/data/images.npz",
    log:
        "results/{experiment}/logs/images.log",
    benchmark:
        "results/{experiment}/benchmarks/images.tsv"
    conda:
        "../envs/train.yaml"
    resources:
        runtime=runtime("images"),
        mem_mb=memory("images"),
    params:
        code=program("make_dataset.py"),
        python=interpreter,
        spec=spec("images"),
        files=files_read,
    shell:
        "{params.python} {input.script:q} --spec {params.spec:q} --threads {threads}"
        " --output {output:q} 2> {log:q}"


rule labels:
    input:
        script=script("make_labels.py"),
        images="results/{experiment}/data/images.npz",
    output:
        "results/{experiment}/labels/n{noise}_s{seed}.parquet",
    log:
        "results/{experiment}/logs/labels/n{noise}_s{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/labels/n{noise}_s{seed}.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        runtime=runtime("labels"),
        mem_mb=memory("labels"),
    params:
        code=program("make_labels.py"),
        python=interpreter,
        spec=spec("labels"),
    shell:
        "{params.python} {input.script:q} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --output {output:q} 2> {log:q}"


rule probe:
    input:
        script=script("choose_probe.py"),
        images="results/{experiment}/data/images.npz",
        labels="results/{experiment}/labels/n{noise}_s{seed}.parquet",
    output:
        "results/{experiment}/probe/n{noise}_s{seed}.parquet",
    log:
        "results/{experiment}/logs/probe/n{noise}_s{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/probe/n{noise}_s{seed}.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        runtime=runtime("probe"),
        mem_mb=memory("probe"),
    params:
        code=program("choose_probe.py"),
        python=interpreter,
        spec=spec("probe"),
    shell:
        "{params.python} {input.script:q} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --labels {input.labels:q} --output {output:q} 2> {log:q}"
