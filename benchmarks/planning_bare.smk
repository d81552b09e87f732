"""Jobs as geomem's, with the same wildcards, and no function: what Snakemake alone takes to plan them.

`python benchmarks/planning.py --bare --seeds N` plans it.
"""

EPOCHS = ["0", "1", "2", "5", "10", "20", "best", "last"]
RUNS = [f"w{w}_n{n}_s{s}" for w in (8, 16) for n in (0, 0.5) for s in range(config["seeds"])]


wildcard_constraints:
    experiment="[a-z0-9]+",
    width=r"\d+",
    noise="[0-9.e-]+",
    seed=r"\d+",
    epoch=r"best|last|\d+",
    measure=r"\w+",


rule all:
    input:
        expand(
            "results/{experiment}/tables/{measure}.parquet",
            experiment=[f"e{i}" for i in range(12)],
            measure=["geometry", "low_rank"],
        ),


rule train:
    output:
        accuracy="results/trained/{experiment}_w{width}_n{noise}_s{seed}/accuracy.parquet",
        record="results/trained/{experiment}_w{width}_n{noise}_s{seed}/training.json",
    log:
        "results/logs/train/{experiment}_w{width}_n{noise}_s{seed}.log",
    benchmark:
        "results/benchmarks/train/{experiment}_w{width}_n{noise}_s{seed}.tsv"
    resources:
        runtime=11,
        mem_mb=700,
        gpu=0,
    params:
        code="0123456789ab",
        command="python train.py",
        spec="{}",
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --accuracy {output.accuracy:q} --record {output.record:q} 2> {log:q}"


rule snapshot:
    input:
        record="results/trained/{experiment}_w{width}_n{noise}_s{seed}/training.json",
    output:
        "results/trained/{experiment}_w{width}_n{noise}_s{seed}/snapshots/{epoch}.safetensors",
    log:
        "results/logs/snapshot/{experiment}_w{width}_n{noise}_s{seed}_{epoch}.log",
    benchmark:
        "results/benchmarks/snapshot/{experiment}_w{width}_n{noise}_s{seed}_{epoch}.tsv"
    resources:
        runtime=11,
        mem_mb=700,
        gpu=0,
    params:
        code="0123456789ab",
        command="python take_snapshot.py",
        spec="{}",
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --record {input.record:q} --output {output:q} 2> {log:q}"


rule activations:
    input:
        snapshot="results/trained/{experiment}_w{width}_n{noise}_s{seed}/snapshots/{epoch}.safetensors",
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/activations/{epoch}.npz",
    log:
        "results/{experiment}/logs/activations/w{width}_n{noise}_s{seed}_{epoch}.log",
    benchmark:
        "results/{experiment}/benchmarks/activations/w{width}_n{noise}_s{seed}_{epoch}.tsv"
    resources:
        runtime=11,
        mem_mb=700,
        gpu=0,
    params:
        code="0123456789ab",
        command="python extract_activations.py",
        spec="{}",
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --snapshot {input.snapshot:q} --output {output:q} 2> {log:q}"


rule measure:
    input:
        activations="results/{experiment}/runs/w{width}_n{noise}_s{seed}/activations/{epoch}.npz",
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/measures/{measure}/{epoch}.parquet",
    log:
        "results/{experiment}/logs/measures/{measure}/w{width}_n{noise}_s{seed}_{epoch}.log",
    benchmark:
        "results/{experiment}/benchmarks/measures/{measure}/w{width}_n{noise}_s{seed}_{epoch}.tsv"
    resources:
        runtime=11,
        mem_mb=700,
    params:
        code="0123456789ab",
        command="python measure_layers.py",
        spec="{}",
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --activations {input.activations:q} --output {output:q} 2> {log:q}"


rule table:
    input:
        [
            f"results/{{experiment}}/runs/{run}/measures/{{measure}}/{epoch}.parquet"
            for run in RUNS
            for epoch in EPOCHS
        ],
    output:
        "results/{experiment}/tables/{measure}.parquet",
    params:
        spec="{}",
    shell:
        "python collect_table.py --tables {input:q} --output {output:q}"
