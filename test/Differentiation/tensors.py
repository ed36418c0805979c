# Every operation of tensor and linalg that models use, with static and with
# dynamic sizes: its value against NumPy, and its gradient in all operands
# against differences of the compiled function.
#
# REQUIRES: numpy
# RUN: %python %s vi-opt %clang
import math
import sys

import numpy as np
from gradients import check_gradient, check_product, compile_module

CASES = []


def op(name, shapes, result, text, truth, init=None, static_only=False):
    """An operation on operands %x0, %x1, ... of `shapes`. In `text`, {x0} is
    an operand's type, {r} the result's, %init a tensor of the result's type
    filled with `init`."""
    CASES.append((name, shapes, result, text, truth, init, static_only))


def tensor_type(shape, dynamic):
    sizes = ["?" if dynamic else str(n) for n in shape]
    return f"tensor<{'x'.join([*sizes, 'f64'])}>"


def reassociation(rank):
    return f"[[{', '.join(map(str, range(rank)))}]]"


def build(name, shapes, result, text, init, dynamic):
    """A function of the flat operands and of a weight for each element of the
    result: the weighted sum of the results."""
    lines, offset = [], 0
    types = {"r": tensor_type(result, dynamic),
             "rs": tensor_type(result, False)}
    for number, shape in enumerate(shapes):
        size = int(np.prod(shape))
        flat, static = f"tensor<{size}xf64>", tensor_type(shape, False)
        types[f"x{number}"] = tensor_type(shape, dynamic)
        lines.append(f"%f{number} = tensor.extract_slice %phi[{offset}] "
                     f"[{size}] [1] : tensor<?xf64> to {flat}")
        lines.append(
            f"%s{number} = tensor.expand_shape %f{number} "
            f"{reassociation(len(shape))} output_shape {list(shape)} : {flat} "
            f"into {static}" if shape else
            f"%s{number} = tensor.collapse_shape %f{number} [] : {flat} into "
            f"{static}")
        lines.append(f"%x{number} = tensor.cast %s{number} : {static} to "
                     f"{types[f'x{number}']}")
        offset += size
    if init is not None:
        lines.append(f"%filled = arith.constant dense<{float(init)!r}> : "
                     f"{types['rs']}")
        lines.append(f"%init = tensor.cast %filled : {types['rs']} to "
                     f"{types['r']}")
    body = text
    for key, value in types.items():
        body = body.replace("{" + key + "}", value)
    lines.append(body)
    count = int(np.prod(result))
    lines.append(f"%rs = tensor.cast %r : {types['r']} to {types['rs']}")
    flat = f"tensor<{count}xf64>"
    lines.append(f"%rf = tensor.collapse_shape %rs "
                 f"{reassociation(len(result))} : {types['rs']} into {flat}"
                 if len(result) != 1 and result else
                 f"%rf = tensor.cast %rs : {types['rs']} to {flat}"
                 if result else
                 f"%rf = tensor.expand_shape %rs [] output_shape [1] : "
                 f"{types['rs']} into {flat}")
    lines += [f"%ws = tensor.cast %w : tensor<?xf64> to {flat}",
              "%zero = arith.constant dense<0.0> : tensor<f64>",
              f"%dot = linalg.dot ins(%rf, %ws : {flat}, {flat}) "
              "outs(%zero : tensor<f64>) -> tensor<f64>",
              "%sum = tensor.extract %dot[] : tensor<f64>"]
    return "\n  ".join(lines)


# Elementwise operations of linalg.
NEUTRAL = {"add": np.add, "sub": np.subtract, "mul": np.multiply,
           "div": np.divide, "max": np.maximum, "min": np.minimum}
for kind, function in NEUTRAL.items():
    op(kind, [(2, 3), (2, 3)], (2, 3),
       f"%r = linalg.{kind} ins(%x0, %x1 : {{x0}}, {{x1}}) "
       "outs(%init : {r}) -> {r}", function, init=7)
UNARY = {"exp": np.exp, "log": np.log, "abs": np.abs, "negf": np.negative,
         "tanh": np.tanh, "sqrt": np.sqrt, "square": np.square,
         "rsqrt": lambda x: 1 / np.sqrt(x), "reciprocal": lambda x: 1 / x,
         "ceil": np.ceil, "floor": np.floor, "round": np.round,
         "erf": lambda x: np.vectorize(math.erf)(x)}
for kind, function in UNARY.items():
    op(kind, [(2, 3)], (2, 3), f"%r = linalg.{kind} ins(%x0 : {{x0}}) "
       "outs(%init : {r}) -> {r}", function, init=7)
op("powf", [(4,), (4,)], (4,), "%r = linalg.powf ins(%x0, %x1 : {x0}, {x1}) "
   "outs(%init : {r}) -> {r}", np.power, init=0)
op("elementwise", [(2, 3)], (2, 3),
   "%r = linalg.elementwise kind=#linalg.elementwise_kind<exp> "
   "ins(%x0 : {x0}) outs(%init : {r}) -> {r}", np.exp, init=0)
op("map", [(2, 3), (2, 3)], (2, 3), """%r = linalg.map
  ins(%x0, %x1 : {x0}, {x1}) outs(%init : {r})
  (%a: f64, %b: f64, %o: f64) { %p = arith.mulf %a, %b : f64
    %q = math.sin %p : f64 linalg.yield %q : f64 }""",
   lambda a, b: np.sin(a * b), init=0)
op("map_op", [(2, 3), (2, 3)], (2, 3),
   "%r = linalg.map { arith.divf } ins(%x0, %x1 : {x0}, {x1}) "
   "outs(%init : {r})", np.divide, init=0)
op("linalg_select", [(4,), (4,)], (4,), """
  %m = arith.constant dense<[true, false, false, true]> : tensor<4xi1>
  %r = linalg.select ins(%m, %x0, %x1 : tensor<4xi1>, {x0}, {x1})
    outs(%init : {r}) -> {r}""",
   lambda a, b: np.where([True, False, False, True], a, b), init=0,
   static_only=True)
op("fill", [()], (2, 3), """%e = tensor.extract %x0[] : tensor<f64>
  %r = linalg.fill ins(%e : f64) outs(%init : {r}) -> {r}""",
   lambda a: np.full((2, 3), a), init=0)
op("copy", [(2, 3)], (2, 3),
   "%r = linalg.copy ins(%x0 : {x0}) outs(%init : {r}) -> {r}", lambda a: a,
   init=0)
op("transpose", [(2, 3, 4)], (4, 2, 3),
   "%r = linalg.transpose ins(%x0 : {x0}) outs(%init : {r}) "
   "permutation = [2, 0, 1]", lambda a: a.transpose(2, 0, 1), init=0)
op("broadcast", [(3,)], (2, 3),
   "%r = linalg.broadcast ins(%x0 : {x0}) outs(%init : {r}) "
   "dimensions = [0]", lambda a: np.broadcast_to(a, (2, 3)), init=0)
op("broadcast_columns", [(2,)], (2, 3),
   "%r = linalg.broadcast ins(%x0 : {x0}) outs(%init : {r}) "
   "dimensions = [1]", lambda a: np.broadcast_to(a[:, None], (2, 3)), init=0)

# Contractions add to their destination.
CONTRACTIONS = {
    "matmul": ([(2, 3), (3, 4)], (2, 4), "ik,kj->ij"),
    "matvec": ([(2, 3), (3,)], (2,), "ik,k->i"),
    "vecmat": ([(3,), (3, 4)], (4,), "k,kj->j"),
    "dot": ([(3,), (3,)], (), "k,k->"),
    "batch_matmul": ([(2, 2, 3), (2, 3, 4)], (2, 2, 4), "bik,bkj->bij"),
    "batch_matvec": ([(2, 2, 3), (2, 3)], (2, 2), "bik,bk->bi"),
    "batch_vecmat": ([(2, 3), (2, 3, 4)], (2, 4), "bk,bkj->bj"),
    "batch_reduce_matmul": ([(2, 2, 3), (2, 3, 4)], (2, 4), "bik,bkj->ij"),
}
for kind, (shapes, result, subscripts) in CONTRACTIONS.items():
    op(kind, shapes, result, f"%r = linalg.{kind} "
       "ins(%x0, %x1 : {x0}, {x1}) outs(%init : {r}) -> {r}",
       lambda a, b, s=subscripts: 0.5 + np.einsum(s, a, b), init=0.5)
op("matmul_transpose", [(3, 2), (4, 3)], (2, 4), """%r = linalg.matmul
  indexing_maps = [affine_map<(i, j, k) -> (k, i)>,
                   affine_map<(i, j, k) -> (j, k)>,
                   affine_map<(i, j, k) -> (i, j)>]
  ins(%x0, %x1 : {x0}, {x1}) outs(%init : {r}) -> {r}""",
   lambda a, b: a.T @ b.T, init=0)
op("contract", [(2, 3), (4, 3)], (4, 2), """%r = linalg.contract
  indexing_maps = [affine_map<(i, j, k) -> (i, k)>,
                   affine_map<(i, j, k) -> (j, k)>,
                   affine_map<(i, j, k) -> (j, i)>]
  ins(%x0, %x1 : {x0}, {x1}) outs(%init : {r}) -> {r}""",
   lambda a, b: b @ a.T, init=0)
op("matmul_into", [(2, 3), (3, 2), (2, 2)], (2, 2),
   "%r = linalg.matmul ins(%x0, %x1 : {x0}, {x1}) outs(%x2 : {r}) -> {r}",
   lambda a, b, c: a @ b + c)
op("square_of", [(2, 2)], (2, 2),
   "%r = linalg.matmul ins(%x0, %x0 : {x0}, {x0}) outs(%init : {r}) -> {r}",
   lambda a: a @ a, init=0)
op("conv_1d", [(6,), (3,)], (4,),
   "%r = linalg.conv_1d ins(%x0, %x1 : {x0}, {x1}) outs(%init : {r}) -> {r}",
   lambda a, b: np.convolve(a, b[::-1], "valid"), init=0)
op("conv_2d", [(4, 5), (2, 3)], (3, 3),
   "%r = linalg.conv_2d ins(%x0, %x1 : {x0}, {x1}) outs(%init : {r}) -> {r}",
   lambda a, b: sum(b[i, j] * a[i:i + 3, j:j + 3] for i in range(2)
                    for j in range(3)), init=0)
op("pooling", [(1, 4, 4, 2)], (1, 2, 2, 2), """
  %window = tensor.empty() : tensor<2x2xf64>
  %r = linalg.pooling_nhwc_sum {strides = dense<2> : tensor<2xi64>,
      dilations = dense<1> : tensor<2xi64>}
    ins(%x0, %window : {x0}, tensor<2x2xf64>) outs(%init : {r}) -> {r}""",
   lambda a: a.reshape(1, 2, 2, 2, 2, 2).sum((2, 4)), init=0)

# Reductions.
for kind, body, function in (
        ("sum", "arith.addf", np.sum), ("max", "arith.maximumf", np.max),
        ("min", "arith.minimumf", np.min), ("maxnum", "arith.maxnumf", np.max),
        ("minnum", "arith.minnumf", np.min),
        ("product", "arith.mulf", np.prod)):
    start = {"sum": 0, "product": 1, "min": 1e9, "minnum": 1e9}.get(kind, -1e9)
    for dims, result in (((1,), (2,)), ((0,), (3,)), ((0, 1), ())):
        op(f"reduce_{kind}_{'_'.join(map(str, dims))}", [(2, 3)], result,
           f"%r = linalg.reduce {{ {body} }} ins(%x0 : {{x0}}) "
           f"outs(%init : {{r}}) dimensions = {list(dims)}",
           lambda a, f=function, d=dims: f(a, d), init=start)
op("reduce_exp", [(2, 3)], (2,), """%r = linalg.reduce ins(%x0 : {x0})
  outs(%init : {r}) dimensions = [1] (%in: f64, %out: f64) {
    %e = math.exp %in : f64 %s = arith.addf %out, %e : f64
    linalg.yield %s : f64 }""", lambda a: np.exp(a).sum(1), init=0)
for dim in (0, 1):
    op(f"softmax_{dim}", [(2, 3)], (2, 3),
       f"%r = linalg.softmax dimension({dim}) ins(%x0 : {{x0}}) "
       "outs(%init : {r}) -> {r}",
       lambda a, d=dim: np.exp(a) / np.exp(a).sum(d, keepdims=True), init=0)

# tensor.
op("concat", [(2, 3), (2, 1), (2, 3)], (2, 7),
   "%r = tensor.concat dim(1) %x0, %x1, %x2 : ({x0}, {x1}, {x2}) -> {r}",
   lambda *x: np.concatenate(x, 1))
op("concat_self", [(2, 3)], (4, 3),
   "%r = tensor.concat dim(0) %x0, %x0 : ({x0}, {x0}) -> {r}",
   lambda a: np.concatenate([a, a]))
op("pad", [(2, 3)], (3, 5), """%p = arith.constant 0.3 : f64
  %r = tensor.pad %x0 low[1, 0] high[0, 2] {
  ^bb0(%i: index, %j: index):
    tensor.yield %p : f64
  } : {x0} to {r}""",
   lambda a: np.pad(a, ((1, 0), (0, 2)), constant_values=0.3))
op("pad_value", [(2, 3), ()], (3, 5), """%p = tensor.extract %x1[] : tensor<f64>
  %r = tensor.pad %x0 low[1, 0] high[0, 2] {
  ^bb0(%i: index, %j: index):
    tensor.yield %p : f64
  } : {x0} to {r}""",
   lambda a, b: np.pad(a, ((1, 0), (0, 2)), constant_values=b))
op("extract_slice", [(4, 5)], (2, 2),
   "%r = tensor.extract_slice %x0[1, 0] [2, 2] [2, 3] : {x0} to {rs}",
   lambda a: a[1:4:2, 0:4:3], static_only=True)
op("extract_row", [(4, 5)], (5,),
   "%r = tensor.extract_slice %x0[2, 0] [1, 5] [1, 1] : {x0} to {rs}",
   lambda a: a[2], static_only=True)
op("insert_slice", [(2, 2), (4, 5)], (4, 5),
   "%r = tensor.insert_slice %x0 into %x1[1, 0] [2, 2] [2, 3] "
   ": {x0} into {r}", lambda a, b: np.block(
       [[b[0, 0], b[0, 1:]], [a[0, 0], b[1, 1:3], a[0, 1], b[1, 4]],
        [b[2, 0], b[2, 1:]], [a[1, 0], b[3, 1:3], a[1, 1], b[3, 4]]]),
   static_only=True)
op("collapse_shape", [(2, 3, 4)], (6, 4),
   "%r = tensor.collapse_shape %x0 [[0, 1], [2]] : {x0} into {r}",
   lambda a: a.reshape(6, 4))
op("expand_shape", [(6, 4)], (2, 3, 4), """
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %r = tensor.expand_shape %x0 [[0, 1], [2]] output_shape [2, 3, 4]
    : {x0} into {rs}""", lambda a: a.reshape(2, 3, 4), static_only=True)
op("reshape", [(6, 4)], (8, 3), """
  %shape = arith.constant dense<[8, 3]> : tensor<2xindex>
  %r = tensor.reshape %x0(%shape) : ({x0}, tensor<2xindex>) -> {r}""",
   lambda a: a.reshape(8, 3))
op("splat", [()], (2, 3), """%e = tensor.extract %x0[] : tensor<f64>
  %r = tensor.splat %e : {rs}""", lambda a: np.full((2, 3), a),
   static_only=True)
op("from_elements", [(4,)], (2, 2), """
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %a = tensor.extract %x0[%c0] : {x0}
  %b = tensor.extract %x0[%c3] : {x0}
  %p = arith.mulf %a, %b : f64
  %r = tensor.from_elements %a, %p, %b, %a : {rs}""",
   lambda a: np.array([[a[0], a[0] * a[3]], [a[3], a[0]]]), static_only=True)
op("insert", [(4,)], (4,), """
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %a = tensor.extract %x0[%c0] : {x0}
  %p = arith.mulf %a, %a : f64
  %r = tensor.insert %p into %x0[%c3] : {r}""",
   lambda a: np.array([a[0], a[1], a[2], a[0] ** 2]))
op("generate", [(4,)], (4, 4), """
  %c4 = arith.constant 4 : index
  %s = tensor.generate {
  ^bb0(%i: index, %j: index):
    %a = tensor.extract %x0[%i] : {x0}
    %b = tensor.extract %x0[%j] : {x0}
    %p = arith.mulf %a, %b : f64
    %q = math.sin %p : f64
    tensor.yield %q : f64
  } : {rs}
  %r = tensor.cast %s : {rs} to {r}""", lambda a: np.sin(np.outer(a, a)))
op("elementwise_tensors", [(2, 3), (2, 3)], (2, 3), """
  %p = arith.mulf %x0, %x1 : {x0}
  %s = math.sin %p : {x0}
  %c = arith.cmpf olt, %x0, %x1 : {x0}
  %r = arith.select %c, %s, %p : {BOOL}, {r}""".replace(
       "{BOOL}", "tensor<2x3xi1>"),
   lambda a, b: np.where(a < b, np.sin(a * b), a * b), static_only=True)


def main():
    vi_opt, clang = sys.argv[1:3]
    only = sys.argv[3:]
    rng = np.random.default_rng(5)
    functions, cases = [], []
    for name, shapes, result, text, truth, init, static_only in CASES:
        if only and name not in only:
            continue
        for dynamic in (False,) if static_only else (False, True):
            label = "op_" + name + ("_dynamic" if dynamic else "")
            body = build(name, shapes, result, text, init, dynamic)
            functions.append(
                f"func.func @{label}(%w: tensor<?xf64>, %phi: tensor<?xf64>) "
                f'-> f64 attributes {{vi.differentiate = "{label}_gradient", '
                f'vi.hessian_vector_product = "{label}_product", '
                f"vi.export, vi.wrt = [1]}} {{\n  {body}\n  return %sum : f64\n}}")
            cases.append((label, shapes, result, truth))
    library = compile_module(vi_opt, clang, "\n".join(functions))
    passed = True
    for label, shapes, result, truth in cases:
        # Away from the kinks of ceil and floor, and positive for log and sqrt.
        operands = [rng.permutation(int(np.prod(s))) * 0.37 + 0.6
                    + 0.01 * rng.normal(size=int(np.prod(s))) for s in shapes]
        if not label.startswith(("op_log", "op_sqrt", "op_rsqrt", "op_powf")):
            operands[0] -= 1.4
        weights = rng.normal(size=int(np.prod(result)))
        phi = np.concatenate(operands)
        if truth:
            expected = weights @ np.ravel(truth(
                *(o.reshape(s) for o, s in zip(operands, shapes))))
            value = library.call(label, weights, phi)
            if not abs(value - expected) <= 1e-13 * np.abs(weights).sum() * (
                    1 + abs(expected)):
                print(f"{label}: value {value}, expected {expected}")
                passed = False
        passed &= check_gradient(library, label, [weights, phi], 1)
        passed &= check_product(library, label, [weights, phi], 1)
    sys.exit(not passed)


main()
