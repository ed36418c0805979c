//===- VITypes.td - types -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_VITYPES_TD
#define VI_DIALECT_VI_IR_VITYPES_TD

include "mlir/IR/AttrTypeBase.td"
include "vi/Dialect/VI/IR/VIDialect.td"

def VI_DistType : TypeDef<VI_Dialect, "Dist"> {
  let mnemonic = "dist";
  let summary = "a probability distribution over values of a type";
  let description = [{
    `!vi.dist<T>` is the type of a distribution over values of type `T`, a
    scalar or a tensor (of rank one or more) of `f32`, `f64`, `i1`, `i32` or
    `i64`. A single number is a scalar, here and in sites, parameters and data:
    `tensor<f64>` is refused, so that there is one form of it.

    A distribution over a tensor is either a family of independent members
    (an elementwise family, such as `vi.normal`, whose parameters are tensors)
    or one joint distribution (a multivariate family, such as
    `vi.multivariate_normal`); `getEventRank` of the family's interface tells
    how many trailing dimensions are joint.

    Example:

    ```mlir
    !vi.dist<f64>
    !vi.dist<tensor<?xi1>>
    ```
  }];
  let parameters = (ins "::mlir::Type":$valueType);
  let assemblyFormat = "`<` $valueType `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The scalar type of the values: `f64` for `!vi.dist<tensor<?xf64>>`.
    ::mlir::Type getElementType() const {
      return ::mlir::getElementTypeOrSelf(getValueType());
    }
  }];
}

#endif // VI_DIALECT_VI_IR_VITYPES_TD
