"""Activations that were recorded elsewhere, in place of a trained network's.

Needs:  the config's `activations` section, and the manifest and arrays that it points to
Makes:  results/EXPERIMENT/runs/RUN/activations/EPOCH.npz          as analysis.smk does
        results/shared/trained/recorded_RUN/training.json, accuracy.parquet   that it has epochs, and
                                                                   no accuracies
"""


rule recorded_activations:
    input:
        arrays=files.recorded_of,
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/activations/{epoch}.npz",
    log:
        "results/{experiment}/logs/recorded_activations/w{width}_n{noise}_s{seed}_{epoch}.log",
    benchmark:
        "results/{experiment}/benchmarks/recorded_activations/w{width}_n{noise}_s{seed}_{epoch}.tsv"
    wildcard_constraints:
        experiment=one_of(PLAN.collections),
    resources:
        runtime=needs.runtime("recorded_activations"),
        mem_mb=needs.memory("recorded_activations"),
    params:
        code=settings.program("import_activations.py"),
        command=command("import_activations.py"),
        spec=settings.recorded_spec,
        files=settings.content(files.recorded_of),
        path=settings.recorded_path,
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --path {params.path:q} --output {output:q} 2> {log:q}"


rule recorded_run:
    output:
        accuracy="results/shared/trained/{training}/accuracy.parquet",
        record="results/shared/trained/{training}/training.json",
    log:
        "results/shared/logs/recorded_run/{training}.log",
    benchmark:
        "results/shared/benchmarks/recorded_run/{training}.tsv"
    wildcard_constraints:
        training=f"{sharing.RECORDED}_[^/]+",
    resources:
        runtime=needs.runtime("recorded_run"),
        mem_mb=needs.memory("recorded_run"),
    params:
        code=settings.program("note_recorded_run.py"),
        command=command("note_recorded_run.py"),
        spec=settings.recorded_run_spec,
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --accuracy {output.accuracy:q} --record {output.record:q} 2> {log:q}"
