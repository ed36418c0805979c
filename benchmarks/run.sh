#!/usr/bin/env bash
# Measures compiled ELBO gradients side by side with other systems.
#
#   benchmarks/run.sh [--workload=N,...] [--peer=NAME,...] [--quick] [--resume]
#                     [--budget=MINUTES]
#
# Writes benchmarks/results.json, docs/Benchmarks.md and docs/benchmarks.svg;
# with --quick (small data, short times) into build/benchmarks/quick/ instead.
# Peers: jax, pytorch, stan, numpyro, pymc; those that are not installed (see
# install-peers.sh) are rows with an error. The tools are those of build/bin, or
# of $VI_BUILD_DIR/bin.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export VI_BUILD_DIR=${VI_BUILD_DIR:-$PWD/build}
export VI_PEERS=${VI_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/vi-mlir/peers}
python=$VI_PEERS/bin/python
[[ -x $python ]] || python=python3
exec "$python" benchmarks/run.py "$@"
