"""What the trained networks compute: activations, geometry, rewinding, gradients.

Needs:  snapshots, images, labels, analysis sets; the config's `analysis`, `geometry`, `rewind`,
        `gradients`, `simulation`, `probes`, `similarity` sections
Makes:  results/EXPERIMENT/runs/RUN/activations/EPOCH.npz     inner products of every layer
        results/EXPERIMENT/runs/RUN/measures/MEASURE/EPOCH.parquet   capacity, radius, dimension ...
        results/EXPERIMENT/runs/RUN/rewind.parquet            accuracies with layers rewound
        results/EXPERIMENT/runs/RUN/gradients.parquet         label-dependent and -independent parts
        results/EXPERIMENT/runs/RUN/simulation.parquet        capacity by theory and by trial
        results/EXPERIMENT/runs/RUN/probes.parquet            accuracy of probes of every layer
        results/EXPERIMENT/runs/RUN/similarity.parquet        CKA between epochs, seeds and widths
        results/EXPERIMENT/runs/RUN/examples.parquet          when each training image is learned
"""


rule activations:
    input:
        images=files.images_of,
        analysis_set="results/{experiment}/analysis_set/n{noise}_s{seed}.parquet",
        snapshot=files.trained("snapshots/{epoch}.safetensors"),
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/activations/{epoch}.npz",
    log:
        "results/{experiment}/logs/activations/w{width}_n{noise}_s{seed}_{epoch}.log",
    benchmark:
        "results/{experiment}/benchmarks/activations/w{width}_n{noise}_s{seed}_{epoch}.tsv"
    wildcard_constraints:
        experiment=one_of(name for name in PLAN.experiments if name not in PLAN.collections),
    resources:
        runtime=needs.runtime("activations"),
        mem_mb=needs.memory("activations"),
        gpu=gpu,
    params:
        code=settings.program("extract_activations.py", settings.network),
        command=command("extract_activations.py"),
        spec=settings.spec("activations"),
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --analysis-set {input.analysis_set:q} --snapshot {input.snapshot:q}"
        " --output {output:q} 2> {log:q}"


rule measure:
    input:
        activations="results/{experiment}/runs/w{width}_n{noise}_s{seed}/activations/{epoch}.npz",
        profiles=files.profiles_of,
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/measures/{measure}/{epoch}.parquet",
    log:
        "results/{experiment}/logs/measures/{measure}/w{width}_n{noise}_s{seed}_{epoch}.log",
    benchmark:
        "results/{experiment}/benchmarks/measures/{measure}/w{width}_n{noise}_s{seed}_{epoch}.tsv"
    resources:
        runtime=needs.runtime("measure"),
        mem_mb=needs.memory("measure"),
    params:
        code=settings.program("measure_layers.py", settings.measure_function),
        command=command("measure_layers.py"),
        spec=settings.measure_spec,
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --activations {input.activations:q} --profiles {input.profiles:q}"
        " --output {output:q} 2> {log:q}"


rule rewind:
    input:
        images=files.images_of,
        labels=files.labels_of,
        final=files.trained("snapshots/last.safetensors"),
        snapshots=files.epochs_of("rewind"),
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/rewind.parquet",
    log:
        "results/{experiment}/logs/rewind/w{width}_n{noise}_s{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/rewind/w{width}_n{noise}_s{seed}.tsv"
    resources:
        runtime=needs.runtime("rewind"),
        mem_mb=needs.memory("rewind"),
        gpu=gpu,
    params:
        code=settings.program("rewind_layers.py", settings.network),
        command=command("rewind_layers.py"),
        spec=settings.spec("rewind"),
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --labels {input.labels:q} --final {input.final:q}"
        " --snapshots {input.snapshots:q} --output {output:q} 2> {log:q}"


rule gradients:
    input:
        images=files.images_of,
        labels=files.labels_of,
        snapshots=files.epochs_of("gradients"),
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/gradients.parquet",
    log:
        "results/{experiment}/logs/gradients/w{width}_n{noise}_s{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/gradients/w{width}_n{noise}_s{seed}.tsv"
    resources:
        runtime=needs.runtime("gradients"),
        mem_mb=needs.memory("gradients"),
        gpu=gpu,
    params:
        code=settings.program("split_gradients.py", settings.network),
        command=command("split_gradients.py"),
        spec=settings.spec("gradients"),
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --labels {input.labels:q} --snapshots {input.snapshots:q}"
        " --output {output:q} 2> {log:q}"


rule simulation:
    input:
        images=files.images_of,
        analysis_set="results/{experiment}/analysis_set/n{noise}_s{seed}.parquet",
        snapshots=files.epochs_of("simulation"),
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/simulation.parquet",
    log:
        "results/{experiment}/logs/simulation/w{width}_n{noise}_s{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/simulation/w{width}_n{noise}_s{seed}.tsv"
    resources:
        runtime=needs.runtime("simulation"),
        mem_mb=needs.memory("simulation"),
        gpu=gpu,
    params:
        code=settings.program("simulate_capacity.py", settings.network),
        command=command("simulate_capacity.py"),
        spec=settings.spec("simulation"),
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --analysis-set {input.analysis_set:q} --snapshots {input.snapshots:q}"
        " --output {output:q} 2> {log:q}"


rule probes:
    input:
        images=files.images_of,
        analysis_set="results/{experiment}/analysis_set/n{noise}_s{seed}.parquet",
        snapshots=files.epochs_of("probes"),
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/probes.parquet",
    log:
        "results/{experiment}/logs/probes/w{width}_n{noise}_s{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/probes/w{width}_n{noise}_s{seed}.tsv"
    resources:
        runtime=needs.runtime("probes"),
        mem_mb=needs.memory("probes"),
        gpu=gpu,
    params:
        code=settings.program("probe_layers.py", settings.network),
        command=command("probe_layers.py"),
        spec=settings.spec("probes"),
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --analysis-set {input.analysis_set:q} --snapshots {input.snapshots:q}"
        " --output {output:q} 2> {log:q}"


rule similarity:
    input:
        images=files.images_of,
        analysis_set=files.compared_set,
        snapshots=files.compared_snapshots,
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/similarity.parquet",
    log:
        "results/{experiment}/logs/similarity/w{width}_n{noise}_s{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/similarity/w{width}_n{noise}_s{seed}.tsv"
    resources:
        runtime=needs.runtime("similarity"),
        mem_mb=needs.memory("similarity"),
        gpu=gpu,
    params:
        code=settings.program("compare_layers.py", settings.network),
        command=command("compare_layers.py"),
        spec=settings.spec("similarity"),
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --images {input.images:q} --analysis-set {input.analysis_set:q} --snapshots {input.snapshots:q}"
        " --output {output:q} 2> {log:q}"


rule examples:
    input:
        examples=files.trained("examples.parquet"),
        rewind=files.rewound_of,
    output:
        "results/{experiment}/runs/w{width}_n{noise}_s{seed}/examples.parquet",
    log:
        "results/{experiment}/logs/examples/w{width}_n{noise}_s{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/examples/w{width}_n{noise}_s{seed}.tsv"
    resources:
        runtime=needs.runtime("examples"),
        mem_mb=needs.memory("examples"),
    params:
        code=settings.program("list_examples.py"),
        command=command("list_examples.py"),
        spec=settings.spec("examples"),
    shell:
        "{params.command} --spec {params.spec:q} --threads {threads}"
        " --examples {input.examples:q} --rewind {input.rewind:q} --output {output:q} 2> {log:q}"
