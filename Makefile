# Two commands for a fresh machine: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3
DEVICE := .venv-device
DEV := .venv-dev
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --constraint requirements.lock

.PHONY: demo test faults lint types check clean help

help:
	@echo "make demo    watch the built-in visitor: detection, int8 inference, rule, alert"
	@echo "make test    run every test"
	@echo "make faults  break everything that breaks at a desk, and count what is lost"
	@echo "make check   lint, types and tests, as CI does"
	@echo "make clean   remove the environments that these make"

demo: $(DEVICE)/installed
	$(DEVICE)/bin/edge-run --camera demo:

test: $(DEV)/installed
	$(DEV)/bin/python -m pytest -n 2 --dist loadfile

faults: $(DEV)/installed
	$(DEV)/bin/edge-bench faults --results benchmarks/RESULTS.md

lint: $(DEV)/installed
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .

types: $(DEV)/installed
	$(DEV)/bin/mypy

check: lint types test

# what a device needs, and nothing else
$(DEVICE)/installed: pyproject.toml requirements.lock
	@echo "setting up $(DEVICE) ..."
	@$(PYTHON) -m venv $(DEVICE) || { echo "python3 -m venv failed; install it: sudo apt install python3-venv"; exit 1; }
	@$(DEVICE)/bin/python $(PIP_INSTALL) --editable .
	@touch $@

# training, conversion, tests: about 2.5 GB
$(DEV)/installed: pyproject.toml requirements.lock
	@echo "setting up $(DEV), about a minute ..."
	@$(PYTHON) -m venv $(DEV) || { echo "python3 -m venv failed; install it: sudo apt install python3-venv"; exit 1; }
	@$(DEV)/bin/python $(PIP_INSTALL) --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(DEVICE) $(DEV)
