//===- Passes.td - passes towards native code -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TARGET_PASSES_TD
#define VI_TARGET_PASSES_TD

include "mlir/Pass/PassBase.td"

def AllowContraction : Pass<"vi-allow-contraction"> {
  let summary = "allow a product and a sum to become one fused operation";
  let description = [{
    Sets the `contract` flag on the floating-point additions, subtractions and
    multiplications of scalars: a target with fused multiply-add may then skip
    the rounding of the product. This is the only deviation from the operations
    as written that the lowering allows. It runs before special functions are
    expanded, whose error analysis counts on every rounding.

    Example:

    ```mlir
    %p = arith.mulf %a, %x : f64
    %y = arith.addf %p, %b : f64
    ```

    becomes

    ```mlir
    %p = arith.mulf %a, %x fastmath<contract> : f64
    %y = arith.addf %p, %b fastmath<contract> : f64
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def CollectInsertions : Pass<"vi-collect-insertions"> {
  let summary = "put neighboring elements into vectors together";
  let description = [{
    A gradient with a number for each of many sites is a vector into which they
    are inserted one after another, each added to what the vector has at its
    place. Bufferization compares each insertion with all others, in time that
    grows faster than the square of their number. This pass follows insertions
    into vectors at places with constant distances, gives what is extracted in
    between as the number that was inserted (or that the vector was filled with),
    and puts eight neighbors or more into the vector as one slice. Fewer remain
    insertions: they need no array of their own.

    Example:

    ```mlir
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %c6 = arith.constant 6 : index
    %c7 = arith.constant 7 : index
    %1 = tensor.insert %a into %x[%c0] : tensor<?xf64>
    %b = tensor.extract %1[%c0] : tensor<?xf64>
    %2 = tensor.insert %b into %1[%c1] : tensor<?xf64>
    %3 = tensor.insert %a into %2[%c2] : tensor<?xf64>
    %4 = tensor.insert %a into %3[%c3] : tensor<?xf64>
    %5 = tensor.insert %a into %4[%c4] : tensor<?xf64>
    %6 = tensor.insert %a into %5[%c5] : tensor<?xf64>
    %7 = tensor.insert %a into %6[%c6] : tensor<?xf64>
    %8 = tensor.insert %a into %7[%c7] : tensor<?xf64>
    ```

    becomes

    ```mlir
    %part = tensor.from_elements %a, %a, %a, %a, %a, %a, %a, %a : tensor<8xf64>
    %8 = tensor.insert_slice %part into %x[0] [8] [1]
        : tensor<8xf64> into tensor<?xf64>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"
  ];
}

def SplatToFill : Pass<"vi-splat-to-fill"> {
  let summary = "let tensors of one repeated value take part in fusion";
  let description = [{
    Replaces `tensor.splat`, which would become an array, by `linalg.fill`, which
    elementwise fusion takes in.

    Example:

    ```mlir
    %y = tensor.splat %x[%n] : tensor<?xf64>
    ```

    becomes

    ```mlir
    %empty = tensor.empty(%n) : tensor<?xf64>
    %y = linalg.fill ins(%x : f64) outs(%empty : tensor<?xf64>) -> tensor<?xf64>
    ```
  }];
  let dependentDialects = [
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"
  ];
}

def FuseElementwise : Pass<"vi-fuse-elementwise"> {
  let summary = "fuse elementwise operations, without computing them twice";
  let description = [{
    Upstream's `linalg-fuse-elementwise-ops` with a condition more. It puts an
    operation with one use into its consumer wherever that is: in a loop, or
    into a matrix product that reads each element once for each row. There the
    element would be computed as often. So an operation whose elements cost more
    than a load (a function, a division, a conversion, another order in memory)
    goes into a consumer only if that is in the same block and reads each element
    once.

    Example: the exponentials go into their sum, which reads each of them once;
    the hyperbolic tangents stay out of the product, which reads them for every
    row.

    ```mlir
    func.func @layer(%x: tensor<8xf64>, %weights: tensor<4x8xf64>,
                     %bias: tensor<4xf64>, %zero: tensor<f64>)
        -> (tensor<4xf64>, tensor<f64>) {
      %empty = tensor.empty() : tensor<8xf64>
      %hidden = linalg.generic {
          indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
          iterator_types = ["parallel"]}
          ins(%x : tensor<8xf64>) outs(%empty : tensor<8xf64>) {
      ^bb0(%x_j: f64, %out: f64):
        %t = math.tanh %x_j : f64
        linalg.yield %t : f64
      } -> tensor<8xf64>
      %product = linalg.generic {
          indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>,
                           affine_map<(d0, d1) -> (d1)>,
                           affine_map<(d0, d1) -> (d0)>],
          iterator_types = ["parallel", "reduction"]}
          ins(%weights, %hidden : tensor<4x8xf64>, tensor<8xf64>)
          outs(%bias : tensor<4xf64>) {
      ^bb0(%w: f64, %h: f64, %out: f64):
        %p = arith.mulf %w, %h : f64
        %s = arith.addf %out, %p : f64
        linalg.yield %s : f64
      } -> tensor<4xf64>
      %more = linalg.generic {
          indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
          iterator_types = ["parallel"]}
          ins(%x : tensor<8xf64>) outs(%empty : tensor<8xf64>) {
      ^bb0(%x_j: f64, %out: f64):
        %t = math.exp %x_j : f64
        linalg.yield %t : f64
      } -> tensor<8xf64>
      %sum = linalg.generic {
          indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>],
          iterator_types = ["reduction"]}
          ins(%more : tensor<8xf64>) outs(%zero : tensor<f64>) {
      ^bb0(%e: f64, %out: f64):
        %s = arith.addf %out, %e : f64
        linalg.yield %s : f64
      } -> tensor<f64>
      return %product, %sum : tensor<4xf64>, tensor<f64>
    }
    ```

    becomes

    ```mlir
    func.func @layer(%x: tensor<8xf64>, %weights: tensor<4x8xf64>,
                     %bias: tensor<4xf64>, %zero: tensor<f64>)
        -> (tensor<4xf64>, tensor<f64>) {
      %empty = tensor.empty() : tensor<8xf64>
      %hidden = linalg.generic {
          indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
          iterator_types = ["parallel"]}
          ins(%x : tensor<8xf64>) outs(%empty : tensor<8xf64>) {
      ^bb0(%x_j: f64, %out: f64):
        %t = math.tanh %x_j : f64
        linalg.yield %t : f64
      } -> tensor<8xf64>
      %product = linalg.generic {
          indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>,
                           affine_map<(d0, d1) -> (d1)>,
                           affine_map<(d0, d1) -> (d0)>],
          iterator_types = ["parallel", "reduction"]}
          ins(%weights, %hidden : tensor<4x8xf64>, tensor<8xf64>)
          outs(%bias : tensor<4xf64>) {
      ^bb0(%w: f64, %h: f64, %out: f64):
        %p = arith.mulf %w, %h : f64
        %s = arith.addf %out, %p : f64
        linalg.yield %s : f64
      } -> tensor<4xf64>
      %sum = linalg.generic {
          indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>],
          iterator_types = ["reduction"]}
          ins(%x : tensor<8xf64>) outs(%zero : tensor<f64>) {
      ^bb0(%x_j: f64, %out: f64):
        %e = math.exp %x_j : f64
        %s = arith.addf %out, %e : f64
        linalg.yield %s : f64
      } -> tensor<f64>
      return %product, %sum : tensor<4xf64>, tensor<f64>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def LowerBooleanVectors : Pass<"vi-lower-boolean-vectors"> {
  let summary = "read and write vectors of booleans as bytes";
  let description = [{
    An array of booleans has a byte for each, but LLVM packs a vector of them into
    bits when it loads or stores one. This pass replaces `vector.transfer_read`
    and `vector.transfer_write` of booleans, of rank one and within bounds, by
    accesses to bytes and comparisons with zero.

    Example:

    ```mlir
    func.func @read(%y: memref<?xi1>, %i: index) -> vector<8xi1> {
      %false = arith.constant false
      %lanes = vector.transfer_read %y[%i], %false {in_bounds = [true]}
          : memref<?xi1>, vector<8xi1>
      return %lanes : vector<8xi1>
    }
    ```

    becomes

    ```mlir
    func.func @read(%y: memref<?xi1>, %i: index) -> vector<8xi1> {
      %false = arith.constant false
      %base_buffer, %offset, %sizes, %strides = memref.extract_strided_metadata %y
          : memref<?xi1> -> memref<i1>, index, index, index
      %0 = arith.muli %i, %strides : index
      %1 = arith.addi %offset, %0 : index
      %2 = memref.extract_aligned_pointer_as_index %y : memref<?xi1> -> index
      %3 = arith.index_cast %2 : index to i64
      %4 = llvm.inttoptr %3 : i64 to !llvm.ptr
      %5 = arith.index_cast %1 : index to i64
      %6 = llvm.getelementptr %4[%5] : (!llvm.ptr, i64) -> !llvm.ptr, i8
      %7 = llvm.load %6 {alignment = 1 : i64} : !llvm.ptr -> vector<8xi8>
      %8 = arith.constant dense<0> : vector<8xi8>
      %9 = arith.cmpi ne, %7, %8 : vector<8xi8>
      return %9 : vector<8xi1>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect", "::mlir::vector::VectorDialect"
  ];
}

def ReuseAccumulators : Pass<"vi-reuse-accumulators"> {
  let summary = "let sums of tensors carried by a loop grow in place";
  let description = [{
    Where a loop carries a tensor and its next value is computed from it element
    by element (`%next = arith.addf %sum, %x`), the computation's destination
    becomes the carried tensor itself, so that no copy is left in the loop after
    bufferization. Likewise, each computation that starts from a filled tensor
    (the zeros of a sum) gets one of its own, filled where it starts. Runs after
    elementwise operations are fused and loop invariants moved.

    Example:

    ```mlir
    func.func @column_sums(%n: index, %x: tensor<?x4xf64>,
                           %zero: tensor<4xf64>) -> tensor<4xf64> {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %sums = scf.for %i = %c0 to %n step %c1
          iter_args(%sum = %zero) -> (tensor<4xf64>) {
        %row = tensor.extract_slice %x[%i, 0] [1, 4] [1, 1]
            : tensor<?x4xf64> to tensor<4xf64>
        %fresh = tensor.empty() : tensor<4xf64>
        %next = linalg.generic {
            indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>,
                             affine_map<(d0) -> (d0)>],
            iterator_types = ["parallel"]}
            ins(%sum, %row : tensor<4xf64>, tensor<4xf64>)
            outs(%fresh : tensor<4xf64>) {
        ^bb0(%s: f64, %x_ij: f64, %out: f64):
          %s_next = arith.addf %s, %x_ij : f64
          linalg.yield %s_next : f64
        } -> tensor<4xf64>
        scf.yield %next : tensor<4xf64>
      }
      return %sums : tensor<4xf64>
    }
    ```

    becomes

    ```mlir
    func.func @column_sums(%n: index, %x: tensor<?x4xf64>,
                           %zero: tensor<4xf64>) -> tensor<4xf64> {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %sums = scf.for %i = %c0 to %n step %c1
          iter_args(%sum = %zero) -> (tensor<4xf64>) {
        %row = tensor.extract_slice %x[%i, 0] [1, 4] [1, 1]
            : tensor<?x4xf64> to tensor<4xf64>
        %next = linalg.generic {
            indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>,
                             affine_map<(d0) -> (d0)>],
            iterator_types = ["parallel"]}
            ins(%sum, %row : tensor<4xf64>, tensor<4xf64>)
            outs(%sum : tensor<4xf64>) {
        ^bb0(%s: f64, %x_ij: f64, %out: f64):
          %s_next = arith.addf %out, %x_ij : f64
          linalg.yield %s_next : f64
        } -> tensor<4xf64>
        scf.yield %next : tensor<4xf64>
      }
      return %sums : tensor<4xf64>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def ExportCInterface : Pass<"vi-export-c-interface", "::mlir::ModuleOp"> {
  let summary = "give exported functions their C signature";
  let description = [{
    A function with the attribute `vi.export` becomes a C function:

    | MLIR | C |
    |---|---|
    | argument `f64`, `f32`, `i32`, `i1` | `double`, `float`, `int32_t`, `bool`, by value |
    | argument `i64` or `index` | `int64_t`, by value |
    | argument `tensor<AxBxT>` | `const T *`, then `int64_t` for each dimension |
    | first result, a scalar | returned |
    | any other result | an out pointer `T *` after the arguments |

    Tensors are contiguous and row-major; elements are as scalars, `i1` a byte
    0 or 1. Arguments are never written, out pointers overlap nothing else, and
    what they point to is allocated by the caller.

    Runs on tensors: arguments become tensors of the caller's memory, and
    results are materialized in it, so that bufferization computes them there.
    Functions without the attribute become private: they are no part of the
    interface. One that runs a chunk of a plate (`vi.chunk`) gets such a
    signature, too; of its tensor arguments as many as it has results are the
    last ones, are written, and become what the results are.

    Example:

    ```mlir
    func.func @scale(%x: tensor<?xf64>, %a: f64) -> (f64, tensor<?xf64>)
        attributes {vi.export} {
      return %a, %x : f64, tensor<?xf64>
    }
    ```

    becomes `double scale(const double *x, int64_t x_size0, double a, double *y)`:

    ```mlir
    func.func private @scale(
        %x: !llvm.ptr {llvm.noalias, llvm.nofree, llvm.readonly}, %x_size0: i64,
        %a: f64, %y: !llvm.ptr {llvm.noalias, llvm.nofree}) -> f64 {
      ...
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def ExpandMath : Pass<"vi-expand-math", "::mlir::ModuleOp"> {
  let summary = "write operations of math out that nothing else lowers";
  let description = [{
    `math.clampf` becomes the greatest and least of its operands (the lower
    bound wins where it is above the upper one), `math.isinf` and
    `math.isnormal` comparisons of the magnitude. NaN stays NaN when clamped,
    and is neither infinite nor normal. Integer powers become functions of the
    module (upstream's `convert-math-to-funcs`): LLVM's intrinsic would be a call
    of the compiler's runtime library.

    Example:

    ```mlir
    %y = math.clampf %x to [%low, %high] : f64
    ```

    becomes

    ```mlir
    %bounded = arith.minimumf %x, %high : f64
    %y = arith.maximumf %bounded, %low : f64
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def CallAccurateMath : Pass<"vi-call-accurate-math", "::mlir::ModuleOp"> {
  let summary = "call the C library's expm1 and log1p";
  let description = [{
    Upstream's conversion of `math` to the LLVM dialect makes exp(x) - 1 of
    `math.expm1`, which is 0 for small x, and can make log(1 + x) of
    `math.log1p`. These become calls of the C library's functions instead, as
    `convert-math-to-libm` makes them; vectors are unrolled. All other
    operations of `math` stay. So

    ```mlir
    func.func @f(%x: f64) -> f64 {
      %y = math.expm1 %x : f64
      return %y : f64
    }
    ```

    becomes

    ```mlir
    func.func private @expm1(f64) -> f64 attributes {llvm.readnone}

    func.func @f(%x: f64) -> f64 {
      %y = func.call @expm1(%x) : (f64) -> f64
      return %y : f64
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def HoistLoopInvariants : Pass<"vi-hoist-loop-invariants"> {
  let summary = "move out of loops what is the same in each iteration";
  let description = [{
    As upstream's `loop-invariant-code-motion`, but for accesses of tensors that
    are not known to be inside: for upstream they are undefined where they are
    outside, and may run anywhere, but here a loop over empty data would then
    read what is not there.

    Example:

    ```mlir
    scf.for %i = %c0 to %n step %c1 {
      %w = tensor.extract %weights[%c1] : tensor<4xf64>
      %x_0 = tensor.extract %x[%c0] : tensor<?xf64>
      "test.use"(%w, %x_0) : (f64, f64) -> ()
    }
    ```

    becomes

    ```mlir
    %w = tensor.extract %weights[%c1] : tensor<4xf64>
    scf.for %i = %c0 to %n step %c1 {
      %x_0 = tensor.extract %x[%c0] : tensor<?xf64>
      "test.use"(%w, %x_0) : (f64, f64) -> ()
    }
    ```
  }];
}

def LowerCopies : Pass<"vi-lower-copies"> {
  let summary = "turn copies between strided buffers into loops";
  let description = [{
    A `memref.copy` that is not one contiguous block would become a call of
    MLIR's runtime library; it becomes a `linalg.generic` instead. Nothing is
    needed at run time but libm.

    Example:

    ```mlir
    memref.copy %from, %to : memref<?xf64, strided<[?], offset: ?>> to memref<?xf64>
    ```

    becomes

    ```mlir
    linalg.generic {
        indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
        iterator_types = ["parallel"]}
        ins(%from : memref<?xf64, strided<[?], offset: ?>>)
        outs(%to : memref<?xf64>) {
    ^bb0(%element: f64, %out: f64):
      linalg.yield %element : f64
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect"
  ];
}

def LowerChunks : Pass<"vi-lower-chunks", "::mlir::ModuleOp"> {
  let summary = "turn chunks of plates into calls";
  let description = [{
    `vi.chunks` on buffers becomes loops that call its function, which has its C
    signature by then. Where there is but one chunk, that is one call; else the
    sums of all chunks but the first go into memory of their own, and are added
    to those of the first in the order of the chunks.

    One after the other, chunks share one such memory. With `parallel`, the loop
    over chunks is an `scf.parallel`, and there are memories for 16 chunks, or for
    64 of small sums: as many run, and are added up, before the next ones. Large
    sums are added in parallel, too, each element in the order of the chunks. So
    neither `parallel` nor the number of threads changes a bit of the result, and
    memory does not grow with the data.

    Example:

    ```mlir
    func.func private @f.obs(i64, i64, !llvm.ptr, i64, !llvm.ptr)
    func.func @f(%begin: index, %end: index, %length: index, %y: memref<?xf64>,
                 %sum: memref<f64>) {
      vi.chunks @f.obs from %begin to %end by %length
          inputs(%y : memref<?xf64>) sums(%sum : memref<f64>)
      return
    }
    ```

    becomes calls of `@f.obs` with the addresses and sizes of arrays, in a function
    of the same type:

    ```mlir
    func.func private @f.obs(i64, i64, !llvm.ptr, i64, !llvm.ptr)
    func.func private @f(%begin: index, %end: index, %length: index,
                         %y: memref<?xf64>, %sum: memref<f64>) {
      ...
    }
    ```
  }];
  let options = [
    Option<"parallel", "parallel", "bool", "false",
           "let chunks run at the same time">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"
  ];
}

def LowerReshapes : Pass<"vi-lower-reshapes"> {
  let summary = "give buffers whose sizes are all dynamic their strides";
  let description = [{
    Upstream's `expand-strided-metadata` computes the strides of a
    `memref.expand_shape` of which at most one size of each group is dynamic.
    The others, such as a matrix of two sizes that the data give in a vector of
    parameters, become a `memref.reinterpret_cast` here.

    Example:

    ```mlir
    %m = memref.expand_shape %v [[0, 1]] output_shape [%a, %b]
        : memref<?xf64> into memref<?x?xf64>
    ```

    becomes

    ```mlir
    %base, %offset, %size, %stride = memref.extract_strided_metadata %v
        : memref<?xf64> -> memref<f64>, index, index, index
    %m = memref.reinterpret_cast %base to offset: [0], sizes: [%a, %b],
        strides: [%b, 1] : memref<f64> to memref<?x?xf64>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"
  ];
}

def PlaceBuffers : Pass<"vi-place-buffers"> {
  let summary = "put small buffers on the stack, outside of loops";
  let description = [{
    A `memref.alloc` of a static size up to `max-bytes` becomes a
    `memref.alloca` at the start of its function where it is in the entry block
    or a loop (never an `alloca` inside a loop, which would grow the stack), as
    long as it does not outlive its block; a `memref.dealloc` of it goes. A
    function takes 16 times `max-bytes` of the stack at most.

    Example:

    ```mlir
    scf.for %i = %c0 to %n step %c1 {
      %row = memref.alloc() : memref<8xf64>
      memref.store %x, %row[%c0] : memref<8xf64>
    }
    ```

    becomes

    ```mlir
    %row = memref.alloca() : memref<8xf64>
    scf.for %i = %c0 to %n step %c1 {
      memref.store %x, %row[%c0] : memref<8xf64>
    }
    ```
  }];
  let options = [
    Option<"maxBytes", "max-bytes", "int64_t", "4096",
           "largest buffer to put on the stack">
  ];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def PoolBuffers : Pass<"vi-pool-buffers"> {
  let summary = "allocate the buffers of a block at once";
  let description = [{
    The `memref.alloc` of static sizes in one block that are freed in it become
    views of one allocation, which is freed at the end of the block. Buffers that
    are never in use at the same time share memory. Allocators give large blocks
    back to the operating system when they are freed; a function that is called
    again and again would have all pages of its arrays cleared each time. Of one
    block they learn to keep it.

    Example:

    ```mlir
    func.func @sum(%x: f64, %out: memref<1024x8xf64>) {
      %a = memref.alloc() : memref<1024x8xf64>
      %b = memref.alloc() : memref<1024x8xf64>
      linalg.fill ins(%x : f64) outs(%a : memref<1024x8xf64>)
      linalg.fill ins(%x : f64) outs(%b : memref<1024x8xf64>)
      linalg.add ins(%a, %b : memref<1024x8xf64>, memref<1024x8xf64>)
                 outs(%out : memref<1024x8xf64>)
      memref.dealloc %a : memref<1024x8xf64>
      memref.dealloc %b : memref<1024x8xf64>
      return
    }
    ```

    becomes

    ```mlir
    func.func @sum(%x: f64, %out: memref<1024x8xf64>) {
      %c65536 = arith.constant 65536 : index
      %c0 = arith.constant 0 : index
      %memory = memref.alloc() {alignment = 64 : i64} : memref<131072xi8>
      %a = memref.view %memory[%c0][] : memref<131072xi8> to memref<1024x8xf64>
      %b = memref.view %memory[%c65536][]
          : memref<131072xi8> to memref<1024x8xf64>
      linalg.fill ins(%x : f64) outs(%a : memref<1024x8xf64>)
      linalg.fill ins(%x : f64) outs(%b : memref<1024x8xf64>)
      linalg.add ins(%a, %b : memref<1024x8xf64>, memref<1024x8xf64>)
                 outs(%out : memref<1024x8xf64>)
      memref.dealloc %memory : memref<131072xi8>
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def StackBuffers : Pass<"vi-stack-buffers"> {
  let summary = "put all buffers on the stack";
  let description = [{
    For code without an allocator: each `memref.alloc` becomes a `memref.alloca`
    where it stands, of whatever size, and `memref.dealloc` goes. A block in a
    loop gives back what it took from the stack; a buffer that outlives such a
    block is an error.

    Example:

    ```mlir
    scf.for %i = %c0 to %n step %c1 {
      %row = memref.alloc(%k) : memref<?xf64>
      memref.store %x, %row[%c0] : memref<?xf64>
      memref.dealloc %row : memref<?xf64>
    }
    ```

    becomes

    ```mlir
    scf.for %i = %c0 to %n step %c1 {
      %stack = llvm.intr.stacksave : !llvm.ptr
      %row = memref.alloca(%k) : memref<?xf64>
      memref.store %x, %row[%c0] : memref<?xf64>
      llvm.intr.stackrestore %stack : !llvm.ptr
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect"
  ];
}

def VerifyFreestanding : Pass<"vi-verify-freestanding"> {
  let summary = "refuse functions of the C library";
  let description = [{
    An operation of `math` that neither has been expanded to arithmetic nor is an
    instruction of processors is an error. Changes nothing.

    So `math.cbrt` is refused ("freestanding code cannot compute 'math.cbrt', a
    function of the C library"), but

    ```mlir
    %y = math.sqrt %x : f64
    ```

    becomes itself:

    ```mlir
    %y = math.sqrt %x : f64
    ```
  }];
}

def Vectorize : Pass<"vi-vectorize"> {
  let summary = "turn computations on buffers into loops over vectors";
  let description = [{
    Writes each `linalg` operation on buffers as a nest of loops on vectors:

    - One dimension becomes the *lanes* of vectors: one along which each operand
      is contiguous or does not change, and along which outputs are contiguous
      or sums. Lanes past its end are masked.
    - Iterations of the other dimensions are done in *blocks*, so that what they
      share is loaded once and no sum waits for the last one: an output's
      accumulators stay in registers while the innermost loop runs. A cost model
      (`vi/Target/RegisterBlocking.h`) chooses both for the width and the number
      of the target's vector registers, such that nothing is spilled.
    - What does not change in a loop is loaded and computed outside of it, once
      for a block, and as a scalar where it is the same for all lanes.
    - A sum of products that are left out where an adjoint is zero (`vi.guard`),
      because what it would be multiplied by may be infinite, becomes a sum under
      a mask: lane by lane, without a branch.
    - Large products run in tiles that stay in the second-level cache; a sum
      then grows in memory from tile to tile, in the same order.

    Only sums, products, extrema and the like whose operation is associative are
    reordered, and only if they run over lanes. Such a sum has W partial sums for
    vectors of W lanes (several times W, where there is no other dimension to
    have blocks of), element i belongs to partial sum i modulo their number, and
    these are summed pairwise: i and i + W/2, then i and i + W/4, to the end. The
    last adds to what was in memory. This shape depends on the sizes of the
    operation and on `vector-bits` alone, and the sum of a row does not depend
    on how many rows there are. Where the results of several sums are neighbors
    in memory, they are reduced together, by shuffles that merge their vectors
    two by two.

    Operations that access arrays of booleans along lanes, that step through
    memory otherwise than by one element, or that call functions are left for
    `convert-linalg-to-loops`.

    Example, with `vector-bits=128`:

    ```mlir
    func.func @scaled_sum(%a: memref<f32>, %x: memref<8x4xf32>,
                          %sum: memref<4xf32>) {
      linalg.generic {
          indexing_maps = [affine_map<(n, d) -> ()>, affine_map<(n, d) -> (n, d)>,
                           affine_map<(n, d) -> (d)>],
          iterator_types = ["reduction", "parallel"]}
          ins(%a, %x : memref<f32>, memref<8x4xf32>)
          outs(%sum : memref<4xf32>) {
      ^bb0(%factor: f32, %element: f32, %out: f32):
        %square = arith.mulf %factor, %factor : f32
        %product = arith.mulf %square, %element : f32
        %next = arith.addf %out, %product : f32
        linalg.yield %next : f32
      }
      return
    }
    ```

    becomes

    ```mlir
    func.func @scaled_sum(%a: memref<f32>, %x: memref<8x4xf32>,
                          %sum: memref<4xf32>) {
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %c0 = arith.constant 0 : index
      %factor = memref.load %a[] : memref<f32>
      %square = arith.mulf %factor, %factor : f32
      %before = vector.load %sum[%c0] : memref<4xf32>, vector<4xf32>
      %after = scf.for %n = %c0 to %c8 step %c1
          iter_args(%out = %before) -> (vector<4xf32>) {
        %row = vector.load %x[%n, %c0] : memref<8x4xf32>, vector<4xf32>
        %squares = vector.broadcast %square : f32 to vector<4xf32>
        %product = arith.mulf %squares, %row : vector<4xf32>
        %next = arith.addf %out, %product : vector<4xf32>
        scf.yield %next : vector<4xf32>
      }
      vector.store %after, %sum[%c0] : memref<4xf32>, vector<4xf32>
      return
    }
    ```
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "unsigned", "128",
           "bits of a vector register">,
    Option<"vectorRegisters", "vector-registers", "unsigned", "16",
           "number of vector registers">,
    Option<"l2Bytes", "l2-bytes", "int64_t", "524288",
           "size of the second-level cache">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

#endif // VI_TARGET_PASSES_TD
