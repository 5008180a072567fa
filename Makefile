# `make help` lists what there is. Everything runs from the project's root on Python 3.11 or newer.
SHELL := /bin/bash
PYTHON ?= python3
PY := .venv/bin/python
STAMP := .venv/.installed
.DEFAULT_GOAL := help
# A system is ten programs of Python: what each would compile anew at every start is kept beside the sources.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; name one with make PYTHON=python3.12")'
	@test -x $(PY) || $(PYTHON) -m venv .venv || { echo "the venv module is needed: on Debian, apt-get install python3-venv"; exit 1; }
	@test -x .venv/bin/uv || $(PY) -m pip install --quiet --disable-pip-version-check uv
	@.venv/bin/uv pip sync --quiet --require-hashes --python $(PY) requirements.lock
	@printf '%s\n%s\n' "$(CURDIR)" "$(CURDIR)/proto/gen" > "$$($(PY) -c 'import site; print(site.getsitepackages()[0])')/reintegration.pth"
	@touch $@

.PHONY: setup
setup: $(STAMP) ## install into .venv what requirements.lock names

.PHONY: demo
demo: setup ## start everything with an invented case file; Ctrl-C stops it, the data stays
	@$(PY) -m infra.system_packages --only java,maven
	@exec $(PY) -m infra.demo

.PHONY: demo-reset
demo-reset: setup ## wipe the demo's data
	@$(PY) -m infra.demo reset

.PHONY: status
status: setup ## what runs, how far it is, how old the data is
	@$(PY) -m infra.runner status

.PHONY: rebuild
rebuild: setup ## make alerts, obligations and ClickHouse's tables anew from the log (ACCEPT=1: also what differs)
	@$(PY) -m infra.runner rebuild $(if $(ACCEPT),--accept)

.PHONY: backup
backup: setup ## copy what cannot be made anew to var/backups (or DIR=...), also while it runs
	@$(PY) -m infra.runner backup $(if $(DIR),'$(DIR)')

.PHONY: restore
restore: setup ## bring a backup back into an empty system: FROM=...
	@test -n '$(FROM)' || { echo 'name the backup: make restore FROM=var/backups/...'; exit 1; }
	@$(PY) -m infra.runner restore '$(FROM)' $(if $(ACCEPT),--accept)

.PHONY: check
check: setup ## format, lint, types, import rules, unit tests: under two minutes
	$(PY) -m ruff format --check --quiet .
	$(PY) -m ruff check --quiet .
	$(PY) -m mypy services streams infra
	.venv/bin/lint-imports
	$(PY) -m pytest -q tests/unit tests/contract tests/house

# What must be seen within seconds is looked at when nothing else runs, and so is what fills the machine by itself.
ALONE := tests/acceptance/test_case_records.py \
	tests/faults/test_faults_kills.py tests/faults/test_faults_log_away.py \
	tests/integration/test_alerting_stream.py tests/integration/test_demo.py

.PHONY: test
test: setup ## every test, on real parts, two at a time: some forty minutes on two cores
	@$(PY) -m infra.system_packages
	@failed=0; \
	$(PY) -m pytest -q -n 2 $(ALONE:%=--ignore=%) || failed=1; \
	$(PY) -m pytest -q $(ALONE) || failed=1; \
	exit $$failed

.PHONY: browser
browser: setup ## the tests of the pages alone, in Chromium, as each person: ONLY="-k keyboard" takes these
	@$(PY) -m infra.system_packages
	$(PY) -m pytest -q -n 2 tests/browser $(ONLY)

.PHONY: bench
bench: setup ## measure how fast it is; takes long, ONLY="B3 B8" takes these
	@$(PY) -m infra.system_packages --only java,maven
	@$(PY) -m tests.bench $(ONLY)

.PHONY: faults
faults: setup ## bring every fault in its full form, for an hour and a half; as root, for the small disks
	@$(PY) -m infra.system_packages
	$(PY) -m pytest -q -s --faults-full --timeout 5400 tests/faults tests/faults/long/*.py

.PHONY: certificates
certificates: setup ## HTTPS on a local network: an authority of your own and a certificate, HOSTS="192.168.1.20 notebook.local"
	@$(PY) -m infra.certificates $(HOSTS)

.PHONY: fuzz
fuzz: setup ## throw bytes at what reads events and tokens, five minutes each (SECONDS=20)
	@.venv/bin/uv pip install --quiet --python $(PY) --requirement pyproject.toml --extra fuzz
	$(PY) -m tests.fuzz events --seconds $(or $(SECONDS),300)
	$(PY) -m tests.fuzz tokens --seconds $(or $(SECONDS),300)

.PHONY: matrix
matrix: setup ## who gets what, asked of a running system; and twenty random faults of the rules, each of them seen
	@$(PY) -m infra.system_packages --only java,maven
	@$(PY) -m pytest -q -s tests/acceptance/test_matrix.py tests/mutations/test_policy_mutants.py

.PHONY: canary
canary: setup ## put who she is in through every door, look for her everywhere, and print what was looked at
	@$(PY) -m infra.system_packages --only java,maven
	$(PY) -m pytest -q -s tests/acceptance/test_canary_scan.py

.PHONY: lock
lock: setup ## write requirements.lock anew from pyproject.toml
	.venv/bin/uv pip compile pyproject.toml --extra dev --universal --generate-hashes --python-version 3.11 \
		--custom-compile-command "make lock" --output-file requirements.lock --quiet

.PHONY: catalogues
catalogues: setup ## bring changed English sentences (messages.pot) into the other languages
	$(PY) -m services.web.translating

.PHONY: screenshots
screenshots: setup ## pictures of the three faces, of the demonstration that runs
	$(PY) -m tests.browser.screenshots

.PHONY: font
font: setup ## cut the font of Bangla pages anew to the letters that notebook.css names: FROM=...
	@test -n '$(FROM)' || { echo "name its package's file, which services/web/static/vendor/VENDORED tells of"; exit 1; }
	@.venv/bin/uv pip install --quiet --python $(PY) --requirement pyproject.toml --extra font
	.venv/bin/pyftsubset '$(FROM)' --unicodes="$$(sed -n 's/.*unicode-range: \(.*\);/\1/p' services/web/static/notebook.css)" \
		--layout-features='*' --no-hinting --drop-tables+=STAT,gasp --name-IDs+=13,14 --flavor=woff2 \
		--output-file=services/web/static/vendor/noto-sans-bengali.woff2

.PHONY: proto
proto: setup ## generate the protobuf code anew
	$(PY) proto/generate.py
