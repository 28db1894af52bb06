# Everything happens in .venv, which is made on demand; PYTHON chooses the interpreter, ARGS goes to the command:
#     make train ARGS="--data mnist --optimizer adam"
#     make test PYTHON=python3.12 ARGS="-k trainer"

PYTHON ?= python3
VENV := .venv

# An interpreter of another version makes .venv afresh.
VERSION := $(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
READY := $(VENV)/python$(VERSION)
RUN := PYTHONPATH= $(VENV)/bin/python
SOURCES := setup.py pyproject.toml $(shell find csrc -name '*.[ch]')
INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check

.DELETE_ON_ERROR:
.PHONY: help train test test-real test-browser test-sklearn test-dask test-exchange test-mpi test-sanitized test-tsan coverage lint test-versions gcc clang numbers test-parallel test-faults fuzz test-leaks bench docs prerequisites chromium clean
.PHONY: wheel windows aarch64 macos wasm wheels reproducible test-wheel

help:
	@echo 'make train       train a network on handwritten digits and draw its curves'
	@echo 'make test        run the tests and the notebooks'
	@echo 'make test-real   train on MNIST to the figures of the book (set PYNN_DATA_HOME)'
	@echo 'make test-browser  try the widgets in JupyterLab and Chromium (installs both if they are not there)'
	@echo 'make test-sklearn  put the estimators to the checks of the oldest and the newest scikit-learn (installs both beside .venv)'
	@echo 'make test-dask   search for hyperparameters on a cluster of Dask (installs it if it is not there)'
	@echo 'make test-sanitized  run the tests on C built with the address and undefined-behaviour sanitizers, for every instruction set'
	@echo 'make test-tsan   drive the pool and the kernels from several threads under the thread sanitizer'
	@echo 'make coverage    say which branches of the C the tests take'
	@echo 'make lint        compile the C with GCC and Clang, warnings being errors, and run clang-tidy over it'
	@echo 'make test-versions  build and test with every CPython that is here, the oldest and the newest NumPy, GCC and Clang'
	@echo 'make test-exchange  compare with onnxruntime, OpenVINO, OpenCV, PyTorch and Keras (installs them)'
	@echo 'make numbers     print the errors of the kernels in ulp, and test their bounds'
	@echo 'make test-parallel  run each test of the kernels in four threads at once'
	@echo 'make test-faults  kill saves, checkpoints and downloads at every step, and fill the disk'
	@echo 'make test-mpi    share trainings among processes of MPICH and of Open MPI (installs both below build/)'
	@echo 'make fuzz        call every function and read every kind of file with what nobody would think of'
	@echo 'make test-leaks  call every function 100,000 times, and let memory run out at every allocation'
	@echo 'make bench       time pynn against NumPy, and PyTorch and JAX if $(VENV) has them; see benchmarks/REPORT.md'
	@echo 'make docs        build the documentation, in English and Chinese, into build/docs (needs Python 3.11)'
	@echo 'make wheels      build and check the wheels of every platform (docs/building.md); wheel: of this one'
	@echo 'make windows     build the wheel for Windows and try it under Wine; aarch64: for ARM, under QEMU'
	@echo 'make macos       build the wheels for macOS and look at the machine code; wasm: the kernels, under Node'
	@echo 'make reproducible  build the wheel twice and compare the bytes'
	@echo 'make test-wheel  the tests on the wheel, on every Python that is found'
	@echo 'make clean       remove .venv and everything built'

train: $(VENV)/train
	@$(RUN) -m pynn train $(ARGS)

test: $(VENV)/test
	$(RUN) -m pytest --nbmake tests notebooks $(ARGS)

test-real: $(VENV)/test
	$(RUN) -m pytest -m real $(ARGS)

# PYNN_SCREENSHOTS names a folder for what the browser saw.
test-browser: $(VENV)/browser chromium
	$(RUN) -m pytest -m browser tests/test_browser.py $(ARGS)

# The fonts are for the Chinese words.
APT := $(shell [ "$$(id -u)" = 0 ] || echo sudo) apt-get
chromium:
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	    { $(APT) update && $(APT) install --yes --no-install-recommends chromium fonts-wqy-microhei; }

# ARGS="-m real" compares over MNIST (set PYNN_DATA_HOME).
test-exchange: $(VENV)/exchange
	$(RUN) -m pytest -m "not real and not browser" tests/test_exchange_*.py $(ARGS)

# PyTorch is large, so it is yours to add: .venv/bin/pip install -e '.[bench]'
# Only the whole run writes the report; one with ARGS="--only gemm --quick" prints, or takes --out as well.
bench: $(VENV)/bench
	$(RUN) -m benchmarks $(or $(ARGS),--out benchmarks)

# It runs all notebooks, minutes the first time, and after that when pynn or they have changed; PYNN_DOCS_EXECUTE=off takes the
# outputs that are stored in them instead.
SPHINX := $(RUN) -m sphinx --fail-on-warning --keep-going --quiet --fresh-env -c docs
docs: $(VENV)/docs
	$(SPHINX) -d build/doctrees/en . build/docs $(ARGS)
	$(SPHINX) -d build/doctrees/zh-CN -t zh-CN . build/docs/zh-CN $(ARGS)
	@echo 'Open build/docs/index.html'

# What docs/reliability.md promises of numbers, threads and faults. ARGS=--every tries every float32.
numbers: $(VENV)/test
	$(RUN) tests/ulps.py $(ARGS)
	$(RUN) -m pytest tests/test_ulp.py tests/test_cancellation.py tests/test_fpmode.py

# The others replace attributes of modules, seed the generator of all, or count references, threads and processor time.
PARALLEL := matmul functions layers more_layers convolution pooling batchnorm optimizers errors
test-parallel: $(VENV)/parallel
	$(RUN) -m pytest --parallel-threads=4 $(PARALLEL:%=tests/test_%.py) $(ARGS)

test-faults: $(VENV)/test
	$(RUN) -m pytest -rP tests/test_faults.py tests/test_io_files.py $(ARGS)

$(VENV)/train: EXTRAS := plot,data,progress
$(VENV)/test: EXTRAS := test
$(VENV)/browser: EXTRAS := browser
$(VENV)/parallel: EXTRAS := parallel
$(VENV)/exchange: EXTRAS := exchange
$(VENV)/bench: EXTRAS := timing
$(VENV)/docs: EXTRAS := docs
$(VENV)/coverage: EXTRAS := coverage
$(VENV)/train $(VENV)/test $(VENV)/browser $(VENV)/parallel $(VENV)/exchange $(VENV)/bench $(VENV)/docs $(VENV)/coverage: $(READY) $(SOURCES)
	@echo 'Building pynn and installing it into $(VENV), with what "make $(@F)" needs'
	@$(INSTALL) --editable '.[$(EXTRAS)]'
	@touch $@

# The oldest scikit-learn that pynn.sklearn takes, with the newest NumPy and SciPy that have wheels, and the newest one; each in a folder
# that goes before .venv.
OLDEST := 1.6.0
test-sklearn: $(VENV)/test
	for version in "==$(OLDEST)" ">=$(OLDEST)"; do \
	    $(INSTALL) --upgrade --target build/sklearn "scikit-learn$$version" && \
	    PYTHONPATH=build/sklearn:. $(VENV)/bin/python -m pytest -W "ignore:Passing a non-Collection" tests/test_sklearn.py $(ARGS) || exit 1; \
	done

test-dask: $(VENV)/dask
	$(RUN) -m pytest -m dask tests/test_dask.py $(ARGS)

$(VENV)/dask: EXTRAS := test,dask
$(VENV)/dask: $(READY) $(SOURCES)
	@echo 'Building pynn and installing it into $(VENV), with what "make test-dask" needs'
	@$(INSTALL) --editable '.[$(EXTRAS)]'
	@touch $@

$(READY):
	@$(MAKE) --no-print-directory prerequisites
	@"$(PYTHON)" -m venv --clear $(VENV)
	@touch $@

# Debian names the packages of python3.12 python3.12-venv and python3.12-dev.
PACKAGE := $(notdir $(PYTHON))
prerequisites:
	@missing=; \
	if [ -n "$(VERSION)" ]; then \
	    "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || missing="$$missing $(PACKAGE)-venv"; \
	    "$(PYTHON)" -c 'import os, sysconfig; os.stat(os.path.join(sysconfig.get_path("include"), "Python.h"))' \
	        2>/dev/null || missing="$$missing $(PACKAGE)-dev"; \
	    cc=$${CC:-$$("$(PYTHON)" -c 'import sysconfig; print(sysconfig.get_config_var("CC") or "cc")')}; \
	else \
	    missing="$(PACKAGE) $(PACKAGE)-venv $(PACKAGE)-dev"; \
	    cc=$${CC:-cc}; \
	fi; \
	echo '#include <stdio.h>' | $$cc -fsyntax-only -x c - 2>/dev/null || missing="$$missing build-essential"; \
	if [ -n "$$missing" ]; then \
	    echo "pynn needs Python with venv and headers, and a C compiler. Install what is missing:"; \
	    echo "    sudo apt-get install" $$missing; \
	    exit 1; \
	fi; \
	"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	    echo "pynn needs Python 3.10 or newer, but $(PYTHON) is $(VERSION); choose another with make PYTHON=python3.12"; \
	    exit 1; \
	}

# Trainings on several ranks, with two MPI libraries, each in an environment of its own; pynn is the one of this folder.
MPI := build/mpi/mpich build/mpi/openmpi
test-mpi: $(VENV)/test $(addsuffix /installed,$(MPI))
	PYNN_MPI="$(abspath $(MPI))" $(RUN) -m pytest -m mpi tests/test_mpi.py $(ARGS)

build/mpi/%/installed: $(READY)
	@echo 'Installing mpi4py and $* into $(@D)'
	@$(VENV)/bin/python -m venv --clear $(@D)
	@PYTHONPATH= $(@D)/bin/python -m pip install --quiet --disable-pip-version-check numpy matplotlib 'mpi4py>=4.1' $*
	@touch $@

# ---- for whoever changes the C; docs/reliability.md says what these show ----

# GCC and Clang with their sanitizers, and clang-tidy.
gcc:
	@command -v gcc >/dev/null || { $(APT) update && $(APT) install --yes --no-install-recommends gcc libc6-dev; }
clang:
	@command -v clang >/dev/null && command -v clang-tidy >/dev/null || \
	    { $(APT) update && $(APT) install --yes --no-install-recommends clang clang-tidy; }

# $(call BUILT,flags) makes a copy of the tree in build/$@ and builds it there with flags of its own, so that every process of
# the tests finds that build. It takes NumPy's headers from .venv: gcovr wants to see those that were compiled.
define BUILT
	rm -rf build/$@ && mkdir -p build/$@
	tar --create --exclude=./build --exclude='./.*' --exclude='*.so' . | tar --extract --directory build/$@
	CC=gcc PYNN_CFLAGS="$(1)" LDFLAGS="$(1)" $(INSTALL) --no-build-isolation --no-deps --target build/$@/build/installed ./build/$@
	mv build/$@/build/installed/pynn/_core*.so build/$@/pynn
	rm -rf build/$@/build/installed build/$@/build/lib*
endef
IN_COPY = cd build/$@ && PYTHONPATH=$(CURDIR)/build/$@ $(CURDIR)/$(VENV)/bin/python

# Matplotlib throws C++ exceptions, which libasan catches only with libstdc++ loaded beside it. What pynn keeps is not measured
# here: libasan itself keeps what is freed. With -O1 GCC takes minutes and gigabytes for a table. The tests load an allocator that
# fails before libasan.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
test-sanitized: $(VENV)/test gcc
	$(call BUILT,-Og -g1 $(SANITIZE))
	export LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libstdc++.so)" \
	    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:verify_asan_link_order=0 PYTHONMALLOC=malloc && \
	$(IN_COPY) tests/every_isa.py --capture=sys \
	    --deselect tests/test_fuzz.py::test_a_few_hundred_calls_of_each_leave_nothing_behind \
	    --deselect tests/test_memory.py::test_what_is_kept_is_bounded \
	    --deselect tests/test_memory.py::test_what_is_kept_of_large_results_is_bounded $(ARGS)

test-tsan: $(VENV)/test gcc
	$(RUN) tests/c_programs.py build/$@ -O0 -g1 -fsanitize=thread

# Threads that count the same branches at once wait for each other: minutes for each convolution, and no branch more. A product on one
# thread looks for an interrupt after so many multiplications, a second of them here. One instruction set will do: a branch of a template
# counts once, and the plain loops, which take an hour so, are compared with under any.
COVERAGE := -O0 --coverage -fprofile-update=atomic -DCOUNT_BRANCHES
coverage: $(VENV)/coverage gcc
	$(call BUILT,$(COVERAGE))
	$(IN_COPY) tests/every_isa.py --best --deselect tests/test_contracts.py::test_threads_call_at_the_same_time \
	    --deselect 'tests/test_interrupt.py::test_a_signal_ends_a_long_call[1-matmul]' $(ARGS)
	$(IN_COPY) tests/c_programs.py build/programs $(COVERAGE)
	mkdir -p build/$@/build/report
	cd build/$@ && $(CURDIR)/$(VENV)/bin/gcovr --txt-metric branch --txt --json build/report/coverage.json
	$(IN_COPY) tests/branches.py build/report/coverage.json

lint: $(VENV)/test gcc clang
	$(RUN) tests/lint.py

# A CPython that is not here is named at the end.
test-versions: $(VENV)/test gcc clang
	$(RUN) tests/versions.py build/versions $(ARGS)

# The whole: make fuzz ARGS="--calls 1000000 --files 100000 --guided 600". Coverage leads where atheris can be had.
FUZZ := cd tests && PYTHONPATH= $(CURDIR)/$(VENV)/bin/python -m
fuzz: $(VENV)/test
	@$(INSTALL) atheris || echo 'make fuzz: atheris cannot be had for this Python; nothing is led by coverage'
	$(FUZZ) fuzz $(ARGS)

test-leaks: $(VENV)/test
	$(FUZZ) fuzz.leaks $(or $(ARGS),100000)
	PYNN_FUZZ=long $(RUN) -m pytest tests/test_fuzz.py -k memory_that_runs_out
# ---- Wheels of every platform, compiled by Zig; docs/building.md ----

CROSS := build/cross/venv
TOOLS := PYTHONPATH= $(CROSS)/bin/python -m
# The project has no page and no mail address to name.
PYROMA := $(TOOLS) pyroma --min=10 --skip-tests=Url,AuthorEmail .
NEEDS = command -v $(1) >/dev/null || { $(APT) update && $(APT) install --yes --no-install-recommends $(2); }

$(CROSS)/ready: tools/requirements.txt
	@"$(PYTHON)" -m venv --clear $(CROSS)
	@$(CROSS)/bin/python -m pip install --quiet --disable-pip-version-check -r tools/requirements.txt
	@touch $@

wheel: $(CROSS)/ready
	$(TOOLS) tools.cross manylinux musllinux
	$(TOOLS) tools.check dist/*linux*_x86_64.whl
	$(PYROMA)

windows: $(CROSS)/ready
	@$(call NEEDS,wine,wine wine64)
	$(TOOLS) tools.cross windows
	$(TOOLS) tools.check dist/*-win_amd64.whl
	$(TOOLS) tools.emulated windows $(ARGS)

aarch64: $(CROSS)/ready
	@$(call NEEDS,qemu-aarch64,qemu-user)
	$(TOOLS) tools.cross aarch64
	$(TOOLS) tools.check dist/*_aarch64.whl
	$(TOOLS) tools.loops aarch64
	$(TOOLS) tools.emulated aarch64 $(ARGS)

macos: $(CROSS)/ready
	$(TOOLS) tools.cross macos-arm64 macos-x86_64
	$(TOOLS) tools.check dist/*-macosx_*.whl
	$(TOOLS) tools.loops macos-arm64 macos-x86_64
	@echo 'These have been compiled and looked at. They have not run.'

wasm: $(CROSS)/ready
	@$(call NEEDS,node,nodejs)
	$(TOOLS) tools.harness wasm

wheels: $(CROSS)/ready
	rm -rf dist
	$(TOOLS) tools.cross manylinux musllinux aarch64 windows macos-arm64 macos-x86_64
	$(TOOLS) build --sdist --no-isolation
	$(TOOLS) tools.check dist/*.whl dist/*.tar.gz
	$(TOOLS) tools.sbom dist/*.whl
	$(PYROMA)

reproducible: $(CROSS)/ready
	$(TOOLS) tools.reproducible manylinux

test-wheel: $(CROSS)/ready
	$(TOOLS) tools.every_python $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .hypothesis pynn/*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
