"""Images, labels and the analysis set.

Needs:  the config's `data`, `labels` and `analysis` sections (and the images they point to)
Makes:  results/shared/data/DATA/images.npz
        results/shared/data/DATA/labels/RULE_nNOISE_sSEED.parquet   one per (noise, seed)
        results/EXPERIMENT/analysis_set/nNOISE_sSEED.parquet               images the analyses look at

DATA is the name of a data set and a checksum of its settings: experiments that agree in them share
images and labels.
"""


rule images:
    output:
        "results/shared/data/{data}/images.npz",
    log:
        "results/shared/logs/images/{data}.log",
    benchmark:
        "results/shared/benchmarks/images/{data}.tsv"
    resources:
        runtime=needs.runtime("images"),
        mem_mb=needs.memory("images"),
    params:
        code=settings.program("make_dataset.py", settings.loader),
        command=command("make_dataset.py"),
        spec=settings.spec("images"),
        files=settings.files_read,
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --output {output:q} 2> {log:q}"


rule labels:
    input:
        images="results/shared/data/{data}/images.npz",
        given=files.labels_read,
    output:
        "results/shared/data/{data}/labels/{labelling}_n{noise}_s{seed}.parquet",
    log:
        "results/shared/logs/labels/{data}_{labelling}_n{noise}_s{seed}.log",
    benchmark:
        "results/shared/benchmarks/labels/{data}_{labelling}_n{noise}_s{seed}.tsv"
    resources:
        runtime=needs.runtime("labels"),
        mem_mb=needs.memory("labels"),
    params:
        code=settings.program("make_labels.py"),
        command=command("make_labels.py"),
        spec=settings.labels_spec,
        files=settings.labels_files,
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --output {output:q} 2> {log:q}"


rule analysis_set:
    input:
        images=files.images_of,
        labels=files.labels_of,
        examples=files.ranked_by,
    output:
        "results/{experiment}/analysis_set/n{noise}_s{seed}.parquet",
    log:
        "results/{experiment}/logs/analysis_set/n{noise}_s{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/analysis_set/n{noise}_s{seed}.tsv"
    resources:
        runtime=needs.runtime("analysis_set"),
        mem_mb=needs.memory("analysis_set"),
    params:
        code=settings.program("choose_analysis_set.py"),
        command=command("choose_analysis_set.py"),
        spec=settings.spec("analysis_set"),
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --labels {input.labels:q} --examples {input.examples:q}"
        " --output {output:q} 2> {log:q}"
