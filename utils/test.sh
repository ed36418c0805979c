#!/usr/bin/env bash
# Installs what is missing, builds everything, and runs all tests.
#
#   utils/test.sh [--preset release|debug|sanitize] [lit option...]
#
# The last line is "N passed, N failed, N skipped"; the exit status is 1 where
# a test fails. docs/Testing.md says what is tested, and how to run a part.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

preset=release
if [[ ${1-} == --preset ]]; then
  preset=${2:?--preset needs a name}
  shift 2
fi
directory=build
[[ $preset == release ]] || directory=build-$preset

install_packages "${build_packages[@]}" "${test_packages[@]}"
build "$preset" all vi-test-depends

results=$directory/test-results.json
rm -f "$results"
status=0
/usr/lib/llvm-22/bin/lit -sv --no-progress-bar -o "$results" "$@" \
  "$directory/test" || status=$?
[[ -f $results ]] || die "lit left no results"
/usr/bin/python3 - "$results" "$status" <<'PYTHON'
import collections
import json
import sys

results, status = sys.argv[1], int(sys.argv[2])
with open(results) as file:
    codes = collections.Counter(t["code"] for t in json.load(file)["tests"])
passed = sum(codes[c] for c in ("PASS", "FLAKYPASS", "XFAIL"))
skipped = sum(codes[c] for c in ("UNSUPPORTED", "SKIPPED", "EXCLUDED"))
failed = sum(codes.values()) - passed - skipped
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed or status else 0)
PYTHON
