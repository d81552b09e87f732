# make run: the default experiments, from nothing to figures. make test: the tests.
SHELL := /bin/bash
CORES ?= 2
PYTHON ?= python3
BIN := .venv/bin
$(if $(PRESET),$(if $(wildcard presets/$(PRESET).yaml),,$(error \
  there is no presets/$(PRESET).yaml; there are: $(basename $(notdir $(wildcard presets/*.yaml))))))
# One option with all files: of two options Snakemake keeps the last.
OVERLAY := $(if $(PRESET)$(CONFIG),--configfile $(if $(PRESET),presets/$(PRESET).yaml) $(CONFIG))
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help env run report status explain estimate test test-slow test-kernels test-wheel test-study tiny lint audit lock docs replication
.DELETE_ON_ERROR:

help:
	@echo "make run        environment, then the experiments of config.yaml (CORES=$(CORES))"
	@echo "make report     the same, then results/report.html: all pages and figures in one file"
	@echo "make status     what is done, running, failed, interrupted or missing, and why jobs failed"
	@echo "make explain    what would run, and why, in plain words"
	@echo "make estimate   what it would cost: hours, disk, memory (a minute or a few)"
	@echo "make test       environment, then the tests (about 12 minutes)"
	@echo "make test-slow  the tests that take minutes each"
	@echo "make test-kernels  the geometry's tests with each BLAS kernel that this processor has"
	@echo "make test-wheel the library, built and installed elsewhere with its four packages alone"
	@echo "make test-study the workflow as well: a study made and planned by the installed package"
	@echo "make tiny       the smallest workflow from start to report, in build/tiny"
	@echo "make lint       ruff, snakefmt, snakemake --lint, words to avoid"
	@echo "make docs       the documentation site, build/site/index.html; needs no network once installed"
	@echo "make replication  the tables of the pages about results, from results/"
	@echo "make audit      known advisories on the pinned packages"
	@echo "make env        the environment alone, in .venv, from envs/requirements.txt"
	@echo "make lock       pin envs/requirements.in and envs/docs.in again"
	@echo "With PRESET=tiny-imagenet, or CONFIG=mine.yaml, these lay that file over config.yaml."

env: .venv/ready

.venv/ready: envs/requirements.txt Makefile
	@echo "Installing into .venv: 5 GB on Linux, some minutes. Pip says nothing until it is done."
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes --requirement envs/uv.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes envs/uv.txt envs/requirements.txt
	@# What `pip install --editable` would do, without fetching what builds packages.
	@echo '$(CURDIR)/scripts' > "$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')/geomem.pth"
	@printf '%s\n' '#!$(CURDIR)/$(BIN)/python' 'from geomem.__main__ import start' '' 'start()' > $(BIN)/geomem
	@chmod +x $(BIN)/geomem
	$(BIN)/python -m geomem.geometry.warm
	@touch $@

run: env
	@$(BIN)/snakemake --cores $(CORES) $(OVERLAY)

report: run
	@$(BIN)/snakemake $(OVERLAY) --report results/report.html

status: env
	@$(BIN)/python -m geomem status $(OVERLAY)

explain: env
	@$(BIN)/python -m geomem explain $(OVERLAY)

estimate: env
	@$(BIN)/python -m geomem estimate --cores $(CORES) $(OVERLAY)

test: env
	$(BIN)/python -m pytest -n 2 tests

# OpenBLAS computes with other kernels on other processors. Those that this one cannot execute are
# left out: OpenBLAS then reports another, or a product of matrices ends the process. So is the one
# that `make test` uses.
test-kernels: env
	@own=$$($(BIN)/python -c "import numpy, threadpoolctl as t; \
	  print(t.threadpool_info()[0]['architecture'])"); \
	for kernel in Haswell Zen SkylakeX Sandybridge; do \
	  used=$$(OPENBLAS_CORETYPE=$$kernel $(BIN)/python -c "import numpy, threadpoolctl as t; \
	    a = numpy.ones((300, 300)); a @ a; numpy.linalg.eigh(a); \
	    print(t.threadpool_info()[0]['architecture'])" || echo "it fails"); \
	  if [ "$$own" = $$kernel ]; then echo "$$kernel: used by make test"; continue; fi; \
	  if [ "$$used" != $$kernel ]; then echo "$$kernel: not on this processor ($$used)"; continue; fi; \
	  echo "$$kernel"; \
	  OPENBLAS_CORETYPE=$$kernel $(BIN)/python -m pytest -q -n 2 -p no:cacheprovider \
	    tests/geometry/test_theory.py tests/geometry/test_lowrank.py tests/geometry/test_rounding.py \
	    tests/geometry/test_products.py || exit 1; \
	done
	@# torch and its convolutions, as on a processor without AVX-512; shapes and sizes are the same there
	ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 $(BIN)/python -m pytest -q -n 2 \
	  -p no:cacheprovider tests/models -k "not published and not sensible"

test-slow: env
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow tests

# Not the environment of `make env`: another Python may be asked (PYTHON=python3.13), on another system.
test-wheel:
	rm -rf build/wheel build/study
	$(PYTHON) -m venv build/wheel
	build/wheel/bin/pip install --quiet .
	cd build && env -u PYTHONPATH wheel/bin/geomem --version
	cd build && env -u PYTHONPATH wheel/bin/python -W error -c "import numpy, geomem.geometry as g; \
	  points = numpy.random.default_rng(0).standard_normal((20, 10, 500)); \
	  found = g.manifold_geometry(points, random_state=0).mean_capacity; print(found); \
	  assert abs(found - 0.2) < 0.05, 'random manifolds of 10 points have about 2/10'; \
	  numpy.save('points.npy', points)"
	cd build && env -u PYTHONPATH wheel/bin/geomem geometry points.npy

# The same Python with the workflow besides: a study, made and planned in a folder of its own.
test-study: test-wheel
	build/wheel/bin/pip install --quiet '.[workflow]'
	cd build && env -u PYTHONPATH wheel/bin/geomem init study
	cd build/study && env -u PYTHONPATH ../wheel/bin/geomem check
	cd build/study && env -u PYTHONPATH ../wheel/bin/geomem layers
	cd build/study && env -u PYTHONPATH ../wheel/bin/geomem run --dry-run --quiet all

tiny: env
	$(BIN)/python -m tests.workflow.run_tiny build/tiny

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules workflow
	$(BIN)/snakemake --lint 2>&1 | $(BIN)/python .ci/lints
	$(BIN)/python .ci/words

replication: env
	$(BIN)/python -m docs.generate.replication

docs: env .venv-docs/ready
	$(BIN)/python -m docs.generate build/pages
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet

.venv-docs/ready: envs/docs.txt | env
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-docs
	$(BIN)/uv pip sync --quiet --compile-bytecode --python .venv-docs/bin/python --require-hashes envs/docs.txt
	@touch $@

audit: env
	@$(BIN)/python .ci/audit

lock: env
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header envs/requirements.in --output-file envs/requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header envs/docs.in --output-file envs/docs.txt
