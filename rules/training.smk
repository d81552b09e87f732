"""One network per (width, noise, seed), and its state at chosen epochs.

Needs:  images, labels; the config's `model` and `training` sections
Makes:  results/shared/trained/TRAINING/accuracy.parquet              loss and accuracies per epoch
        results/shared/trained/TRAINING/examples.parquet              which images are right, per epoch
        results/shared/trained/TRAINING/training.json                 how it ended, best epoch
        results/shared/trained/TRAINING/snapshots/EPOCH.safetensors   EPOCH a number, best or last

TRAINING is network, width, noise, seed and a checksum of all settings of the training, images and
labels included: experiments that agree in them share one job.

Training states live in results/cache/training, addressed by everything that determines the
weights. A snapshot that training did not keep is retrained from the nearest state before it.
"""


rule train:
    input:
        images=files.images_of,
        labels=files.labels_of,
    output:
        accuracy="results/shared/trained/{training}/accuracy.parquet",
        examples="results/shared/trained/{training}/examples.parquet",
        record="results/shared/trained/{training}/training.json",
    log:
        "results/shared/logs/train/{training}.log",
    benchmark:
        "results/shared/benchmarks/train/{training}.tsv"
    wildcard_constraints:
        training=f"(?!({sharing.RECORDED}|{sharing.IMPORTED})_)[^/]+",
    # The longest jobs first: begun last, one of them would keep one core busy and the others idle.
    priority: 1
    resources:
        runtime=needs.runtime("train"),
        mem_mb=needs.memory("train"),
        gpu=gpu,
    params:
        code=settings.program("train.py", settings.trained_by),
        command=command("train.py"),
        spec=settings.training_spec,
        cache=state_cache,
        keep=settings.kept_epochs,
        observed=settings.observed_layers,
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --labels {input.labels:q}"
        " --cache {params.cache:q} --keep={params.keep}"
        " --observed {params.observed:q} --accuracy {output.accuracy:q}"
        " --examples {output.examples:q} --record {output.record:q} 2> {log:q}"


rule snapshot:
    input:
        images=files.images_of,
        labels=files.labels_of,
        record="results/shared/trained/{training}/training.json",
    output:
        "results/shared/trained/{training}/snapshots/{epoch}.safetensors",
    log:
        "results/shared/logs/snapshot/{training}_{epoch}.log",
    benchmark:
        "results/shared/benchmarks/snapshot/{training}_{epoch}.tsv"
    wildcard_constraints:
        training=f"(?!{sharing.IMPORTED}_)[^/]+",
    resources:
        runtime=needs.runtime("snapshot"),
        mem_mb=needs.memory("snapshot"),
        gpu=gpu,
    params:
        code=settings.program("take_snapshot.py", settings.trained_by),
        command=command("take_snapshot.py"),
        spec=settings.training_spec,
        cache=state_cache,
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --labels {input.labels:q} --record {input.record:q}"
        " --cache {params.cache:q} --output {output:q} 2> {log:q}"
