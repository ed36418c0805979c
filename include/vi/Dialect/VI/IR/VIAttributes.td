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

#endif // VI_DIALECT_VI_IR_VIATTRIBUTES_TD
