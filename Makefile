# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# What PyPI's torch asks for on a machine with a GPU; `pip install torch` brings it where it is wanted.
GPU := triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti nvidia-cuda-nvrtc \
	nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse \
	nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx
# The exit status where packages are missing and only asked for: the demonstration goes on without them.
ASKED := 1
demo demo-nightly: ASKED := 0
OCR := tesseract-ocr $(addprefix tesseract-ocr-,eng ind msa fil vie tha khm lao mya por chi-sim tam script-laoo script-mymr)
BROWSER := chromium fonts-noto-core
PAPER := fonts-liberation fonts-noto-core fonts-thai-tlwg libpango-1.0-0 libpangoft2-1.0-0

NIGHT := LAWSEARCH_INDEX_DIR=build/nightly/index LAWSEARCH_WATCHED_DIRS='["build/nightly/laws"]'

.PHONY: demo demo-nightly test lint bench bench-scale load mutants setup sample lock browser paper ocr clean

demo: setup ocr ## index the sample corpus and serve it on this machine
	-$(BIN)/lawsearch ingest corpus/sample
	$(BIN)/lawsearch serve --port $(PORT)

demo-nightly: setup ocr ## two laws of the sample corpus change overnight: the run, and its report
	rm -rf build/nightly && mkdir -p build/nightly/laws build/nightly/index
	cp corpus/sample/*.pdf corpus/sample/*.toml build/nightly/laws
	if [ -f index/embeddings.db ]; then cp index/embeddings.db build/nightly/index; fi
	-$(NIGHT) $(BIN)/lawsearch nightly
	cp corpus/later/*.pdf corpus/later/*.toml build/nightly/laws
	$(NIGHT) $(BIN)/lawsearch nightly

test: setup browser paper ocr ## run everything: linters, types, tests, quality gates where ../shared is
	$(MAKE) lint
	$(BIN)/python -m pytest

lint: setup ## ruff and mypy
	$(BIN)/ruff check src ingest tests corpus
	$(BIN)/ruff format --check src ingest tests corpus
	$(BIN)/mypy

bench: setup ## speed as ratios to the raw cost, in one run
	$(BIN)/python -m tests.bench

bench-scale: setup ## what an index of 10,000, 100,000 and a million provisions costs; an hour, and 12 GB of disk meanwhile
	$(BIN)/python -m tests.scale

load: setup ## a server asked for four times what it can do: refusals, failures, memory
	$(BIN)/python -m tests.load

mutants: setup ## read 2,000 broken and hostile PDFs
	LAWSEARCH_MUTANTS=2000 $(BIN)/python -m pytest -s tests/ingest/test_mutants.py

sample: setup paper ## make the sample corpus' PDFs from their sources
	PYTHONPATH=src:. $(BIN)/python corpus/sample/make.py

setup: .venv/ready

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer with venv is needed: apt-get install python3 python3-venv"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install torch==2.13.0
	$(BIN)/python -m pip install --require-hashes --no-deps --requirement requirements.lock
	$(BIN)/python -m pip install --no-deps --no-build-isolation --editable .
	touch .venv/ready

# Without it image-only documents are reported as unreadable; everything else works.
ocr: PACKAGES = $(OCR)
# Debian packages: installed by root, asked for by anybody else; other systems are told what is missing.
browser: PACKAGES = $(BROWSER)
paper: PACKAGES = $(PAPER)
browser paper ocr:
	@command -v dpkg >/dev/null || { echo "Not Debian: please see to $(PACKAGES) yourself."; exit 0; }; \
	missing=$$(for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; \
	else echo "Please run: sudo apt-get install" $$missing; exit $(ASKED); fi

lock: ## write requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate $(addprefix --no-emit-package ,$(GPU)) --output-file requirements.lock

clean:
	rm -rf .venv build *.egg-info src/*.egg-info
