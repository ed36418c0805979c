#!/usr/bin/env bash
# Fits every posterior of posteriordb that there are reference draws of, and says
# how far means and standard deviations are off.
#
#   utils/accuracy.sh [--posteriordb DIR] [--jobs N] [POSTERIOR...]
#
# Writes docs/accuracy.json and docs/Accuracy.md; with names of posteriors prints
# their rows and writes nothing. DIR has the folders data and reference; without
# the option, it is $VI_POSTERIORDB or ../shared/data/posteriordb. The tool is
# that of $VI_BUILD_DIR/bin, which is built first where the variable is not set.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

if [[ -z ${VI_BUILD_DIR-} ]]; then
  install_packages "${build_packages[@]}" "${test_packages[@]}"
  build release vi-fit
  export VI_BUILD_DIR=$PWD/build
fi
export VI_SOURCE_DIR=$PWD
export PYTHONDONTWRITEBYTECODE=1
PYTHONPATH=utils/truth:test/Inputs exec /usr/bin/python3 \
  utils/truth/accuracy.py "$@"
