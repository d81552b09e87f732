"""Networks that were trained elsewhere.

Needs:  images, labels; the config's `model` and `weights` sections, and the files that it points to
Makes:  what training.smk does, in results/shared/trained/imported_TRAINING/
"""


rule imported_network:
    input:
        images=files.images_of,
        labels=files.labels_of,
        weights=files.weights_of,
    output:
        accuracy="results/shared/trained/{training}/accuracy.parquet",
        examples="results/shared/trained/{training}/examples.parquet",
        record="results/shared/trained/{training}/training.json",
    log:
        "results/shared/logs/imported_network/{training}.log",
    benchmark:
        "results/shared/benchmarks/imported_network/{training}.tsv"
    wildcard_constraints:
        training=f"{sharing.IMPORTED}_[^/]+",
    resources:
        runtime=needs.runtime("imported_network"),
        mem_mb=needs.memory("imported_network"),
        gpu=gpu,
    params:
        code=settings.program("import_network.py", settings.trained_by),
        command=command("import_network.py"),
        spec=settings.training_spec,
        observed=settings.observed_layers,
        files=settings.content(files.weights_of),
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --labels {input.labels:q} --weights {input.weights:q}"
        " --observed {params.observed:q} --accuracy {output.accuracy:q}"
        " --examples {output.examples:q} --record {output.record:q} 2> {log:q}"


rule imported_snapshot:
    input:
        record="results/shared/trained/{training}/training.json",
        weights=files.weights_of,
    output:
        "results/shared/trained/{training}/snapshots/{epoch}.safetensors",
    log:
        "results/shared/logs/imported_snapshot/{training}_{epoch}.log",
    benchmark:
        "results/shared/benchmarks/imported_snapshot/{training}_{epoch}.tsv"
    wildcard_constraints:
        training=f"{sharing.IMPORTED}_[^/]+",
    resources:
        runtime=needs.runtime("imported_snapshot"),
        mem_mb=needs.memory("imported_snapshot"),
    params:
        code=settings.program("import_snapshot.py"),
        command=command("import_snapshot.py"),
        spec=settings.training_spec,
        files=settings.content(files.weights_of),
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --record {input.record:q} --weights {input.weights:q} --output {output:q} 2> {log:q}"
