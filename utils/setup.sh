# Sourced by the other scripts: what has to be installed, and the build.
# Debian 12 with its ordinary sources has every package named here.

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$source_dir"

build_packages=(
  cmake ninja-build clang-22 lld-22 g++
  libmlir-22-dev mlir-22-tools llvm-22-dev
  rapidjson-dev libcsv-dev libeigen3-dev liblbfgspp-dev
  libomp-22-dev
)
test_packages=(
  llvm-22-tools libgtest-dev libmpfr-dev clang-format-22
  python3 python3-numpy python3-scipy python3-mpmath
  qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
)

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# Prints those of the given packages that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    if [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) \
          != installed ]]; then
      echo "$package"
    fi
  done
}

# Whether a package has been installed by this run.
installed_packages=false

# Installs what is missing of the given packages; without root, says what.
install_packages() {
  local missing
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    die "this script installs Debian packages, and this is no Debian system;" \
        "see CONTRIBUTING.md for building by hand"
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then
    return
  fi
  if ((EUID != 0)); then
    echo "${0##*/}: these packages are missing; ask for them to be installed:" >&2
    echo "  apt-get install ${missing[*]}" >&2
    exit 1
  fi
  echo "Installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  installed_packages=true
  # A fresh machine has no package lists, an old one may have outdated ones.
  apt-get install -y -q --no-install-recommends "${missing[@]}" \
    >/dev/null 2>&1 && return
  apt-get update -q || die "apt-get update failed"
  apt-get install -y -q --no-install-recommends "${missing[@]}" ||
    die "could not install ${missing[*]}"
}

# build PRESET TARGET...: configures, where that has not been done with all
# packages there are now, and builds.
build() {
  local preset=$1 options=()
  shift
  if command -v ccache >/dev/null; then
    options+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache
              -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  local directory=build
  [[ $preset == release ]] || directory=build-$preset
  if [[ ! -f $directory/build.ninja ]] || $installed_packages; then
    cmake --preset "$preset" "${options[@]}" >"$directory.log" 2>&1 ||
      { cat "$directory.log" >&2; die "configuring failed"; }
    mv "$directory.log" "$directory/configure.log"
  fi
  cmake --build "$directory" --target "$@" || die "the build failed"
}
