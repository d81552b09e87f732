"""One network per (width, noise, seed), and its state at chosen epochs.

Needs:  images, labels; the config's `model` and `training` sections
Makes:  results/EXPERIMENT/runs/wWIDTH_nNOISE_sSEED/accuracy.parquet   loss and accuracies per epoch
        results/EXPERIMENT/runs/.../training.json                      how training ended, best epoch
        results/EXPERIMENT/runs/.../snapshots/EPOCH.safetensors        EPOCH a number, best or last

Training states live in results/cache/training, addressed by everything that determines the
weights. A snapshot that training did not keep is retrained from the nearest state before it.
"""


rule train:
    input:
        script=script("train.py"),
        images="results/{experiment}/data/images.npz",
        labels="results/{experiment}/labels/n{noise}_s{seed}.parquet",
    output:
        accuracy="results/{experiment}/runs/w{width}_n{noise}_s{seed}/accuracy.parquet",
        receipt="results/{experiment}/runs/w{width}_n{noise}_s{seed}/training.json",
    log:
        "results/{experiment}/logs/train/w{width}_n{noise}_s{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/train/w{width}_n{noise}_s{seed}.tsv"
    conda:
        "../envs/train.yaml"
    resources:
        runtime=runtime("train"),
        mem_mb=memory("train"),
        gpu=0,
    params:
        code=program("train.py"),
        python=interpreter,
        spec=spec("train"),
        cache=state_cache,
        keep=kept_epochs,
        observed=observed_layers,
    shell:
        "{params.python} {input.script:q} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --labels {input.labels:q}"
        " --cache {params.cache:q} --keep={params.keep}"
        " --observed {params.observed:q} --accuracy {output.accuracy:q} --receipt {output.receipt:q} 2> {log:q}"


rule snapshot:
    input:
        script=script("take_snapshot.py"),
        images="results/{experiment}/data/images.npz",
        labels="results/{experiment}/labels/n{noise}_s{seed}.parquet",
        receipt="results/{experiment}/runs/w{width}_n{noise}_s{seed}/training.json",
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/snapshots/{epoch}.safetensors",
    log:
        "results/{experiment}/logs/snapshot/w{width}_n{noise}_s{seed}_{epoch}.log",
    benchmark:
        "results/{experiment}/benchmarks/snapshot/w{width}_n{noise}_s{seed}_{epoch}.tsv"
    conda:
        "../envs/train.yaml"
    resources:
        runtime=runtime("snapshot"),
        mem_mb=memory("snapshot"),
        gpu=0,
    params:
        code=program("take_snapshot.py"),
        python=interpreter,
        spec=spec("snapshot"),
        cache=state_cache,
    shell:
        "{params.python} {input.script:q} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --labels {input.labels:q} --receipt {input.receipt:q}"
        " --cache {params.cache:q} --output {output:q} 2> {log:q}"
