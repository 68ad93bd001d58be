# Everything that one does here, one target each. Needs Python 3.11 or later and make; the rest comes by itself.
# A target that needs the environment sees to it first, and is quick when nothing changed.

PYTHON ?= python3
BIN := .venv/bin
BENCH := .venv-bench/bin
MEDSPACY := .venv-medspacy/bin

# Where the annotated corpora lie; only training and the tests that need them look there.
export BEHEALTHY_CORPORA ?= $(abspath ../shared/data)

# Certificates of the system, as pip has it; some networks put their own before every server.
export UV_SYSTEM_CERTS ?= true
export UV_HTTP_TIMEOUT ?= 300
# A registry that is slow or away for a moment is asked again.
export UV_HTTP_RETRIES ?= 10
export PIP_RETRIES ?= 10
export PIP_DEFAULT_TIMEOUT ?= 60
export npm_config_fetch_retries ?= 6
# What pip was told of the package index and of certificates holds for uv too.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
ifdef PIP_CERT
export SSL_CERT_FILE ?= $(PIP_CERT)
endif

UV := $(BIN)/uv
SYNC := $(UV) pip sync --quiet --require-hashes --build-constraints requirements/build.txt
INSTALL := $(UV) pip install --quiet --no-deps --build-constraints requirements/build.txt
# One run writes down in compiled form what a start needs, also where PYTHONDONTWRITEBYTECODE asks Python not to: a start
# takes a third of a second then and a whole one without. Whether the run itself went well is for the tests to say.
COMPILE := echo Asthma. | PYTHONDONTWRITEBYTECODE= $(BIN)/behealthy extract - >/dev/null 2>&1 || true
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --custom-compile-command "make lock" $(UPGRADE)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run examples web dev test slow screens lint check format lock starter dictionary relations bench clean

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: .venv/.ready ## make the environment in .venv
	@echo "Ready: .venv"

run: .venv/.ready .web ## run the whole system with the demo's notes and users; Ctrl-C ends it
	@exec $(BIN)/behealthy up --demo

examples: .venv/.ready ## read the example notes: a table here, a page in out/examples.html
	@mkdir -p out
	@$(BIN)/behealthy extract examples/notes/*-01.txt --format table
	@$(BIN)/behealthy extract examples/notes --format html --output out/examples.html
	@echo "Five of the notes are above; all 230, with the entities highlighted: $(CURDIR)/out/examples.html"

web: .web ## build the web app into the package
	@echo "Ready: src/behealthy/serve/static"

dev: web/node_modules/.ready ## serve the web app's source to a browser, beside a system that runs on its usual port
	@$(NPM) run dev

test: .venv/.ready .web ## run the tests, without the slow proofs
	@$(NPM) test --silent
	@$(BIN)/python -m pytest -m "not slow"

slow: .venv/.ready .web ## run the proofs that take minutes
	@$(BIN)/python -m pytest -m slow

screens: .venv/.ready .web ## take pictures of every page, in light and dark, into out/screens; some are the README's
	@$(BIN)/python -m pytest -m slow tests/e2e/test_screens.py
	@mkdir -p docs/images
	@for name in extract review watch; do cp out/screens/readme-$$name.png docs/images/$$name.png; done
	@echo "Ready: out/screens"

lint: .venv/.ready web/node_modules/.ready ## check format, style, types, layers and dead code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture
	$(BIN)/behealthy openapi > web/openapi.json
	$(NPM) run --silent types

check: lint test ## check all that can be checked in minutes

format: .venv/.ready ## put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/.uv ## refresh the lock files; UPGRADE=--upgrade takes the newest versions
	$(LOCK) --group uv -o requirements/uv.txt
	$(LOCK) --group build -o requirements/build.txt
	$(LOCK) --group vocabulary --no-deps -o requirements/vocabulary.txt
	$(LOCK) pyproject.toml -o requirements/run.txt
	$(LOCK) pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt
	$(LOCK) pyproject.toml --group dev --group bench -c requirements/dev.txt -o requirements/bench.txt
	$(LOCK) --group medspacy -o requirements/medspacy.txt
	$(LOCK) --group node -o requirements/node.txt

# The same instructions on every machine, so that sums come out the same to the last bit.
PINNED := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 OPENBLAS_CORETYPE=Haswell NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL AVX512_SPR"

starter: .venv/.ready ## train the model that ships with the package anew
	$(PINNED) $(BIN)/python tools/starter.py

dictionary: .venv/.ready ## compile the dictionary and the codes that ship with the package anew
	$(BIN)/python tools/dictionary.py

relations: .venv/.ready ## learn anew which treatment belongs to which disease
	$(PINNED) $(BIN)/python tools/relations.py

bench: .venv-bench/.ready .venv-medspacy/.ready ## measure what the README says
	@for name in accuracy speed cold_start; do $(BENCH)/python -m benchmarks.$$name --rivals || exit 1; done
	@for name in assertion coding relations pipeline system; do $(BENCH)/python -m benchmarks.$$name || exit 1; done

clean: ## remove the environments and what tools left behind
	rm -rf .venv .venv-bench .venv-medspacy .venv-node web/node_modules .web src/behealthy/serve/static .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache out

# The environments: a stamp file each, older than the locks when they changed. -------------------------------------

.venv/.uv: requirements/uv.txt
	@sh tools/check-python.sh "$(PYTHON)"
	@echo "Setting up .venv: a minute or two the first time"
	@"$(PYTHON)" -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.ready: .venv/.uv requirements/dev.txt requirements/vocabulary.txt requirements/build.txt pyproject.toml
	@$(SYNC) --python $(BIN)/python requirements/dev.txt requirements/vocabulary.txt
	@$(INSTALL) --python $(BIN)/python --editable .
	@$(COMPILE)
	@touch $@

.venv-bench/.ready: .venv/.uv requirements/bench.txt requirements/vocabulary.txt requirements/build.txt pyproject.toml
	@$(UV) venv --quiet --allow-existing --python $(BIN)/python .venv-bench
	@$(SYNC) --python $(BENCH)/python requirements/bench.txt requirements/vocabulary.txt
	@$(INSTALL) --python $(BENCH)/python --editable .
	@touch $@

# Its sources build with older tools, found here and nowhere else; no package of ours is in it.
.venv-medspacy/.ready: .venv/.uv requirements/medspacy.txt requirements/build.txt
	@$(UV) venv --quiet --allow-existing --python $(BIN)/python .venv-medspacy
	@$(SYNC) --python $(MEDSPACY)/python requirements/medspacy.txt
	@touch $@

# The web app: built by the system's Node, or by one that comes as a package; its files go into the Python package.

NPM = PATH="$$(sh tools/node.sh $(UV)):$$PATH" npm --prefix web --no-update-notifier
WEB := $(shell find web -name node_modules -prune -o -type f -not -name openapi.json -not -name schema.d.ts -print)

web/node_modules/.ready: web/package-lock.json web/package.json requirements/node.txt | .venv/.uv
	@$(NPM) ci --silent
	@touch $@

.web: web/node_modules/.ready $(WEB)
	@$(NPM) run --silent build -- --logLevel warn
	@touch $@
