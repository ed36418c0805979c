//===- JIT.cpp - compile and call in process ------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Target/JIT.h"
#include "mlir/Pass/PassManager.h"
#include "vi/Target/Passes.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
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
  for (Function &function : module)
    if (!function.isDeclaration() && !function.hasLocalLinkage())
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

/// Exported functions that are compiled together, and what comes of it.
struct Part {
  /// They, and those that unpack their arguments.
  StringSet<> functions;
  size_t size = 0;
  std::unique_ptr<TargetMachine> machine;
  SmallVector<char, 0> object;
  std::optional<Error> error;
  double optimization = 0, generation = 0;
};

} // namespace

/// Distributes the exported functions over parts of about the same size, which
/// depend on the module alone, not on the machine.
static std::vector<Part> makeParts(Module &module) {
  constexpr size_t maxParts = 4;
  std::vector<std::pair<size_t, Function *>> exported;
  for (Function &function : module)
    if (!function.isDeclaration() && !function.hasLocalLinkage() &&
        !function.getName().starts_with(getPackedName("")))
      exported.emplace_back(function.getInstructionCount(), &function);
  // The largest first, each into the smallest part.
  llvm::sort(exported, [](const auto &a, const auto &b) {
    return a.first != b.first ? a.first > b.first
                              : a.second->getName() < b.second->getName();
  });
  std::vector<Part> parts(
      std::max<size_t>(1, std::min(maxParts, exported.size())));
  for (auto [size, function] : exported) {
    auto part = llvm::min_element(
        parts, [](const Part &a, const Part &b) { return a.size < b.size; });
    part->size += size;
    part->functions.insert(function->getName());
    part->functions.insert(getPackedName(function->getName()));
  }
  return parts;
}

/// Compiles the functions of a part of the module that `bitcode` holds. Private
/// functions that several parts call are in each.
static Error compilePart(MemoryBufferRef bitcode, Part &part) {
  LLVMContext context;
  auto module = parseBitcodeFile(bitcode, context);
  if (!module)
    return module.takeError();
  for (Function &function : **module)
    if (!function.isDeclaration() && !function.hasLocalLinkage() &&
        !part.functions.contains(function.getName()))
      function.deleteBody();
  Clock::time_point start = Clock::now();
  vi::optimize(**module, *part.machine);
  part.optimization = lap(start);
  raw_svector_ostream os(part.object);
  Error error = vi::emitObject(**module, *part.machine, os);
  part.generation = lap(start);
  return error;
}

Error vi::JIT::compileParts(Module &module, const TargetDescription &target) {
  Clock::time_point start = Clock::now();
  SmallVector<char, 0> bitcode;
  raw_svector_ostream os(bitcode);
  WriteBitcodeToFile(module, os);
  MemoryBufferRef buffer(StringRef(bitcode.data(), bitcode.size()), "vi");
  std::vector<Part> parts = makeParts(module);
  for (Part &part : parts) {
    auto machine = createTargetMachine(target);
    if (!machine)
      return machine.takeError();
    part.machine = std::move(*machine);
  }
  {
    DefaultThreadPool pool(hardware_concurrency(parts.size()));
    for (Part &part : parts)
      pool.async(
          [&part, buffer] { part.error.emplace(compilePart(buffer, part)); });
    pool.wait();
  }
  Error errors = Error::success();
  double optimization = 0, generation = 0;
  for (Part &part : parts) {
    errors = joinErrors(std::move(errors), std::move(*part.error));
    optimization += part.optimization;
    generation += part.generation;
  }
  if (errors)
    return errors;

  auto created = orc::LLJITBuilder().create();
  if (!created)
    return created.takeError();
  jit = std::move(*created);
  for (Part &part : parts)
    if (Error error =
            jit->addObjectFile(std::make_unique<SmallVectorMemoryBuffer>(
                std::move(part.object), "vi",
                /*RequiresNullTerminator=*/false)))
      return error;
  // Resolves everything at once: a missing symbol is an error here.
  for (Part &part : parts) {
    if (part.functions.empty())
      continue;
    auto address = jit->lookup(part.functions.begin()->getKey());
    if (!address)
      return address.takeError();
  }
  // The time of both, by their shares over all threads.
  double elapsed = lap(start);
  double share = optimization / std::max(optimization + generation, 1e-9);
  timing.optimization = share * elapsed;
  timing.generation = elapsed - timing.optimization;
  return Error::success();
}

Expected<std::unique_ptr<vi::JIT>> vi::JIT::compile(mlir::ModuleOp module,
                                                    const Options &options) {
  std::unique_ptr<JIT> result(new JIT);
  Clock::time_point start = Clock::now();
  auto machine = createTargetMachine(options.target);
  if (!machine)
    return machine.takeError();
  mlir::PassManager manager(module->getContext(),
                            mlir::ModuleOp::getOperationName());
  manager.enableVerifier(false);
  LoweringOptions lowering;
  lowering.contract = options.contract;
  lowering.setMachineModel(getMachineModel(**machine, options.target.isHost()));
  buildLoweringPipeline(manager, lowering);
  if (mlir::failed(manager.run(module)))
    return createStringError("cannot lower the module to the LLVM dialect");
  result->timing.lowering = lap(start);

  LLVMContext context;
  auto llvmModule = translateToLLVM(module, context, **machine);
  if (!llvmModule)
    return llvmModule.takeError();
  addPackedFunctions(**llvmModule);
  result->timing.translation = lap(start);
  if (Error error = result->compileParts(**llvmModule, options.target))
    return error;
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
