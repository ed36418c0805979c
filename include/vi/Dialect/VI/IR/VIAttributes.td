//===- VIAttributes.td - attributes -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_VIATTRIBUTES_TD
#define VI_DIALECT_VI_IR_VIATTRIBUTES_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "vi/Dialect/VI/IR/VIDialect.td"

def VI_SupportKind : I32EnumAttr<"SupportKind", "a set of values", [
    I32EnumAttrCase<"Real", 0, "real">,
    I32EnumAttrCase<"Positive", 1, "positive">,
    I32EnumAttrCase<"UnitInterval", 2, "unit_interval">,
    I32EnumAttrCase<"GreaterThan", 3, "greater_than">,
    I32EnumAttrCase<"LessThan", 4, "less_than">,
    I32EnumAttrCase<"Interval", 5, "interval">,
    I32EnumAttrCase<"Simplex", 6, "simplex">,
    I32EnumAttrCase<"Boolean", 7, "boolean">,
    I32EnumAttrCase<"NonnegativeInteger", 8, "nonnegative_integer">,
    I32EnumAttrCase<"IntegerInterval", 9, "integer_interval">]> {
  let cppNamespace = "::vi";
  let genSpecializedAttr = 0;
}

def VI_SupportKindAttr : EnumAttr<VI_Dialect, VI_SupportKind, "support"> {
  let summary = "a set in which values lie";
  let description = [{
    The set of values of a parameter or the support of a distribution:

    | kind | values | bounds |
    |---|---|---|
    | `real` | the real line | |
    | `positive` | x > 0 | |
    | `unit_interval` | 0 < x < 1 | |
    | `greater_than` | x > lower | lower |
    | `less_than` | x < upper | upper |
    | `interval` | lower < x < upper | lower, upper |
    | `simplex` | x_k >= 0, sum 1, along the last dimension | |
    | `boolean` | 0, 1 | |
    | `nonnegative_integer` | 0, 1, 2, ... | |
    | `integer_interval` | lower, ..., upper | lower, upper |

    Whether a finite end point belongs to the set makes no difference to a
    density; log-densities are defined there by their limits.
  }];
  let assemblyFormat = "$value";
}

def VI_IndexAttr : AttrDef<VI_Dialect, "Index"> {
  let mnemonic = "index";
  let summary = "declares that a data argument holds indices";
  let description = [{
    An attribute of a data argument (`vi.index`) whose elements are indices:
    the base that they are counted from in the data, and the size of what they
    index: the name of an integer argument of the same model, or a number.
    Inside the model the elements count from 0 whatever the base; `vi-fit` and
    the compiled `check` function refuse data outside `base .. base + size - 1`.

    Example:

    ```mlir
    vi.model @radon(%J: index, %county: tensor<?xi64>
                      {vi.index = #vi.index<base = 1, size = "J">}) { ... }
    ```
  }];
  let parameters = (ins "int64_t":$base, "::mlir::Attribute":$size);
  let assemblyFormat = "`<` `base` `=` $base `,` `size` `=` $size `>`";
  let genVerifyDecl = 1;
}

def VI_InitializerKind : I32EnumAttr<"InitializerKind",
    "a distribution of initial weights", [
    I32EnumAttrCase<"Normal", 0, "normal">,
    I32EnumAttrCase<"Uniform", 1, "uniform">,
    I32EnumAttrCase<"GlorotNormal", 2, "glorot_normal">,
    I32EnumAttrCase<"GlorotUniform", 3, "glorot_uniform">,
    I32EnumAttrCase<"HeNormal", 4, "he_normal">,
    I32EnumAttrCase<"HeUniform", 5, "he_uniform">]> {
  let cppNamespace = "::vi";
  let genSpecializedAttr = 0;
}

def VI_InitializerAttr : AttrDef<VI_Dialect, "Initializer"> {
  let mnemonic = "init";
  let summary = "random weights where a fit starts";
  let description = [{
    The distribution that the elements of a real parameter are drawn from where
    a fit starts, independent, functions of the seed and of the parameter's
    place among the random ones.

    | kind | elements |
    |---|---|
    | `normal` | normal with mean 0, standard deviation `scale` |
    | `uniform` | uniform in (-`scale`, `scale`) |
    | `glorot_normal` | normal with variance `scale`^2 * 2 / (in + out) |
    | `glorot_uniform` | uniform with that variance |
    | `he_normal` | normal with variance `scale`^2 * 2 / in |
    | `he_uniform` | uniform with that variance |

    `scale` is 1 where it is not given. The first dimension of a parameter of
    rank two or more is what a unit goes out to, the second what comes in, as
    `linalg.matvec` has its matrix and `linalg.conv_2d_nchw_fchw` its filter;
    further dimensions, the receptive field, multiply both.

    X. Glorot and Y. Bengio (2010), "Understanding the difficulty of training
    deep feedforward neural networks", AISTATS; K. He, X. Zhang, S. Ren and J.
    Sun (2015), "Delving deep into rectifiers", ICCV.

    Example:

    ```mlir
    %w = vi.param "w" real initial(#vi.init<he_normal>) : tensor<32x64xf64>
    %e = vi.param "e" real initial(#vi.init<normal, 0.02>) : tensor<100x8xf64>
    ```
  }];
  let parameters = (ins EnumParameter<VI_InitializerKind>:$kind,
                    OptionalParameter<"::mlir::FloatAttr">:$scale);
  let assemblyFormat = "`<` $kind (`,` $scale^)? `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// What multiplies the distribution.
    double getFactor() const {
      return getScale() ? getScale().getValueAsDouble() : 1.0;
    }
  }];
}

#endif // VI_DIALECT_VI_IR_VIATTRIBUTES_TD
