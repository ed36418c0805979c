#!/usr/bin/env bash
# Compares what vi-fit of two builds writes for the same seed: draws.csv must
# have the same bytes for every example, by both optimizers.
#
#   utils/compare-builds.sh BUILD BUILD
#
# Both run on the same processor, so that both compile for it (--mcpu). The exit
# status is 1 where a file differs.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

(($# == 2)) || die "usage: utils/compare-builds.sh BUILD BUILD"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0

# compare NAME vi-fit's arguments...
compare() {
  local name=$1 build number=0
  shift
  for build in "${builds[@]}"; do
    number=$((number + 1))
    # 3: finished without converging.
    "$build/bin/vi-fit" "$@" --quiet --seed 7 --draws 100 \
      --output "$scratch/$number" || (($? == 3)) ||
      die "$build/bin/vi-fit fails on $name"
  done
  if cmp -s "$scratch/1/draws.csv" "$scratch/2/draws.csv"; then
    echo "same bytes: $name"
  else
    echo "draws.csv differs: $name"
    status=1
  fi
}

builds=("$1" "$2")
for model in examples/*/model.mlir; do
  directory=${model%/model.mlir}
  name=${directory#examples/}
  data=
  for file in "$directory"/data.{json,csv,npy}; do
    [[ ! -f $file ]] || data=$file
  done
  # A program of functions alone has nothing to fit.
  [[ -n $data ]] || continue
  # The argument of a file without names.
  [[ $data != *.npy ]] || data=x=$data
  if [[ $data == *.npy ]]; then
    compare "$name" "$model" --data "$data" --batch-size 100 --iterations 50
    continue
  fi
  compare "$name" "$model" --data "$data"
  compare "$name, minibatches" "$model" --data "$data" --batch-size 50 \
    --iterations 300
done
exit "$status"
