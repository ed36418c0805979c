#!/usr/bin/env bash
# Checks the sources' style with the tools of LLVM 22.
#
#   utils/check-style.sh                    formatting of all sources (seconds)
#   utils/check-style.sh --fix              the same, corrected in place
#   utils/check-style.sh --tidy [FILE...]   clang-tidy: the files given, else
#                                           those changed since origin/main
#   utils/check-style.sh --tidy --all       clang-tidy over all (minutes)
#
# clang-tidy takes its commands from build/ (--build-dir DIR for another one).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

llvm=/usr/lib/llvm-22/bin
mode=format
all=false
directory=build
files=()
while (($#)); do
  case $1 in
    --fix) mode=fix ;;
    --tidy) mode=tidy ;;
    --all) all=true ;;
    --build-dir) directory=${2:?--build-dir needs a directory}; shift ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    -*) echo "check-style.sh: unknown option '$1'" >&2; exit 2 ;;
    *) files+=("$1") ;;
  esac
  shift
done

find_tool() {
  local candidate
  for candidate in "$1-22" "$llvm/$1"; do
    if command -v "$candidate"; then
      return
    fi
  done
  echo "check-style.sh: no $1-22; install the package of that name" >&2
  exit 2
}

# A source tree that is no checkout (an archive) is searched.
list_sources() {
  local directories=()
  for candidate in include lib tools unittests examples test benchmarks; do
    if [[ -d $candidate ]]; then
      directories+=("$candidate")
    fi
  done
  find "${directories[@]}" -type f \
    \( -name '*.h' -o -name '*.cpp' -o -name '*.c' \) | sort
}

if [[ $mode != tidy ]]; then
  ((${#files[@]})) || mapfile -t files < <(list_sources)
  ((${#files[@]})) || exit 0
  format=$(find_tool clang-format)
  if [[ $mode == fix ]]; then
    "$format" -i "${files[@]}"
  else
    "$format" --dry-run --Werror "${files[@]}"
  fi
  exit
fi

tidy=$(find_tool clang-tidy)
if [[ ! -f $directory/compile_commands.json ]]; then
  echo "check-style.sh: no $directory/compile_commands.json; build first" >&2
  exit 2
fi
if ((${#files[@]} == 0)); then
  if $all; then
    mapfile -t files < <(list_sources | grep '\.cpp$')
  else
    base=$(git merge-base HEAD origin/main 2>/dev/null || git rev-parse HEAD)
    mapfile -t files < <(git diff --name-only --diff-filter=d "$base" -- \
                           '*.cpp' | sort)
  fi
fi
# Only what the build knows how to compile.
known=$(grep -o '"file": *"[^"]*"' "$directory/compile_commands.json" |
        sed 's/.*: *"//;s/"$//')
selected=()
for file in "${files[@]}"; do
  if grep -qxF "$PWD/${file#"$PWD"/}" <<<"$known"; then
    selected+=("$file")
  fi
done
((${#selected[@]})) || { echo "check-style.sh: nothing to check"; exit 0; }
printf '%s\0' "${selected[@]}" |
  xargs -0 -n 1 -P "$(nproc)" "$tidy" -p "$directory" --quiet
