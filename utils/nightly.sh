#!/usr/bin/env bash
# What takes too long for each change: the tests under the address and
# undefined-behaviour sanitizers, the same bytes from a release and a debug
# build, clang-tidy over all sources, the references of the examples' fits, the
# gradients of posteriordb's densities, every ELBO against 10^7 draws, a million
# draws of every family and of every gradient estimator, all f32 numbers through
# every function, ten thousand random models, trainings that are killed 20 times
# and on 4 GB of data, ten minutes of fuzzing.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

install_packages "${build_packages[@]}" "${test_packages[@]}" clang-tidy-22 \
  libclang-rt-22-dev
status=0
utils/test.sh || status=1
ASAN_OPTIONS=detect_container_overflow=0:allow_user_poisoning=0 utils/test.sh --preset sanitize ||
  status=1
ASAN_OPTIONS=detect_container_overflow=0:allow_user_poisoning=0 utils/compare-builds.sh build \
  build-sanitize || status=1
utils/check-style.sh --tidy --all || status=1
/usr/bin/python3 utils/truth/references.py --check || status=1
for test in draws vector-draws; do
  PATH=$PWD/build/bin:/usr/lib/llvm-22/bin:$PATH PYTHONPATH=test/Inputs \
    /usr/bin/python3 "test/Dialect/VI/$test.py" 1000000 || status=1
done
PATH=$PWD/build/bin:$PATH VI_BUILD_DIR=$PWD/build PYTHONPATH=test/Inputs \
  /usr/bin/python3 test/Integration/unbiased.py "$(mktemp -d)" 1000000 || status=1
VI_EXHAUSTIVE=1 build/unittests/Special/ViSpecialTests \
  --gtest_also_run_disabled_tests || status=1
VI_SOURCE_DIR=$PWD VI_BUILD_DIR=$PWD/build PYTHONPATH=test/Inputs \
  /usr/bin/python3 utils/truth/gradients.py || status=1
VI_SOURCE_DIR=$PWD VI_BUILD_DIR=$PWD/build PYTHONPATH=test/Inputs \
  /usr/bin/python3 utils/truth/elbos.py || status=1
# Trainings: killed at 20 moments; on 4 GB of data.
training=$(mktemp -d)
for test in "resume 20" "training-data 4096"; do
  read -r name number <<<"$test"
  VI_SOURCE_DIR=$PWD VI_BUILD_DIR=$PWD/build PYTHONPATH=test/Inputs \
    /usr/bin/python3 "test/Integration/$name.py" test/Integration/Inputs/training \
    "$training" "$number" || status=1
done
rm -rf "$training"
VI_SOURCE_DIR=$PWD VI_BUILD_DIR=$PWD/build CC=clang-22 PYTHONPATH=test/Inputs \
  /usr/bin/python3 test/Integration/random-models.py "$(mktemp -d)" 7 10000 ||
  status=1
utils/fuzz.sh 600 || status=1
exit "$status"
