# The commands of the project; `make help` lists them.

SHELL := bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help app test fast test-faults bench-ui latency crowd lint format wheel lock clean FORCE

VENV ?= .venv
PYTHON ?= python3.13 python3.12 python3.11 python3
FLAGS ?=
LOCK_FLAGS ?=
# -P: a random.py in the working folder is not taken for the standard one.
RUN := $(VENV)/bin/python -P -m
NODE := $(RUN) tests.javascript.node
SIDE_BY_SIDE := -n auto --maxprocesses 4
# Tests of a file share trainings and servers, so that a file is one worker's; in their own order the longest do not
# come last. What measures frame rates and times, or needs the machine to itself, runs in bench-ui, one at a time.
FILE_BY_FILE := --dist loadfile --no-loadscope-reorder
# FLAGS that name tests may leave one part of the suite without any.
NONE_CHOSEN := $(if $(FLAGS),[ $$? -eq 5 ],false)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:
	@echo 'make app     set up, then open the laboratory in the browser  (FLAGS="--server.port 8600")'
	@echo 'make test    set up, then lint, types, import contracts and every test'
	@echo 'make fast    only the quick tests                             (FLAGS="-k latent")'
	@echo 'make test-faults  kill workers at every moment, fill disks, ...; the other cases of slow tests; some 30 minutes'
	@echo 'make bench-ui  every browser test beyond one flow per page, frame rates, speeds; some 25 minutes'
	@echo 'make latency how long pictures of the time machine take       (FLAGS="--only play")'
	@echo 'make crowd   how twenty people at once are served              (FLAGS="--sessions 5")'
	@echo 'make lint    lint, formatting, types and import contracts, of the JavaScript as well'
	@echo 'make format  put the sources in the form that lint asks for'
	@echo 'make wheel   build the package into dist/'
	@echo 'make lock    renew the lock files after a change of dependencies (LOCK_FLAGS=--upgrade)'
	@echo 'make clean   remove the environment, builds and caches; runs/ stays'
	@echo 'With PYTHON=/path/to/python3.12 another interpreter than the newest suitable one is taken.'

app: $(VENV)/.app
	@exec $(RUN) dashboard.server $(FLAGS)

test: lint
	@$(RUN) pytest -m "not e2e and not ui and not alone" $(SIDE_BY_SIDE) $(FILE_BY_FILE) $(FLAGS) || $(NONE_CHOSEN)
	@chromium="$$($(VENV)/bin/python tests/e2e/browser.py)" && \
		CVAE_CHROMIUM="$$chromium" $(RUN) pytest -m "e2e and not ui and not alone" $(SIDE_BY_SIDE) $(FILE_BY_FILE) $(FLAGS) || $(NONE_CHOSEN)

bench-ui: $(VENV)/.test
	@chromium="$$($(VENV)/bin/python tests/e2e/browser.py)" && \
		CVAE_CHROMIUM="$$chromium" $(RUN) pytest -m "ui or alone" $(FLAGS)

fast: $(VENV)/.test
	@$(RUN) pytest -m "not slow and not e2e and not ui and not alone" $(SIDE_BY_SIDE) $(FILE_BY_FILE) $(FLAGS) || $(NONE_CHOSEN)

test-faults: $(VENV)/.test
	@$(RUN) pytest -m faults $(FLAGS)

latency: $(VENV)/.test
	@chromium="$$($(VENV)/bin/python tests/e2e/browser.py)" && \
		CVAE_CHROMIUM="$$chromium" $(RUN) tests.e2e.latency $(FLAGS)

crowd: $(VENV)/.test
	@chromium="$$($(VENV)/bin/python tests/e2e/browser.py)" && \
		CVAE_CHROMIUM="$$chromium" $(RUN) tests.e2e.crowd $(FLAGS)

lint: $(VENV)/.test $(VENV)/.npm
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@$(VENV)/bin/lint-imports --no-logo
	@$(NODE) node_modules/eslint/bin/eslint.js --max-warnings 0 . && $(NODE) node_modules/typescript/bin/tsc

format: $(VENV)/.test
	@$(RUN) ruff check --fix
	@$(RUN) ruff format

wheel: $(VENV)/.app
	@$(RUN) pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

# Versions that are locked already stay, unless LOCK_FLAGS says otherwise.
LOCK := $(VENV)/lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --no-header --quiet $(LOCK_FLAGS)
lock: $(VENV)/.python
	@test -x $(VENV)/lock/bin/uv || { $(RUN) venv $(VENV)/lock && $(VENV)/lock/bin/pip install --quiet uv; }
	@$(LOCK) --extra build --output-file requirements.lock
	@$(LOCK) --extra build --extra test --constraint requirements.lock --output-file requirements-test.lock

clean:
	rm -rf $(VENV) node_modules build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Set-up: a stamp is written only after all that it stands for has succeeded. ---

# Once more when the interpreter that it was made with is gone.
$(VENV)/.python: $(if $(realpath $(VENV)/bin/python),,FORCE)
	@for python in $(PYTHON); do \
		"$$python" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
			2>/dev/null && break; \
		python=; \
	done; \
	if [ -z "$$python" ]; then \
		echo 'Python 3.11, 3.12 or 3.13 with its venv module is needed, and none was found on the PATH:' \
			'install one (on Debian: apt-get install python3 python3-venv), or name it: make app PYTHON=/path/to/it' >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$python" --version)" && "$$python" -m venv --clear $(VENV)
	@touch $@

$(VENV)/.app: $(VENV)/.python requirements.lock pyproject.toml
	@echo 'Installing what the laboratory needs; the first time takes some minutes, mostly for TensorFlow'
	@$(call install,requirements.lock)
	@$(RUN) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.app requirements-test.lock
	@echo 'Installing what the tests need'
	@$(call install,requirements-test.lock)
	@touch $@

# What checks the JavaScript. Nothing that runs needs it.
$(VENV)/.npm: $(VENV)/.test package-lock.json .npmrc
	@echo 'Installing what checks the JavaScript'
	@$(NODE) npm ci --silent
	@touch $@

# Shows the package at hand on a terminal, and all that pip says once something has failed. Python compiles what it
# imports by itself; to compile all of TensorFlow while installing takes as long as the rest.
define install
set -o pipefail; $(RUN) pip install --no-compile --no-input --require-hashes --requirement $(1) 2>&1 | { \
	show() { if [ -t 1 ]; then printf '\r\033[K%s' "$$1"; fi; }; \
	failed=; \
	while read -r word name rest; do \
		case "$$failed$$word" in \
			Collecting) show "  fetching $$name" ;; \
			Installing) show '  unpacking all packages' ;; \
			ERROR:* | failed*) failed=failed; echo "$$word $$name $$rest" >&2 ;; \
		esac; \
	done; \
	show ''; \
}
endef
