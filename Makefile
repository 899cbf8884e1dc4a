# make run     open the window on the demo smear (first makes .venv, without torch)
# make test    check everything (first makes .venv-test, with torch)
# make bench   time the program
# make clean   remove what the other targets made

PYTHON ?= python3
TEST := .venv-test/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.PHONY: run test bench clean

run: .venv/.installed
	@.venv/bin/smearcount --demo

test: .venv-test/.installed
	@sh packaging/system_libraries.sh $(TEST)/python
	$(TEST)/ruff check .
	$(TEST)/ruff format --check .
	$(TEST)/pyright --pythonpath $(TEST)/python
	$(TEST)/lint-imports --no-logo
	$(TEST)/python -m pytest

bench: .venv-test/.installed
	@$(TEST)/python tests/bench/bench.py

clean:
	rm -rf .venv .venv-test build dist .hypothesis .import_linter_cache .pytest_cache .ruff_cache

.venv/.installed: EXTRAS :=
.venv-test/.installed: EXTRAS := [train,dev]

%/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo 'SmearCount needs Python 3.11 or newer; name it: make $(MAKECMDGOALS) PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'Python lacks its venv module; on Debian or Ubuntu run: apt-get install python3-venv' >&2; exit 1; }
	@echo 'Making the environment $* (once; downloads take some minutes) ...'
	@$(PYTHON) -m venv --clear $*
	@$*/bin/python -m pip install --quiet --constraint constraints.txt --editable '.$(EXTRAS)'
	@touch $@
