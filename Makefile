# Vang. `make` alone lists what there is to do.
PYTHON ?= python3
BIN := .venv/bin
DATA ?= var/demo
# Debian keeps mosquitto where an ordinary search path does not look.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

# Programs start a hundred times in the tests; reading all of them anew each time doubles the time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset run env env-dev check format test tests collected coverage-gate unit soak bench docs gallery

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env:
	@$(PYTHON) tools/bootstrap.py controller agent

env-dev:
	@$(PYTHON) tools/bootstrap.py controller agent dev

demo: env ## a province on this machine: controller, broker, 65 stations (PORT=, STATIONS=, DATA=)
	@exec $(BIN)/vang-controller demo --data "$(DATA)" $(if $(PORT),--port $(PORT)) $(if $(STATIONS),--stations $(STATIONS))

demo-reset: ## forget the demo's data
	@$(PYTHON) tools/demo_reset.py "$(DATA)"

run: env ## a real controller; settings in var/controller.toml or VANG_... (docs/settings.md)
	@exec $(BIN)/vang-controller serve

test: ## set this machine up, then check, then every test with its coverage gate
	@$(PYTHON) tools/test_machine.py
	@$(PYTHON) tools/bootstrap.py controller agent dev alsa
	@$(MAKE) --no-print-directory -j 2 check collected
	@$(MAKE) --no-print-directory tests
	@$(MAKE) --no-print-directory coverage-gate

# Tests are rewritten when they are first read. Here once, beside the check of types, which needs one
# processor; not by each worker for itself. What cannot be read is told when they run.
collected:
	@$(BIN)/python -m pytest --collect-only -qq >/dev/null 2>&1 || true

check: env-dev ## ruff, mypy --strict, import layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict
	@$(BIN)/mypy --strict tests/types
	@$(BIN)/lint-imports

format: env-dev ## let ruff put the code in order
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# Tests that start real programs wait more than they work, so five workers share two cores; a file
# stays on one worker. Their files lie in memory where the machine has such a place: thousands of
# small databases.
SCRATCH := $(shell test -w /dev/shm && echo /dev/shm/vang-test-$$$$ || echo build/scratch)

tests: env-dev
	@mkdir -p build && rm -f build/.coverage build/.coverage.*
	@COVERAGE_FILE=build/.coverage $(BIN)/python -m pytest -m "not soak" -n 5 --dist loadfile --no-loadscope-reorder \
		-q --durations=10 --cov --cov-report= --basetemp=$(SCRATCH); status=$$?; rm -rf $(SCRATCH); exit $$status

coverage-gate:
	@$(BIN)/python tools/coverage_gate.py

unit: env-dev ## the fast tests only
	@$(BIN)/python -m pytest -m "not real and not soak" -n 2 -q tests/unit

soak: env-dev ## long campaigns: many more inputs, 10,000 simulated worlds (SEEDS=), mutants of the rules (OFFICE=1: install LibreOffice for its tests)
	@$(if $(OFFICE),$(PYTHON) tools/test_machine.py --office)
	@VANG_SOAK=1 $(BIN)/python -m pytest -m soak -q -rs
	@$(BIN)/python -m tests.simulation --soak --seeds $(if $(SEEDS),$(SEEDS),10000)
	@$(BIN)/python tools/mutants.py

bench: env-dev ## figures beside their peers (ONLY=name, QUICK=1) -> build/bench.json
	@mkdir -p build
	@$(BIN)/python -m tests.bench $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick)

docs: env-dev ## write the tables of docs/ that repeat what the code says, and the dashboards
	@$(BIN)/python tools/docs_tables.py
	@$(BIN)/python tools/dashboards.py

gallery: env-dev ## pictures of every page as each role sees it -> build/gallery (ONLY=, ROLES=, GUIDE=1: of the guides)
	@$(PYTHON) tools/test_machine.py --gallery
	@$(BIN)/python -m tools.gallery $(if $(ONLY),--only $(ONLY)) $(if $(ROLES),--roles $(ROLES)) $(if $(GUIDE),--guide)
