# Configuration of lit for the tests of vi-mlir; see docs/Testing.md.
import os
import shutil
import subprocess

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "vi"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".py"]
config.excludes = ["Inputs", "lit.cfg.py"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.vi_build_root, "test")

# Tools: ours from this build, LLVM's from its package, never from PATH.
tools_dir = os.path.join(config.vi_build_root, "bin")
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
llvm_config.with_environment("PATH", tools_dir, append_path=True)
tools = ["vi-opt", "vi-fit", "vi-lsp-server"]
llvm_tools = ["FileCheck", "not", "count", "split-file", "mlir-opt",
              "mlir-runner", "mlir-tblgen", "llvm-nm", "llvm-objdump",
              "llvm-readelf", "lld"]
llvm_config.add_tool_substitutions(
    [ToolSubst(tool, unresolved="ignore") for tool in tools], [tools_dir])
llvm_config.add_tool_substitutions(
    [ToolSubst(tool, unresolved="ignore") for tool in llvm_tools],
    [config.llvm_tools_dir])

# The tests in Python find their helper modules in test/Inputs.
config.environment["PYTHONPATH"] = os.path.join(
    config.test_source_root, "Inputs")
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions += [
    ("%python", config.vi_python),
    ("%cmake", config.vi_cmake),
    ("%clangxx", config.vi_cxx_compiler),
    ("%clang", config.vi_c_compiler),
    ("%sanitize_flags", "-fsanitize=" + config.vi_sanitize
     if config.vi_sanitize else ""),
    ("%vi_source", config.vi_source_root),
    ("%vi_build", config.vi_build_root),
    ("%examples", os.path.join(config.vi_source_root, "examples")),
]
config.environment["VI_SOURCE_DIR"] = config.vi_source_root
config.environment["VI_BUILD_DIR"] = config.vi_build_root
config.environment["CC"] = config.vi_c_compiler

# posteriordb's data and reference moments, kept beside the source.
posteriordb = config.vi_posteriordb or os.path.join(
    config.vi_source_root, os.pardir, "shared", "data", "posteriordb")
posteriordb = os.path.normpath(posteriordb)
if os.path.isdir(os.path.join(posteriordb, "data")):
    config.available_features.add("posteriordb")
    config.substitutions.append(("%posteriordb", posteriordb))
    config.environment["VI_POSTERIORDB"] = posteriordb
else:
    lit_config.note("no posteriordb at %s: the tests that compare with it are "
                    "unsupported" % posteriordb)


# Modules of the interpreter that the tests in Python run with.
def has_module(name):
    return subprocess.run([config.vi_python, "-c", "import " + name],
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


for module, feature in (("numpy", "numpy"), ("scipy", "scipy"),
                        ("mpmath", "mpmath"), ("sklearn", "sklearn"),
                        ("matplotlib", "matplotlib"), ("arviz", "arviz")):
    if has_module(module):
        config.available_features.add(feature)

# AArch64 objects run under qemu, with the libraries of Debian's cross packages.
qemu = shutil.which("qemu-aarch64")
sysroot = "/usr/aarch64-linux-gnu"
if qemu and os.path.exists(os.path.join(sysroot, "lib", "libc.so.6")):
    config.available_features.add("qemu-aarch64")
    config.substitutions.append(("%qemu_aarch64", qemu + " -L " + sysroot))
    config.substitutions.append(("%sysroot_aarch64", sysroot))

if os.path.exists(os.path.join(config.llvm_tools_dir, "clang-format")):
    config.available_features.add("clang-format")

for tool in tools:
    if os.path.exists(os.path.join(tools_dir, tool)):
        config.available_features.add(tool)
if config.vi_sanitize:
    config.available_features.add("sanitizer")
if config.vi_build_type == "Release":
    config.available_features.add("release")
