//===- JIT.cpp - compile and call in process ------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Target/JIT.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "vi/Target/Passes.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include <chrono>

using namespace llvm;

using Clock = std::chrono::steady_clock;

/// The seconds since `start`, which becomes now.
static double lap(Clock::time_point &start) {
  Clock::time_point now = Clock::now();
  double seconds = std::chrono::duration<double>(now - start).count();
  start = now;
  return seconds;
}

/// The name of the function that unpacks the arguments of `name`.
static std::string getPackedName(StringRef name) {
  return ("vi.packed." + name).str();
}

/// Adds, for each function that the module exports, one that takes an array of
/// pointers to the arguments and to the result.
static void addPackedFunctions(Module &module) {
  LLVMContext &context = module.getContext();
  IRBuilder<> builder(context);
  Type *pointer = builder.getPtrTy();
  auto *type = FunctionType::get(builder.getVoidTy(), pointer, false);
  SmallVector<Function *> exported;
  // What lowering has made (linkonce) may be in several parts.
  for (Function &function : module)
    if (!function.isDeclaration() && function.hasExternalLinkage())
      exported.push_back(&function);
  for (Function *function : exported) {
    auto *packed = Function::Create(type, Function::ExternalLinkage,
                                    getPackedName(function->getName()), module);
    for (const char *kind : {"target-cpu", "target-features"})
      if (function->hasFnAttribute(kind))
        packed->addFnAttr(function->getFnAttribute(kind));
    builder.SetInsertPoint(BasicBlock::Create(context, "", packed));
    Value *list = packed->getArg(0);
    unsigned index = 0;
    auto next = [&]() -> Value * {
      return builder.CreateLoad(
          pointer, builder.CreateConstGEP1_64(pointer, list, index++));
    };
    SmallVector<Value *> arguments;
    for (Argument &argument : function->args()) {
      Type *type = argument.getType();
      Value *address = next();
      // A bool is a byte in memory.
      bool isBool = type->isIntegerTy(1);
      Value *value =
          builder.CreateLoad(isBool ? builder.getInt8Ty() : type, address);
      if (isBool)
        value = builder.CreateTrunc(value, type);
      arguments.push_back(value);
    }
    CallInst *call = builder.CreateCall(function, arguments);
    call->setAttributes(function->getAttributes());
    Value *result = call;
    if (!function->getReturnType()->isVoidTy()) {
      if (result->getType()->isIntegerTy(1))
        result = builder.CreateZExt(result, builder.getInt8Ty());
      builder.CreateStore(result, next());
    }
    builder.CreateRetVoid();
  }
}

namespace {

/// Exported functions that are compiled together, as a module of their own, and
/// what comes of it.
struct Part {
  StringSet<> functions;
  size_t size = 0;
  mlir::ModuleOp module;
  std::unique_ptr<TargetMachine> machine;
  SmallVector<char, 0> object;
  std::optional<Error> error;
  double translation = 0, optimization = 0, generation = 0;
};

} // namespace

/// Distributes the exported functions over parts of about the same size, which
/// depend on the module alone, not on the machine.
static std::vector<Part> makeParts(mlir::ModuleOp module) {
  constexpr size_t maxParts = 4;
  std::vector<std::pair<size_t, mlir::func::FuncOp>> exported;
  for (auto function : module.getOps<mlir::func::FuncOp>()) {
    if (!function.isPublic() || !function->hasAttr("vi.export"))
      continue;
    size_t size = 0;
    function.walk([&](mlir::Operation *) { ++size; });
    exported.emplace_back(size, function);
  }
  // The largest first, each into the smallest part.
  llvm::sort(exported, [](auto &a, auto &b) {
    return a.first != b.first ? a.first > b.first
                              : a.second.getSymName() < b.second.getSymName();
  });
  std::vector<Part> parts(
      std::max<size_t>(1, std::min(maxParts, exported.size())));
  for (auto &[size, function] : exported) {
    auto part = llvm::min_element(
        parts, [](const Part &a, const Part &b) { return a.size < b.size; });
    part->size += size;
    part->functions.insert(function.getSymName());
  }
  return parts;
}

/// Makes `module` hold a module for each part. Private functions are in each
/// that calls them.
static void divide(mlir::ModuleOp module, std::vector<Part> &parts) {
  auto builder = mlir::OpBuilder::atBlockEnd(module.getBody());
  SmallVector<mlir::Operation *> all;
  for (mlir::Operation &op : *module.getBody())
    all.push_back(&op);
  for (Part &part : parts) {
    part.module = mlir::ModuleOp::create(builder, module.getLoc());
    part.module->setAttrs(module->getAttrDictionary());
    auto inside = mlir::OpBuilder::atBlockEnd(part.module.getBody());
    for (mlir::Operation *op : all) {
      mlir::Operation *copy = inside.clone(*op);
      auto function = dyn_cast<mlir::func::FuncOp>(copy);
      if (function && function.isPublic() &&
          !part.functions.contains(function.getSymName())) {
        function.setPrivate();
        function->removeAttr("vi.export");
      }
    }
  }
  for (mlir::Operation *op : all)
    op->erase();
}

/// From the LLVM dialect to an object in memory.
static Error compilePart(Part &part) {
  LLVMContext context;
  Clock::time_point start = Clock::now();
  auto module = vi::translateToLLVM(part.module, context, *part.machine);
  if (!module)
    return module.takeError();
  addPackedFunctions(**module);
  part.translation = lap(start);
  vi::optimize(**module, *part.machine);
  part.optimization = lap(start);
  raw_svector_ostream os(part.object);
  Error error = vi::emitObject(**module, *part.machine, os);
  part.generation = lap(start);
  return error;
}

/// Loads what was compiled.
static Expected<std::unique_ptr<orc::LLJIT>> link(std::vector<Part> &parts) {
  auto jit = orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  for (Part &part : parts)
    if (Error error =
            (*jit)->addObjectFile(std::make_unique<SmallVectorMemoryBuffer>(
                std::move(part.object), "vi",
                /*RequiresNullTerminator=*/false)))
      return error;
  // Resolves everything at once: a missing symbol is an error here.
  for (Part &part : parts) {
    if (part.functions.empty())
      continue;
    auto address = (*jit)->lookup(part.functions.begin()->getKey());
    if (!address)
      return address.takeError();
  }
  return jit;
}

Expected<std::unique_ptr<vi::JIT>> vi::JIT::compile(mlir::ModuleOp module,
                                                    const Options &options) {
  std::unique_ptr<JIT> result(new JIT);
  if (options.threads > 1)
    if (Error error = loadOpenMP())
      return error;
  Clock::time_point start = Clock::now();
  std::vector<Part> parts = makeParts(module);
  for (Part &part : parts) {
    auto machine = createTargetMachine(options.target);
    if (!machine)
      return machine.takeError();
    part.machine = std::move(*machine);
  }
  divide(module, parts);
  // Modules in a module are lowered in threads.
  mlir::PassManager manager(module->getContext(),
                            mlir::ModuleOp::getOperationName());
  manager.enableVerifier(options.verify);
  mlir::OpPassManager &nested = manager.nest<mlir::ModuleOp>();
  nested.addPass(mlir::createSymbolDCEPass());
  LoweringOptions lowering;
  lowering.contract = options.contract;
  lowering.threads = options.threads > 1 ? options.threads : 0;
  lowering.setMachineModel(
      getMachineModel(*parts.front().machine, options.target.isHost()));
  buildLoweringPipeline(nested, lowering);
  if (mlir::failed(manager.run(module)))
    return createStringError("cannot lower the module to the LLVM dialect");
  result->timing.lowering = lap(start);

  {
    DefaultThreadPool pool(hardware_concurrency(parts.size()));
    for (Part &part : parts)
      pool.async([&part] { part.error.emplace(compilePart(part)); });
    pool.wait();
  }
  Error errors = Error::success();
  Timing sum;
  for (Part &part : parts) {
    errors = joinErrors(std::move(errors), std::move(*part.error));
    sum.translation += part.translation;
    sum.optimization += part.optimization;
    sum.generation += part.generation;
  }
  if (errors)
    return errors;
  auto jit = link(parts);
  if (!jit)
    return jit.takeError();
  result->jit = std::move(*jit);
  // The time of all three, by their shares over all threads.
  double share = lap(start) / std::max(sum.total(), 1e-9);
  result->timing.translation = share * sum.translation;
  result->timing.optimization = share * sum.optimization;
  result->timing.generation = share * sum.generation;
  return result;
}

vi::JIT::~JIT() = default;

Expected<void *> vi::JIT::lookupSymbol(StringRef name) const {
  auto address = jit->lookup(name);
  if (!address)
    return address.takeError();
  return address->toPtr<void *>();
}

Expected<vi::JIT::Function> vi::JIT::lookup(StringRef name) const {
  auto address = jit->lookup(getPackedName(name));
  if (!address) {
    consumeError(address.takeError());
    return createStringError("no function '%s' is exported",
                             name.str().c_str());
  }
  return address->toPtr<Function>();
}
