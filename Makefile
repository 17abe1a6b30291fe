# Lookalike. `make run` starts it on this machine; `make help` lists the rest.
# The stamps in .venv record what is installed there, so that a repeat takes no time.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
SOURCES := shared web cli workers tests

# The first of these that really runs and is a Python 3.11, 3.12 or 3.13 (a pyenv shim may exist and not run).
PYTHON ?= $(shell for python in python3.12 python3.11 python3.13 python3 python; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& command -v "$$python" && break; done)

# $(call install,PROGRAM,DEBIAN PACKAGES): through apt, where that may be done without asking; fails elsewhere.
define install
if ! command -v apt-get >/dev/null; then exit 1; fi; \
if [ "$$(id -u)" = 0 ]; then as_root=; elif sudo -n true 2>/dev/null; then as_root="sudo -n"; else exit 1; fi; \
echo "Installing $(1) ($(2)) with apt"; \
$$as_root apt-get update -qq && $$as_root env DEBIAN_FRONTEND=noninteractive \
	apt-get install -y -qq --no-install-recommends $(2) >/dev/null
endef

.PHONY: help
help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: run
run: setup ## Set up what is needed and start everything on this machine; Ctrl-C stops it
	@exec $(BIN)/lookalike up

.PHONY: setup
setup: .venv/.local-installed ## Make .venv with the lookalike command

.PHONY: test
test: .venv/.dev-installed browser ## Run all tests, after setting up what they need
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: bench-extract
bench-extract: .venv/.dev-installed ## Measure how fast pictures are read (12 minutes; wants a quiet machine)
	$(BIN)/python -m benchmarks.extract

.PHONY: bench-compare
bench-compare: .venv/.bench-installed ## Measure the join beside FAISS and NumPy (12 minutes; wants a quiet machine)
	$(BIN)/python -m benchmarks.compare

.PHONY: bench-find
bench-find: .venv/.bench-installed ## Measure a search among a million images (2 minutes; wants a quiet machine)
	$(BIN)/python -m benchmarks.find

.PHONY: bench-quality
bench-quality: .venv/.bench-installed .rivals/.installed ## Measure what is found and what would be lost, beside other tools (10 minutes)
	$(BIN)/python -m benchmarks.quality --families $(or $(FAMILIES),60)

.PHONY: bench-rivals
bench-rivals: .venv/.bench-installed .rivals/.installed ## Other tools over FOLDER=…, with their time, memory and pairs
	$(BIN)/python -m benchmarks.rivals "$(FOLDER)"

.PHONY: test-fuzz
test-fuzz: .venv/.dev-installed ## Try forty times as many odd requests and damaged files as make test does
	FUZZ_TIMES=40 $(BIN)/python -m pytest tests/fuzz --timeout 3600

.PHONY: test-slow
test-slow: .venv/.dev-installed ## What is large, or goes by the clock: wants a quiet machine
	$(BIN)/python -m pytest -m slow

.PHONY: test-faults
test-faults: .venv/.dev-installed ## Kill, freeze, cut off and fill up a whole stack (Linux, 20 minutes); print what became of it
	$(BIN)/python -m pytest tests/faults -m faults

.PHONY: test-faults-short
test-faults-short: .venv/.dev-installed ## Kills, cuts and repeats of it at one moment each (two minutes)
	FAULT_MOMENTS=1 $(BIN)/python -m pytest tests/faults -m faults -k "kills or deletions or delivery or network"

.PHONY: test-stack
test-stack: .venv/.dev-installed engine ## Build the containers, run them, scale, kill and watch them; needs Docker
	$(BIN)/python -m pytest tests/stack -m stack -v

# Debian's engine, which the tests can start by hand; where it may not be installed, they say what is missing.
.PHONY: engine
engine:
	@docker info >/dev/null 2>&1 || command -v dockerd >/dev/null \
	|| ( $(call install,a Docker engine,docker.io docker-compose debootstrap) ) || true

.PHONY: clean-stack
clean-stack: ## Remove what make test-stack keeps for its next run: an engine's images
	rm -rf "$${LOOKALIKE_TEST_ENGINE:-$${TMPDIR:-/tmp}/lookalike-test-engine}"

.PHONY: check
check: .venv/.dev-installed ## Check style, types, imports, and the container files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --strict scripts
	$(BIN)/lint-imports
	$(BIN)/python scripts/diagram.py
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml docker-compose.gpu.yml
	$(BIN)/kubernetes-validate --strict --quiet deploy/kubernetes/*.yaml
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml shared web cli workers
	$(BIN)/python scripts/audit.py requirements/local.txt requirements/worker-gpu.txt
	@if [ -x $(BIN)/hadolint ]; then $(BIN)/hadolint Dockerfile.web Dockerfile.worker; \
	else echo "hadolint has no wheel for this platform: the Dockerfiles were not checked."; fi

.PHONY: docs
docs: .venv/.dev-installed ## Build the documentation into site/, every link in it checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: screenshots
screenshots: .venv/.dev-installed browser ## Take the pictures of README anew, of a real run on the demo library
	$(BIN)/python -m scripts.screenshots

.PHONY: format
format: .venv/.dev-installed ## Put the code in its style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

LOCKS := web worker-cpu worker-gpu local dev
.PHONY: lock
lock: ## Compile requirements/*.txt anew from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	@for set in $(LOCKS); do uv pip compile pyproject.toml --extra "$$set" --output-file "requirements/$$set.txt" \
		--universal --no-strip-extras --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --quiet; done
	@uv pip compile pyproject.toml --extra local --extra bench --output-file requirements/bench.txt \
		--universal --no-strip-extras --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --quiet
	@uv pip compile --group rivals --output-file requirements/rivals.txt \
		--universal --no-strip-extras --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --quiet

.PHONY: clean
clean: ## Remove .venv and all that tools have left (never the data folder)
	rm -rf .venv build dist site test-artifacts *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: browser
browser:
	@for program in chromium chromium-browser google-chrome; do command -v "$$program" >/dev/null && exit 0; done; \
	( $(call install,Chromium,chromium) ) || { echo "The tests drive a browser: install Chromium, so that" \
	"chromium, chromium-browser or google-chrome is on the PATH." >&2; exit 1; }

.venv/.made:
	@if [ -z "$(PYTHON)" ]; then echo "Lookalike needs Python 3.11, 3.12 or 3.13, and none was found. Install one" \
	"(Debian, Ubuntu: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3.12 …" >&2; exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	echo "$(PYTHON) is no Python 3.11, 3.12 or 3.13." >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || ( $(call install,venv,python3-venv) ) || { \
	echo "$(PYTHON) cannot make virtual environments. Install what it lacks (Debian, Ubuntu: apt install python3-venv)." >&2; exit 1; }
	@[ -x $(BIN)/pip ] || { echo "Making .venv with $(PYTHON)"; "$(PYTHON)" -m venv .venv; }
	@touch $@

# Other tools are measured in an environment of their own: one of them brings a deep-learning framework of gigabytes.
.rivals/.installed: requirements/rivals.txt .venv/.made
	@echo "Installing requirements/rivals.txt (the first time takes some minutes)"
	@$(BIN)/python -m venv .rivals
	@.rivals/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/rivals.txt
	@( command -v findimagedupes >/dev/null || ( $(call install,findimagedupes,findimagedupes) ) ) || true
	@touch $@

.venv/.%-installed: requirements/%.txt pyproject.toml .venv/.made
	@echo "Installing requirements/$*.txt (the first time takes some minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$*.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
