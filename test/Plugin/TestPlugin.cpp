//===- TestPlugin.cpp - a dialect and a pass that vi-opt can load ---------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

using namespace mlir;

namespace {

/// A dialect whose operations need no declaration.
class PluginDialect : public Dialect {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PluginDialect)
  explicit PluginDialect(MLIRContext *context)
      : Dialect(getDialectNamespace(), context, TypeID::get<PluginDialect>()) {
    allowUnknownOperations();
  }
  static constexpr StringLiteral getDialectNamespace() {
    return StringLiteral("plugin");
  }
};

/// Marks the plugin's operations.
struct MarkPass : PassWrapper<MarkPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MarkPass)
  StringRef getArgument() const override { return "plugin-mark"; }
  StringRef getDescription() const override {
    return "mark the operations of the plugin's dialect";
  }
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (op->getName().getDialectNamespace() == "plugin")
        op->setAttr("plugin.marked", UnitAttr::get(op->getContext()));
    });
  }
};

} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "ViTestPlugin", "1",
          [](DialectRegistry *registry) { registry->insert<PluginDialect>(); }};
}

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "ViTestPlugin", "1",
          [] { PassRegistration<MarkPass>(); }};
}
