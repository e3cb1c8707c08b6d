# `make train` and `make test` set up everything they need in .venv, and are quick the second time.
# Another Python than the one found: make PYTHON=python3.12 test

VENV := .venv
SITE_VENV := .venv-site
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help train test mutation bench lint site notebooks clean other-python

help:  ## Show this list.
	@echo 'make train   train a small net on pictures; options: make train ARGS="--epochs 3 --seed 2"'
	@echo 'make test    run the tests;                 options: make test ARGS="tests/ops -k conv2d"'
	@echo 'make mutation   score the tests: do they notice every wrong gradient rule, kernel and gradcheck? (over an hour of computing;'
	@echo '             options: make mutation ARGS="--part rules", or kernels, or checker)'
	@echo 'make bench   hold minidl against PyTorch, JAX, Keras and DeZero, which it installs into .venv-bench;'
	@echo '             options: make bench ARGS="--quick --only intro --peers torch"'
	@echo 'make site    build the course site in build/site: lessons, reference, search; options: make site ARGS=--fresh'
	@echo 'make notebooks  write all lessons as notebooks, for students and with solutions, into build/notebooks'
	@echo 'make lint    check style and types'
	@echo 'make clean   remove .venv and everything else that was built'
	@echo 'Another Python: make PYTHON=python3.12 test'

train: $(VENV)/.ready
	$(BIN)/minidl train $(ARGS)

test: $(VENV)/.ready-dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto $(ARGS)

mutation: $(VENV)/.ready-dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.mutation.run $(ARGS)

bench: $(VENV)/.ready
	$(BIN)/python -m benchmarks $(ARGS)

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/mypy

site: $(SITE_VENV)/.ready
	$(subst $(VENV),$(SITE_VENV),$(BIN))/python docs/site/build.py $(ARGS)

notebooks: $(VENV)/.ready
	$(BIN)/python -m minidl.lesson_runner.notebooks build/notebooks

clean:
	rm -rf $(VENV) $(SITE_VENV) .venv-bench build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.ready: pyproject.toml $(VENV)/.python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.ready-dev: pyproject.toml $(VENV)/.python
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $(VENV)/.ready $@

# The site's packages are many: they get a place of their own.
$(SITE_VENV)/.ready: pyproject.toml $(VENV)/.python
	@echo 'setting up $(SITE_VENV) (a few minutes, once)'
	@"$$(cat $(VENV)/.python)" -m venv $(SITE_VENV)
	$(subst $(VENV),$(SITE_VENV),$(BIN))/python -m pip install --quiet --editable ".[site]"
	@touch $@

# .venv is made anew if PYTHON=… asks for another one than it was made with.
ifneq ($(origin PYTHON),undefined)
ifneq ($(shell cat $(VENV)/.python 2>/dev/null),$(PYTHON))
$(VENV)/.python: other-python
endif
endif

$(VENV)/.python:
	@python="$(PYTHON)"; \
	if [ -z "$$python" ]; then \
	  for found in $(CANDIDATES); do if $$found -c '$(NEW_ENOUGH)' 2>/dev/null; then python=$$found; break; fi; done; \
	fi; \
	if [ -z "$$python" ]; then \
	  echo "minidl needs Python 3.11 or newer, and none was found; say where it is: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; \
	fi; \
	if ! command -v "$$python" >/dev/null; then echo "there is no $$python" >&2; exit 1; fi; \
	if ! "$$python" -c '$(NEW_ENOUGH)'; then \
	  echo "minidl needs Python 3.11 or newer; $$python is $$("$$python" --version 2>&1)" >&2; exit 1; \
	fi; \
	echo "setting up $(VENV) with $$("$$python" --version) (a minute, once)"; \
	if ! "$$python" -m venv --clear $(VENV); then \
	  echo "$$python could not make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi; \
	echo "$$python" > $@
