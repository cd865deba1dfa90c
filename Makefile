# The development commands; CONTRIBUTING.md explains them.
# Words for a command go into ARGS: make test ARGS="tests/test_x.py -k name"
PYTHON ?= python3
COMMANDS = setup test lint demo serve shell update pot screenshot screenshots bench \
	soak faults upgrade host-tests dist env clean stop

.PHONY: help $(COMMANDS)

help:
	@echo "make [$(COMMANDS)] [ARGS=...]; see CONTRIBUTING.md"

$(COMMANDS):
	@$(PYTHON) scripts/dev.py $@ $(ARGS)
