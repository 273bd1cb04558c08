# The project's commands. Each sets up .venv first where that is needed; nothing else has to be installed by hand.
.DEFAULT_GOAL := help
.PHONY: help run test demo sim faults fuzz bench load controls lint fmt golden docs policy-proof clean environment environment-proof

VENV := .venv/bin
CODE := services shared deploy bench tests
ARGS ?=

help:  ## show these lines
	@sed -n 's/^\([a-z-]*\):.*##/\1 -/p' $(firstword $(MAKEFILE_LIST))

run: environment  ## start everything on this machine; Ctrl-C stops it
	@$(VENV)/python -m deploy.local run

test: environment  ## run all tests, or some: make test ARGS="-k award"
	@$(VENV)/python -m deploy.local test $(ARGS)

demo: environment  ## act the policy out with an invented school, scene by scene, and check it
	@$(VENV)/python -m deploy.demo

sim: environment  ## play random schedules of delivery, crash and duplication: make sim ARGS="--schedules 1000000"
	@$(VENV)/python -m tests.sim $(ARGS)

faults: environment  ## kill, cut off, fill up and forge for an hour or more: make faults ARGS="--scenario kills --kills 200"
	@$(VENV)/python -m tests.faults $(ARGS)

fuzz: environment-proof  ## send what nobody should send, as everybody: make fuzz ARGS="--only api --seconds 600"
	@.venv-proof/bin/python -m tests.fuzz $(ARGS)

bench: environment-proof  ## measure beside others and write docs/bench: make bench ARGS="--only store"
	@.venv-proof/bin/python -m bench $(ARGS)

load: environment-proof  ## ten minutes of a day's writes and ten times them, checked in the logs: make load ARGS="--minutes 1"
	@.venv-proof/bin/python -m bench.load --write $(ARGS)

controls: environment  ## seed each known fault into a copy and expect its test to fail
	@$(VENV)/python -m deploy.local test tests/controls -m controls $(ARGS)

lint: environment  ## check style, formatting, types and the walls between packages
	$(VENV)/ruff check $(CODE)
	$(VENV)/ruff format --check $(CODE)
	$(VENV)/mypy services shared deploy bench tests
	$(VENV)/lint-imports

fmt: environment  ## format the code and mend what can be mended
	$(VENV)/ruff check --fix-only $(CODE)
	$(VENV)/ruff format $(CODE)

golden: environment  ## write the wire forms of new events and versions, to be read and committed
	@BOOKBAG_WRITE_GOLDEN=1 $(VENV)/python -m pytest -q tests/contract/test_golden_wire_forms.py

docs: environment  ## write the API's document and page, and the catalogues in docs/, as the code is now
	@$(VENV)/python -m deploy.gateway
	@$(VENV)/python -m deploy.catalogues
	@$(VENV)/python -m tests.policy.page

policy-proof: environment  ## switch each rule of the policy off in a copy and see its tests notice; only what changed
	@$(VENV)/python -m tests.policy.proof; proven=$$?; $(VENV)/python -m tests.policy.page; exit $$proven

clean:  ## remove the environment, the run folder with its databases, and caches
	@python3 deploy/local/clean.py

environment:
	@command -v python3 >/dev/null || { echo "There is no python3; install it: sudo apt-get install python3 python3-venv" >&2; exit 2; }
	@python3 deploy/local/setup.py

environment-proof: environment  ## set up what only the bench and the fuzzers need
	@python3 deploy/local/setup.py proof
