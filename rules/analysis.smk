"""What the trained networks compute: activations, geometry, rewinding, gradients.

Needs:  snapshots, images, labels, analysis sets; the config's `analysis`, `geometry`, `rewind`,
        `gradients`, `simulation` sections
Makes:  results/EXPERIMENT/runs/RUN/activations/EPOCH.npz     inner products of every layer
        results/EXPERIMENT/runs/RUN/measures/MEASURE/EPOCH.parquet   capacity, radius, dimension ...
        results/EXPERIMENT/runs/RUN/rewind.parquet            accuracies with layers rewound
        results/EXPERIMENT/runs/RUN/gradients.parquet         label-dependent and -independent parts
        results/EXPERIMENT/runs/RUN/simulation.parquet        capacity by theory and by trial
"""


rule activations:
    input:
        script=script("extract_activations.py"),
        images=images_of,
        analysis_set="results/{experiment}/analysis_set/n{noise}_s{seed}.parquet",
        snapshot=trained("snapshots/{epoch}.safetensors"),
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/activations/{epoch}.npz",
    log:
        "results/{experiment}/logs/activations/w{width}_n{noise}_s{seed}_{epoch}.log",
    benchmark:
        "results/{experiment}/benchmarks/activations/w{width}_n{noise}_s{seed}_{epoch}.tsv"
    resources:
        runtime=runtime("activations"),
        mem_mb=memory("activations"),
        gpu=gpu,
    params:
        code=program("extract_activations.py", network),
        python=interpreter,
        spec=spec("activations"),
    shell:
        "{params.python} {input.script:q} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --analysis-set {input.analysis_set:q} --snapshot {input.snapshot:q}"
        " --output {output:q} 2> {log:q}"


rule measure:
    input:
        script=script("measure_layers.py"),
        activations="results/{experiment}/runs/w{width}_n{noise}_s{seed}/activations/{epoch}.npz",
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/measures/{measure}/{epoch}.parquet",
    log:
        "results/{experiment}/logs/measures/{measure}/w{width}_n{noise}_s{seed}_{epoch}.log",
    benchmark:
        "results/{experiment}/benchmarks/measures/{measure}/w{width}_n{noise}_s{seed}_{epoch}.tsv"
    resources:
        runtime=runtime("measure"),
        mem_mb=memory("measure"),
    params:
        code=program("measure_layers.py", measure_function),
        python=interpreter,
        spec=measure_spec,
    shell:
        "{params.python} {input.script:q} --spec {params.spec:q} --threads {threads}"
        " --activations {input.activations:q} --output {output:q} 2> {log:q}"


rule rewind:
    input:
        script=script("rewind_layers.py"),
        images=images_of,
        labels=labels_of,
        final=trained("snapshots/last.safetensors"),
        snapshots=epochs_of("rewind"),
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/rewind.parquet",
    log:
        "results/{experiment}/logs/rewind/w{width}_n{noise}_s{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/rewind/w{width}_n{noise}_s{seed}.tsv"
    resources:
        runtime=runtime("rewind"),
        mem_mb=memory("rewind"),
        gpu=gpu,
    params:
        code=program("rewind_layers.py", network),
        python=interpreter,
        spec=spec("rewind"),
    shell:
        "{params.python} {input.script:q} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --labels {input.labels:q} --final {input.final:q}"
        " --snapshots {input.snapshots:q} --output {output:q} 2> {log:q}"


rule gradients:
    input:
        script=script("split_gradients.py"),
        images=images_of,
        labels=labels_of,
        snapshots=epochs_of("gradients"),
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/gradients.parquet",
    log:
        "results/{experiment}/logs/gradients/w{width}_n{noise}_s{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/gradients/w{width}_n{noise}_s{seed}.tsv"
    resources:
        runtime=runtime("gradients"),
        mem_mb=memory("gradients"),
        gpu=gpu,
    params:
        code=program("split_gradients.py", network),
        python=interpreter,
        spec=spec("gradients"),
    shell:
        "{params.python} {input.script:q} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --labels {input.labels:q} --snapshots {input.snapshots:q}"
        " --output {output:q} 2> {log:q}"


rule simulation:
    input:
        script=script("simulate_capacity.py"),
        images=images_of,
        analysis_set="results/{experiment}/analysis_set/n{noise}_s{seed}.parquet",
        snapshots=epochs_of("simulation"),
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/simulation.parquet",
    log:
        "results/{experiment}/logs/simulation/w{width}_n{noise}_s{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/simulation/w{width}_n{noise}_s{seed}.tsv"
    resources:
        runtime=runtime("simulation"),
        mem_mb=memory("simulation"),
        gpu=gpu,
    params:
        code=program("simulate_capacity.py", network),
        python=interpreter,
        spec=spec("simulation"),
    shell:
        "{params.python} {input.script:q} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --analysis-set {input.analysis_set:q} --snapshots {input.snapshots:q}"
        " --output {output:q} 2> {log:q}"
