#!/usr/bin/env bash
# Installs what run.sh compares with: JAX, PyTorch, NumPyro and PyMC from PyPI
# into a virtual environment outside the repository, $VI_PEERS or
# ~/.cache/vi-mlir/peers (about 7 GB: PyPI's PyTorch for Linux brings its CUDA
# libraries, which are not used), RStan from Debian. Nothing of it is needed to
# build or to test the project. A second run installs nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source utils/setup.sh

export VI_PEERS=${VI_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/vi-mlir/peers}
install_packages python3-venv g++ clang-22 \
  r-cran-rstan r-cran-bh r-cran-rcppeigen r-cran-rcppparallel libboost-dev
[[ -x $VI_PEERS/bin/python ]] || /usr/bin/python3 -m venv "$VI_PEERS"
"$VI_PEERS/bin/pip" install --quiet --disable-pip-version-check \
  numpy scipy jax torch numpyro pymc matplotlib
# Stan's models, so that a run needs no minutes for them.
cd benchmarks
"$VI_PEERS/bin/python" -c "import peers.stan; peers.stan.compile_all()"
