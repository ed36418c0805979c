# RUN: %python %s %t vi-opt %examples
"""Reads the assembly of the examples' gradients: their hot loops call no
function, and products of matrices and vectors stay in registers.

Hot are the innermost loops that compute with vectors of reals: where there is
data, nearly all time is spent there. Calls (a logarithm of the C library, say)
in them would cost more than the work itself. A short loop is one that
vi-vectorize has shaped for the registers, or a small program of a member: there
is no vector put away in it. (A long program of a member, unrolled quadrature for
one, has more values than there are registers; and a constant that is kept in
memory, there or on the stack, costs nothing.) The assembly's comments say what is
a spill; `(%rsp)` alone may be an array."""

import pathlib
import re
import subprocess
import sys

# Whole vectors: members that do not fill one are done one by one, in others.
PROCESSORS = {"x86-64-v3": "ymm", "x86-64-v4": "[yz]mm"}
# The sums of one member's program alone fill AVX2's 16 registers: the gradient in
# kidiq_interaction has eleven vectors of sums and keeps one of them in memory.
SPILLS = {("kidiq_interaction", "x86-64-v3")}
# Instructions of a short loop.
SHORT = 60
# Arithmetic on vectors of reals.
VECTOR = re.compile(r"\tv?f?n?m?(add|sub|mul|div|fn?m(add|sub)\d+|sqrt)p[sd]\t")


def functions(text):
    """The lines of each function by its name."""
    for name, body in re.findall(
            r"^([A-Za-z_][\w.]*):[^\n]*\n(.*?)^\.Lfunc_end", text, re.M | re.S):
        yield name, body.splitlines()


def innermost_loops(lines):
    """Lines between a label and a jump back to it, that hold no such others."""
    labels, loops = {}, {}
    for i, line in enumerate(lines):
        if label := re.match(r"(\.LBB\w+):", line):
            labels[label[1]] = i
        if jump := re.match(r"\tj\w+\t(\.LBB\w+)", line):
            begin = labels.get(jump[1])
            if begin is not None:
                loops[begin] = i
    ranges = sorted(loops.items())
    return [(a, b) for a, b in ranges
            if not any((c, d) != (a, b) and a <= c and d <= b
                       for c, d in ranges)]


def check(lines, registers):
    """What is wrong with each hot loop, and how many there are."""
    problems, hot = [], 0
    for begin, end in innermost_loops(lines):
        loop = lines[begin:end + 1]
        if not any(VECTOR.match(line) for line in loop):
            continue
        hot += 1
        for line in loop:
            # The loop over chunks of members calls their program.
            if re.match(r"\tcallq?\t(?!\w+_elbo_gradient\.)", line):
                problems.append(line.strip())
            if len(loop) <= SHORT and re.search(
                    rf"%{registers}\d+,.*Spill", line):
                problems.append(line.strip())
    return problems, hot


# The test can fail.
BAD = """f:
.LBB0_1:
\tvaddpd\t%zmm1, %zmm2, %zmm3
\tvmovups\t%zmm3, 64(%rsp)  # 64-byte Spill
\tcallq\tlog@PLT
\tjne\t.LBB0_1
.Lfunc_end0:
"""
[(_, bad)] = functions(BAD)
assert len(check(bad, "[yz]mm")[0]) == 2, check(bad, "[yz]mm")


def main(prefix, tool, examples):
    models = sorted(pathlib.Path(examples).glob("*/model.mlir"))
    assert len(models) > 10, models
    failed = []
    for model in models:
        for cpu, registers in PROCESSORS.items():
            text = subprocess.run(
                [tool, str(model), "--emit=asm", "--hessian=false",
                 "--mtriple=x86_64-linux-gnu", f"--mcpu={cpu}"], check=True,
                capture_output=True, text=True).stdout
            total = 0
            for name, lines in functions(text):
                # Itself, or the program of a chunk of a plate's members.
                if "_elbo_gradient" not in name:
                    continue
                problems, hot = check(lines, registers)
                total += hot
                failed += [f"{model.parent.name}, {cpu}, {name}: {p}"
                           for p in problems if "Spill" not in p
                           or (model.parent.name, cpu) not in SPILLS]
            assert total, f"{model}, {cpu}: no loop on vectors"
    print("\n".join(failed))
    assert not failed


main(*sys.argv[1:])
