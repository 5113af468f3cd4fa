# The commands a newcomer needs; Meson and Ninja do the work (tools/build KIND).
.PHONY: all setup demo docs test soak fuzz bench format clean help
.DEFAULT_GOAL := all

all: setup
	@tools/build release
	@echo "built: build/release/entrepot"

setup:
	@tools/setup

demo: all
	@tools/demo

docs: all
	@tools/docs
	@echo "written: docs/reference docs/dictionary.md"

test: setup
	@tools/build asan
	@tools/build release
	@tools/build clang
	@tools/build tsan entrepot tests/test_pipeline tests/test_store_rows
	@/usr/bin/python3 tests/run.py

# The long forms: what they reached is in docs/soak.md. PARTS=n stops after so many parts, SECONDS=n is the time a target.
soak: all
	@tools/build asan
	@tools/soak $(if $(PARTS),--parts $(PARTS))

fuzz: setup
	@tools/fuzz $(or $(SECONDS),60)

# SCALE=rows, ONLY="row row", RUNS=n; at full scale docs/benchmarks.md is written.
bench: all
	@tools/bench $(if $(SCALE),--rows $(SCALE)) $(foreach row,$(ONLY),--only $(row)) $(if $(RUNS),--runs $(RUNS))

format:
	@tools/format
	@echo "formatted: src tests bench"

# build/deps stays: it is fetched, not built.
clean:
	@rm -rf build/release build/asan build/clang build/tsan build/*.log
	@echo "removed: build/release build/asan build/clang build/tsan"

help:
	@echo "make          build the program: build/release/entrepot"
	@echo "make demo     build it and watch it at work on the shipped example"
	@echo "make docs     write the pages of docs/ that the program makes"
	@echo "make test     build with sanitizers, with clang and for release, then run all tests"
	@echo "make soak     300 kills, 200 seeds, each allocation failing, in parts that go on where they were left (PARTS=n: so many now)"
	@echo "make fuzz     fuzz every target, SECONDS=60 each"
	@echo "make bench    measure against what people use, for docs/benchmarks.md (SCALE=rows, ONLY=row, RUNS=n)"
	@echo "make format   format the C files"
	@echo "make clean    remove what was built (fetched libraries stay)"
	@echo
	@echo "tools/build asan tests/test_time && tests/run.py -k test_time    one unit test"
	@echo "tests/run.py -k NAME                                             the suites whose name contains NAME"
