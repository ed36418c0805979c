# RUN: %python %s %t vi-opt
"""Runs computations of many shapes, vectorized for each processor that this one
can stand in for, and compares with NumPy.

The data are small whole numbers, whose sums are exact in any order: what is
compared is compared bit for bit."""

import ctypes as c
import itertools
import subprocess
import sys

import numpy as np

DIMS = "nmk"
rng = np.random.default_rng(7)


class Case:
    """A linalg.generic over the dimensions `dims`. Operands are written by the
    dimensions that they have, the output last. `body` is text over the block
    arguments %a0, %a1, ... and %out that defines %y; `reference` computes the
    output from arrays broadcast to all dimensions, and `reduce` is how it goes
    over those that the output lacks."""

    def __init__(self, name, dims, operands, types, body, reference,
                 reduce=np.add, out_type=None, accumulates=True, data=None):
        self.name, self.dims, self.operands = name, dims, operands
        self.types, self.body, self.reference = types, body, reference
        self.out_type = out_type or types[0]
        self.reduce, self.accumulates, self.data = reduce, accumulates, data


NUMPY = {"f32": np.float32, "f64": np.float64, "i32": np.int32,
         "i64": np.int64}


def product(t):
    return f"""%p = arith.mulf %a0, %a1 fastmath<contract> : {t}
      %y = arith.addf %out, %p fastmath<contract> : {t}"""


def guarded(t):
    return f"""%z = arith.constant 0.0 : {t}
      %c = arith.cmpf une, %a0, %z : {t}
      %q = arith.mulf %a0, %a1 fastmath<contract> : {t}
      %p = arith.select %c, %q, %z : {t}
      %y = arith.addf %out, %p fastmath<contract> : {t}"""


def with_infinities(arrays):
    g, x = arrays
    zero = rng.random(g.shape) < 0.5
    g[zero] = 0
    if g.shape == x.shape:
        x[zero] = np.nan


def times(a, b):
    return a * b


def guarded_times(a, b):
    with np.errstate(invalid="ignore"):
        return np.where(a != 0, a * b, 0)


CASES = []
for t in ("f32", "f64"):
    CASES += [
        Case("row_dots", "nk", ["nk", "k", "n"], [t] * 2, product(t), times),
        Case("weighted_rows", "kn", ["kn", "k", "n"], [t] * 2, product(t),
             times),
        Case("matrix_nn", "nmk", ["nk", "km", "nm"], [t] * 2, product(t),
             times),
        Case("matrix_nt", "nmk", ["nk", "mk", "nm"], [t] * 2, product(t),
             times),
        Case("matrix_tn", "nmk", ["kn", "km", "nm"], [t] * 2, product(t),
             times),
        Case("guarded_rows", "kn", ["k", "kn", "n"], [t] * 2, guarded(t),
             guarded_times),
        Case("guarded_dot", "k", ["k", "k", ""], [t] * 2, guarded(t),
             guarded_times, data=with_infinities),
        Case("dot", "k", ["k", "k", ""], [t] * 2, product(t), times),
        Case("sum_all", "nk", ["nk", "n", ""], [t] * 2, product(t), times),
        Case("largest", "nk", ["nk", "k", "n"], [t] * 2,
             f"""%p = arith.addf %a0, %a1 : {t}
      %y = arith.maximumf %out, %p : {t}""", lambda a, b: a + b, np.maximum),
        Case("elementwise", "nm", ["nm", "n", "m", "nm"], [t] * 3,
             f"""%p = arith.mulf %a0, %a1 : {t}
      %y = arith.subf %p, %a2 : {t}""", lambda a, b, d: a * b - d,
             accumulates=False),
        Case("update", "n", ["n", "n"], [t],
             f"%y = arith.subf %a0, %out : {t}", lambda a, o: a - o,
             reduce=None),
        Case("transpose", "nm", ["mn", "nm"], [t],
             "%y = arith.addf %a0, %a0 : " + t, lambda a: 2 * a,
             accumulates=False),
        # Subtraction from what came before cannot be reordered.
        Case("alternate", "k", ["k", ""], [t],
             f"%y = arith.subf %a0, %out : {t}", None),
    ]
CASES += [
    Case("wide_sums", "nk", ["nk", "k", "n"], ["f32", "f64"],
         """%e = arith.extf %a0 : f32 to f64
      %p = arith.mulf %e, %a1 fastmath<contract> : f64
      %y = arith.addf %out, %p fastmath<contract> : f64""", times,
         out_type="f64"),
    Case("wide_columns", "kn", ["kn", "k", "n"], ["f32", "f64"],
         """%e = arith.extf %a0 : f32 to f64
      %p = arith.mulf %e, %a1 fastmath<contract> : f64
      %y = arith.addf %out, %p fastmath<contract> : f64""", times,
         out_type="f64"),
    Case("counts", "nk", ["nk", "n"], ["i32"],
         "%y = arith.addi %out, %a0 : i32", lambda a: a),
    Case("mixed", "nm", ["nm", "m", "nm"], ["i32", "f64"],
         """%e = arith.sitofp %a0 : i32 to f64
      %y = arith.addf %e, %a1 : f64""", lambda a, b: a + b, out_type="f64",
         accumulates=False),
    Case("positions", "nm", ["nm", "nm"], ["f64"],
         """%i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %s = arith.addi %i, %j : index
      %b = arith.index_cast %s : index to i64
      %f = arith.sitofp %b : i64 to f64
      %y = arith.addf %f, %a0 : f64""",
         lambda a: a + np.add.outer(np.arange(a.shape[0]),
                                    np.arange(a.shape[1])),
         accumulates=False),
    Case("triangle", "nm", ["nm", "nm"], ["f64"],
         """%i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %b = arith.cmpi ule, %j, %i : index
      %z = arith.constant 0.0 : f64
      %y = arith.select %b, %a0, %z : f64""", lambda a: np.tril(a),
         accumulates=False),
]


def tensor(dims, sizes, t, pad=0):
    return "tensor<" + "".join(
        f"{sizes[d] + pad if sizes else '?'}x" for d in dims) + t + ">"


def write(case, symbol, sizes):
    """The function of a case: operands are slices, with a margin of one on each
    side, of the arguments; so is the output."""
    types = case.types + [case.out_type]
    lines, arguments, slices = [], [], []
    sized = {}
    for i, (dims, t) in enumerate(zip(case.operands, types)):
        arguments.append(f"%o{i}: {tensor(dims, sizes, t, 2)}")
        if not dims:
            slices.append(f"%o{i}")
            continue
        names = []
        for j, d in enumerate(dims):
            if sizes:
                names.append(str(sizes[d]))
                continue
            if d not in sized:
                sized[d] = f"%size_{d}"
                lines += [f"%at_{d} = arith.constant {j} : index",
                          f"%all_{d} = tensor.dim %o{i}, %at_{d} : "
                          + tensor(dims, sizes, t),
                          f"%size_{d} = arith.subi %all_{d}, %c2 : index"]
            names.append(sized[d])
        ones = ", ".join("1" for _ in dims)
        lines.append(
            f"%s{i} = tensor.extract_slice %o{i}[{ones}] "
            f"[{', '.join(names)}] [{ones}] : {tensor(dims, sizes, t, 2)} to "
            + tensor(dims, sizes, t))
        slices.append(f"%s{i}")
        if i + 1 == len(types):
            place = f"[{ones}] [{', '.join(names)}] [{ones}]"
    out = case.operands[-1]
    maps = ", ".join(
        f"affine_map<({', '.join(case.dims)}) -> ({', '.join(o)})>"
        for o in case.operands)
    kinds = ", ".join('"parallel"' if d in out else '"reduction"'
                      for d in case.dims)
    operand_types = [tensor(o, sizes, t)
                     for o, t in zip(case.operands, types)]
    block = ", ".join([f"%a{i}: {t}" for i, t in enumerate(case.types)]
                      + [f"%out: {case.out_type}"])
    text = "\n    ".join(["%c2 = arith.constant 2 : index"] + lines)
    small, whole = operand_types[-1], tensor(out, sizes, case.out_type, 2)
    end = (f"%r = tensor.insert_slice %y into %o{len(types) - 1}{place} : "
           f"{small} into {whole}\n    return %r : {whole}" if out else
           f"return %y : {small}")
    return f"""  func.func @{symbol}({', '.join(arguments)}) -> {whole}
      attributes {{vi.export}} {{
    {text}
    %y = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}}
        ins({', '.join(slices[:-1])} : {', '.join(operand_types[:-1])})
        outs({slices[-1]} : {small}) {{
    ^bb0({block}):
      {case.body}
      linalg.yield %y : {case.out_type}
    }} -> {small}
    {end}
  }}
"""


def expand(array, dims, all_dims):
    order = sorted(range(len(dims)), key=lambda i: all_dims.index(dims[i]))
    array = array.transpose(order)
    return array[tuple(slice(None) if d in dims else None for d in all_dims)]


def check(library, case, symbol, sizes):
    types = case.types + [case.out_type]
    wholes, inner = [], []
    for dims, t in zip(case.operands, types):
        whole = rng.integers(-4, 5, [sizes[d] + 2 for d in dims])
        whole = np.array(whole).astype(NUMPY[t])
        wholes.append(whole)
        inner.append(whole[tuple(slice(1, 1 + sizes[d]) for d in dims)])
    if case.data:
        case.data(inner[:-1])
    arguments = []
    for whole in wholes:
        arguments.append(whole.ctypes.data_as(c.c_void_p))
        arguments += [c.c_int64(n) for n in whole.shape]
    result = np.full_like(wholes[-1], 77)
    arguments.append(result.ctypes.data_as(c.c_void_p))
    getattr(library, symbol)(*arguments)

    expected = wholes[-1].copy()
    out = case.operands[-1]
    region = tuple(slice(1, 1 + sizes[d]) for d in out)
    full = [expand(a, o, case.dims)
            for a, o in zip(inner[:-1], case.operands)]
    if case.reference is None:  # Alternating sum.
        value = expected[region]
        for element in inner[0]:
            value = element - value
    elif case.reduce is None:
        value = case.reference(*full, inner[-1])
    else:
        value = np.broadcast_to(case.reference(*full),
                                [sizes[d] for d in case.dims])
        axes = tuple(i for i, d in enumerate(case.dims) if d not in out)
        for axis in reversed(axes):
            if case.reduce is np.maximum and value.shape[axis] == 0:
                value = np.full(value.shape[:axis] + value.shape[axis + 1:],
                                -np.inf)
            else:
                value = case.reduce.reduce(value, axis=axis)
        kept = "".join(d for d in case.dims if d in out)
        value = value.transpose([kept.index(d) for d in out])
        if case.accumulates:
            value = case.reduce(inner[-1], value)
    expected[region] = value
    assert np.array_equal(result, expected), (
        symbol, sizes, result, expected)


def choose_sizes(case, count, least):
    """Sizes around multiples of vectors and blocks."""
    pool = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 24, 31, 32, 33,
            40, 47, 50, 63, 64, 65, 100]
    pool = [n for n in pool if n >= least]
    for _ in range(count):
        yield {d: int(rng.choice(pool)) for d in case.dims}


def has_cpu(flags):
    with open("/proc/cpuinfo") as file:
        words = set(file.read().split())
    return all(flag in words for flag in flags)


def main(prefix, tool):
    machine = __import__("platform").machine()
    processors = [["--mcpu=native"]]
    if machine == "x86_64":
        processors += [["--mcpu=x86-64"]]
        if has_cpu(["avx2", "fma"]):
            processors += [["--mcpu=x86-64-v3"]]
        if has_cpu(["avx512f", "avx512bw", "avx512dq", "avx512vl"]):
            processors += [["--mcpu=x86-64-v4"]]
    functions, jobs = [], []
    for number, case in enumerate(CASES):
        symbol = f"{case.name}_{case.types[0]}_{number}"
        functions.append(write(case, symbol, None))
        for sizes in choose_sizes(case, 30, 0):
            jobs.append((case, symbol, sizes))
        static = list(choose_sizes(case, 4, 1))
        if len(case.dims) == 3 and "f64" in case.types:
            # More than a tile of the cache.
            static.append({"n": 21, "m": 203, "k": 301})
            jobs.append((case, symbol, {"n": 9, "m": 590, "k": 515}))
        for i, sizes in enumerate(static):
            functions.append(write(case, f"{symbol}_static{i}", sizes))
            jobs.append((case, f"{symbol}_static{i}", sizes))
    with open(prefix + ".mlir", "w") as file:
        file.write("module {\n" + "".join(functions) + "}\n")
    for i, options in enumerate(processors):
        path = f"{prefix}.{i}.so"
        subprocess.run([tool, prefix + ".mlir", "--emit=shared", "-o", path]
                       + options, check=True)
        library = c.CDLL(path)
        for job in jobs:
            check(library, *job)


main(*sys.argv[1:])
