# Texts on which MLIR's parser ends by a crash are errors at their place, in
# each tool that reads a module, and what is close to them is accepted.
#
# REQUIRES: vi-fit
# RUN: rm -rf %t && mkdir -p %t
# RUN: %python %s vi-opt vi-fit %t
import pathlib
import subprocess
import sys

VI_OPT, VI_FIT, ROOT = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
DEPTH = 256


def attribute(text):
    return "module attributes {a.b = " + text + "} {}\n"


def aliases(count):
    return ("#a0 = 1\n"
            + "".join(f"#a{i} = [#a{i - 1}]\n" for i in range(1, count))
            + attribute(f"#a{count - 1}"))


def affine(expression):
    return attribute(f"affine_map<(d0) -> ({expression})>")


INDEX = "a dense array cannot have elements of type 'index'"
DEEP = f"nested more than {DEPTH} deep"
REFUSED = {
    "index": (attribute("array<index: 0>"), "1:32", INDEX),
    "no_elements": (attribute("array<index>"), "1:32", INDEX),
    "alias": ("!i = index\n!j = !i\n" + attribute("array<!j: 0>"), "3:32",
              INDEX),
    "lists": (attribute("[" * 100000 + "]" * 100000), f"1:{25 + DEPTH}", DEEP),
    "types": ("func.func private @f(" + "tuple<" * 100000, None, DEEP),
    "regions": ("scf.if %c {\n" * 100000, f"{DEPTH + 1}:11", DEEP),
    "names": (aliases(20000), None, DEEP),
    "minus": (affine("- " * 100000 + "d0"), "1:26",
              "an affine_map of more than 4096 tokens"),
    "sum": (affine("d0" + " + d0" * 100000), "1:26",
            "an affine_map of more than 4096 tokens"),
}
ACCEPTED = {
    "array": attribute("array<i64: 0>"),
    "comment": "// array<index: 0> " + "[" * 1000 + "\nmodule {}\n",
    "string": attribute('"array<index: 0> \\" ' + "[" * 1000 + '"'),
    "memref": "func.func private @f(memref<4xindex>, vector<4xindex>)\n",
    "lists": attribute("[" * (DEPTH - 1) + "]" * (DEPTH - 1)),
    # Arrows and comparisons are not brackets.
    "arrows": "func.func private @f(f64) -> f64\n" + "".join(
        f"func.func private @f{i}(f64) -> (f64, f64)\n" for i in range(1000)),
    "constraints": "".join(
        f"#s{i} = affine_set<(d0) : (d0 - {i} >= 0, d0 <= 9)>\n"
        for i in range(1000)) + attribute("#s999"),
    "names": aliases(200),
    # A name that many lines use is not deeper for that.
    "uses": "#a = [[1]]\nmodule {\n" + "".join(
        f"func.func private @f{i}() attributes {{a.b = [#a]}}\n"
        for i in range(1000)) + "}\n",
}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


for name, (text, place, message) in REFUSED.items():
    path = ROOT / f"{name}.mlir"
    path.write_text(text)
    for command in ((VI_OPT, path), (VI_OPT, "--emit=mlir", path),
                    (VI_FIT, path),
                    (VI_OPT, "--emit=mlir", "--include", path, ROOT / "ok")):
        (ROOT / "ok").write_text("module {}\n")
        result = run(*command)
        assert result.returncode == 1, (name, command, result.returncode)
        expected = f"{path}:{place}: error: {message}" if place else message
        assert expected in result.stderr, (name, command, result.stderr[:500])
for name, text in ACCEPTED.items():
    path = ROOT / f"accepted_{name}.mlir"
    path.write_text(text)
    result = run(VI_OPT, path)
    assert result.returncode == 0, (name, result.stderr[:500])
print("OK")
