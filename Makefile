# `make demo` and `make test` are the two commands; each builds its own environment where there is none.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python
PIP    := $(PY) -m pip --disable-pip-version-check -q
OUT    ?= kd_out
SMOKE  := .venv-smoke
SMOKE_PYTHON ?= $(PY)
CHECKS ?= check-clean check-nbs notebooks readme-check docs smoke

# Commands in a notebook's cell (`!kd_distill`) are those of the environment
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test export clean-nbs prepare check-clean check-nbs notebooks quick mutants kills fake-gpu bench readme readme-check proc docs wheel dist smoke check-tag
.DEFAULT_GOAL := help
help: ; @echo 'make demo: distil on real images; make test: every check; make docs: the site'

## Environments: a stamp file says that what settings.ini asks for is installed

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or later is needed: make PYTHON=python3.x ..." if sys.version_info < (3,10) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: settings.ini setup.py | $(PY)
	@echo 'Installing kd_fastai and what it needs: some minutes, once'
	$(PIP) install --use-pep517 -e .
	@touch $@

$(VENV)/.dev: settings.ini setup.py | $(PY)
	@echo 'Installing kd_fastai and the development tools: some minutes, once'
	$(PIP) install --use-pep517 -e '.[dev,lite,nlp,onnx]'
	@touch $@ $(VENV)/.run

## The two commands

demo: $(VENV)/.run
	$(BIN)/kd_distill images --out $(OUT)

test: $(VENV)/.dev
	@$(PY) tools/run_checks.py $(CHECKS)

## Notebooks

export: $(VENV)/.dev
	$(BIN)/nbdev_export

clean-nbs: $(VENV)/.dev
	$(BIN)/nbdev_clean

prepare: export clean-nbs readme

check-clean: $(VENV)/.dev # Export and clean leave the tree as it is
	$(PY) tools/unchanged.py $(BIN)/nbdev_export $(BIN)/nbdev_clean

check-nbs: $(VENV)/.dev # Each notebook opens with a title and a sentence, holds no error, stands in the sidebar
	$(PY) tools/check_nbs.py

notebooks: $(VENV)/.dev # Each page in a process of its own, two at a time, with its seconds
	$(PY) tools/test_nbs.py

quick: $(VENV)/.dev # Only the pages that a change can have touched. BASE=main for all since then
	$(PY) tools/test_nbs.py --quick $(if $(BASE),--base $(BASE))

mutants: $(VENV)/.dev # Each mistake put into a loss, of answers or of layers, is noticed by a conformance page
	$(PY) tools/mutate.py

kills: $(VENV)/.dev # Fifty runs are killed and resumed, and end like one that was left alone
	$(PY) tools/kill.py 50

NBS ?= $(wildcard nbs/*.ipynb nbs/*/*.ipynb)
fake-gpu: $(VENV)/.dev # Notebooks' tests as on a machine with a GPU: what forgets a tensor on the CPU fails. NBS="…" for some of them
	@bad=; for nb in $(NBS); do MPLBACKEND=agg OMP_NUM_THREADS=1 $(PY) tools/fake_gpu.py $$nb || bad="$$bad $$nb"; done; test -z "$$bad" || { echo "Failed:$$bad"; exit 1; }

bench: $(VENV)/.dev # The page about speed, executed on this machine with the peers: a quarter of an hour, and nothing else should run
	$(PIP) install --use-pep517 -e '.[bench]'
	cd nbs/benchmarks && $(CURDIR)/$(BIN)/jupyter nbconvert --to notebook --execute --inplace speed.ipynb
	$(BIN)/nbdev_clean

## README and site

readme: # README.md from nbs/index.ipynb; needs no environment
	$(PYTHON) tools/readme.py

readme-check:
	$(PYTHON) tools/readme.py --check

proc: $(VENV)/.dev # The notebooks as Quarto gets them, in _proc
	$(PY) tools/proc.py

docs: proc # The site in _docs, without Quarto; a broken link is an error
	$(PY) tools/docs.py

## Packages

wheel: $(VENV)/.dev
	rm -rf build dist
	$(PY) -m build --wheel

dist: $(VENV)/.dev # What a release uploads
	rm -rf build dist
	$(PY) -m build

smoke: wheel # The wheel alone, with the newest fastai and no nbdev. SMOKE_PYTHON=python3.13 for another one; KEEP=1 keeps that environment
	rm -rf $(SMOKE)
	[ -n "$(KEEP)" ] || trap 'rm -rf $(SMOKE)' EXIT; set -e; \
	$(SMOKE_PYTHON) -m venv $(SMOKE); \
	$(SMOKE)/bin/python -m pip --disable-pip-version-check -q install "$$(echo dist/*.whl)[nlp]" 'fastai>=2.8.12'; \
	$(SMOKE)/bin/python -I tools/smoke.py fit $(SMOKE)/out; \
	$(SMOKE)/bin/python -m pip --disable-pip-version-check -q uninstall -y kd_fastai; \
	$(SMOKE)/bin/python -I tools/smoke.py load $(SMOKE)/out

check-tag: # TAG=v1.2.3 names the version in settings.ini
	@$(PYTHON) -c 'import configparser as c; i = c.ConfigParser(); i.read("settings.ini"); v = "v" + i["DEFAULT"]["version"]; assert v == "$(TAG)", f"the tag is $(TAG), settings.ini says {v}"'
