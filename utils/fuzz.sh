#!/usr/bin/env bash
# Fuzzes the parser and the passes, from the tests and examples as the corpus,
# and the readers of data files.
#
#   utils/fuzz.sh [SECONDS] [libFuzzer option...]      (600 seconds unless told)
#
# A sixth of the time is for the readers.
#
# Builds vi-fuzz into build-fuzz/ with the address and undefined-behaviour
# sanitizers. What it finds is left in build-fuzz/finds/; the exit status is 1
# where there is something. To look at a find:
#   build-fuzz/bin/vi-fuzz FILE
#   build-fuzz/bin/vi-fuzz -minimize_crash=1 -runs=10000 FILE
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

seconds=${1:-600}
(($# == 0)) || shift

install_packages "${build_packages[@]}" libclang-rt-22-dev
build fuzz vi-fuzz vi-fuzz-data vi-opt vi-doc-generated

corpus=build-fuzz/corpus
seeds=build-fuzz/seeds
finds=build-fuzz/finds
mkdir -p "$corpus" "$finds"
rm -rf "$seeds"
/usr/bin/python3 - "$seeds" <<'PYTHON'
import pathlib
import re
import sys

seeds = pathlib.Path(sys.argv[1])
seeds.mkdir(parents=True)
words = set()
number = 0
for root in ("test", "examples"):
    for path in sorted(pathlib.Path(root).rglob("*.mlir")):
        for part in path.read_text().split("// -----"):
            lines = [l for l in part.splitlines()
                     if not l.lstrip().startswith("//")]
            text = "\n".join(l for l in lines if l.strip()) + "\n"
            if text.strip():
                (seeds / f"{path.stem}-{number}.mlir").write_text(text)
                number += 1
            words.update(re.findall(r"\b(?:vi|special|rng|tensor|linalg|scf|"
                                    r"arith|math)\.\w+", text))
for path in pathlib.Path("include/vi").rglob("*.td"):
    for dialect, name in re.findall(r'\b(VI|Special|RNG)_\w*(?:Op|Family)\w*'
                                    r'<"(\w+)"', path.read_text()):
        words.add(f"{dialect.lower()}.{name}")
with open(seeds.parent / "dictionary", "w") as file:
    for word in sorted(words):
        file.write(f'"{word}"\n')
print(f"{number} seeds, {len(words)} words")
PYTHON
ASAN_OPTIONS=detect_leaks=0:detect_container_overflow=0:allow_user_poisoning=0 \
  /usr/bin/python3 test/Documentation/examples.py build-fuzz/bin/vi-opt \
  build-fuzz/docs/generated "$seeds"

# Only our code is instrumented, LLVM's libraries are not: the size of a vector
# that both of them change cannot be followed, nor can the memory that their
# allocators share.
export ASAN_OPTIONS="detect_container_overflow=0:allow_user_poisoning=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
options=(-max_len=8192 -timeout=20 -rss_limit_mb=4096
         -artifact_prefix="$finds/" -print_final_stats=1 "$@")
status=0
build-fuzz/bin/vi-fuzz -max_total_time=$((seconds * 5 / 6)) "${options[@]}" \
  -dict=build-fuzz/dictionary "$corpus" "$seeds" || status=1
mkdir -p build-fuzz/corpus-data
build-fuzz/bin/vi-fuzz-data -max_total_time=$((seconds / 6)) "${options[@]}" \
  build-fuzz/corpus-data || status=1
((status == 0)) || echo "finds are in $finds"
exit "$status"
