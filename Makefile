# `make help` lists what there is. Everything runs from the project's root on Python 3.11 or newer.
SHELL := /bin/bash
PYTHON ?= python3
PY := .venv/bin/python
STAMP := .venv/.installed
.DEFAULT_GOAL := help

.PHONY: help
help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): requirements.lock
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check uv
	@$(PY) -m uv pip sync --quiet --require-hashes --python $(PY) requirements.lock
	@printf '%s\n%s\n' "$(CURDIR)" "$(CURDIR)/proto/gen" > "$$($(PY) -c 'import site; print(site.getsitepackages()[0])')/reintegration.pth"
	@touch $@

.PHONY: setup
setup: $(STAMP) ## install into .venv what requirements.lock names

.PHONY: lock
lock: setup ## write requirements.lock anew from pyproject.toml
	$(PY) -m uv pip compile pyproject.toml --extra dev --universal --generate-hashes --python-version 3.11 \
		--custom-compile-command "make lock" --output-file requirements.lock --quiet

.PHONY: proto
proto: setup ## generate the protobuf code anew
	$(PY) proto/generate.py

.PHONY: check
check: setup ## format, lint, types, import rules, unit tests: under two minutes
	$(PY) -m ruff format --check --quiet .
	$(PY) -m ruff check --quiet .
	$(PY) -m mypy services streams infra
	.venv/bin/lint-imports
	$(PY) -m pytest -q tests/unit tests/contract tests/house

.PHONY: test
test: setup ## every test, on real parts
	$(PY) -m infra.system_packages
	$(PY) -m pytest -q
