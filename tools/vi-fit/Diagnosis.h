//===- Diagnosis.h - where a density is not finite -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TOOLS_VI_FIT_DIAGNOSIS_H
#define VI_TOOLS_VI_FIT_DIAGNOSIS_H

#include "JITModel.h"
#include "vi/Fit/Objective.h"

#include <string>

namespace vi {

/// Says which term of log p(x, u) is the first one, in the order of the text,
/// that is not finite at `point`: its site and element, its operation, and the
/// line of the source. Compiles the model anew with each term on its own, and
/// so is for failures alone. `source` is the module before it was compiled,
/// `options` what it was compiled with.
///
/// Where every term is finite, an expectation over q that is taken in closed
/// form is not, or a derivative, and the text says so.
std::string describeNonFinite(mlir::ModuleOp source, const data::DataSet &data,
                              JITModelOptions options,
                              const fit::NonFinitePoint &point);

} // namespace vi

#endif // VI_TOOLS_VI_FIT_DIAGNOSIS_H
