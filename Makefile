# make run     open the window on the demo smear (first makes .venv, without torch)
# make test    check everything (first makes .venv-test, with torch)
# make check   run the tests without the slow ones, in about two minutes
# make bench   time the program; make bench-quick does it in under three minutes, with larger spreads
# make bench-accuracy DATA=FOLDER   count annotated fields with the program and with rivals (MODELS="a.onnx b.onnx",
#                 CBC=python of an environment with the program cbc, EVERY=10 for each tenth field)
# make freeze  build the program that needs no Python, into dist (first makes .venv-freeze, without torch)
# make freeze-test    start what make freeze built and see that it works (needs Xvfb and xdotool)
# make messages      write the sentences of the program into resources/locale/smearcount.pot, to translate
# make catalogues    compile the translations, resources/locale/*/LC_MESSAGES/smearcount.po
# make clean   remove what the other targets made

PYTHON ?= python3
TEST := .venv-test/bin
FREEZE := .venv-freeze/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONDONTWRITEBYTECODE :=
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.PHONY: run test check bench bench-quick bench-accuracy freeze freeze-test messages catalogues clean

run: .venv/.installed
	@.venv/bin/smearcount --demo

test: .venv-test/.installed
	@sh packaging/system_libraries.sh $(TEST)/python
	$(TEST)/ruff check .
	$(TEST)/ruff format --check .
	$(TEST)/pyright --pythonpath $(TEST)/python
	$(TEST)/lint-imports --no-logo
	$(TEST)/python -m pytest --numprocesses=2 --dist=worksteal

check: .venv-test/.installed
	@sh packaging/system_libraries.sh $(TEST)/python
	$(TEST)/python -m pytest --numprocesses=2 --dist=worksteal -m "not slow"

bench: .venv-test/.installed
	@$(TEST)/python tests/bench/bench.py

bench-quick: .venv-test/.installed
	@$(TEST)/python tests/bench/bench.py --quick

bench-accuracy: .venv-test/.installed
	@test -n '$(DATA)' || { echo 'Name the annotated fields: make bench-accuracy DATA=FOLDER' >&2; exit 1; }
	@$(TEST)/python tests/bench/accuracy.py '$(DATA)' $(MODELS) $(if $(CBC),--cbc '$(CBC)') --every $(or $(EVERY),1)

freeze: .venv-freeze/.installed
	@rm -rf dist
	$(FREEZE)/pyinstaller --noconfirm --log-level WARN --workpath build/freeze --distpath dist packaging/smearcount.spec
	@$(FREEZE)/python packaging/licences.py dist/smearcount
	@QT_QPA_PLATFORM=offscreen $(FREEZE)/python packaging/archives.py dist/smearcount
	@$(FREEZE)/python packaging/sizes.py dist/smearcount

freeze-test: .venv-freeze/.installed
	@test -x dist/smearcount/smearcount || $(MAKE) freeze
	$(FREEZE)/python packaging/smoke_test.py dist/smearcount

messages: .venv-test/.installed
	@mkdir -p resources/locale
	$(TEST)/pybabel -q extract --project SmearCount --no-location --sort-output \
		--output resources/locale/smearcount.pot core gui

catalogues: .venv-test/.installed
	$(TEST)/pybabel compile --directory resources/locale --domain smearcount

clean:
	rm -rf .venv .venv-test .venv-freeze build dist .hypothesis .import_linter_cache .pytest_cache .ruff_cache

.venv/.installed: EXTRAS :=
.venv-test/.installed: EXTRAS := [train,dev]
.venv-freeze/.installed: EXTRAS := [freeze]

%/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo 'SmearCount needs Python 3.11 or newer; name it: make $(MAKECMDGOALS) PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'Python lacks its venv module; on Debian or Ubuntu run: apt-get install python3-venv' >&2; exit 1; }
	@echo 'Making the environment $* (once; downloads take some minutes) ...'
	@$(PYTHON) -m venv --clear $*
	@$*/bin/python -m pip install --quiet --constraint constraints.txt --editable '.$(EXTRAS)'
	@touch $@
