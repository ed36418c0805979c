#!/usr/bin/env bash
# From a fresh Debian 12 to a fitted posterior: installs what is missing,
# builds the tools into build/bin, and fits a model on real data.
# A second run installs nothing and builds nothing.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

install_packages "${build_packages[@]}"
build release vi-opt vi-fit

example=examples/kidiq_momiq
command=(build/bin/vi-fit "$example/model.mlir" --data "$example/data.csv")
echo "+ ${command[*]}"
"${command[@]}"
