//===- JIT.cpp - compile and call in process ------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Target/JIT.h"
#include "mlir/Pass/PassManager.h"
#include "vi/Target/Passes.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include <chrono>

using namespace llvm;

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

Expected<std::unique_ptr<vi::JIT>> vi::JIT::compile(mlir::ModuleOp module,
                                                    const Options &options) {
  std::unique_ptr<JIT> result(new JIT);
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
  auto lap = [&start](double &seconds) {
    Clock::time_point now = Clock::now();
    seconds = std::chrono::duration<double>(now - start).count();
    start = now;
  };

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
  lap(result->timing.lowering);

  LLVMContext context;
  auto llvmModule = translateToLLVM(module, context, **machine);
  if (!llvmModule)
    return llvmModule.takeError();
  addPackedFunctions(**llvmModule);
  lap(result->timing.translation);

  optimize(**llvmModule, **machine);
  lap(result->timing.optimization);

  SmallVector<char, 0> object;
  {
    raw_svector_ostream os(object);
    if (Error error = emitObject(**llvmModule, **machine, os))
      return error;
  }
  auto jit = orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  result->jit = std::move(*jit);
  if (Error error =
          result->jit->addObjectFile(std::make_unique<SmallVectorMemoryBuffer>(
              std::move(object), "vi", /*RequiresNullTerminator=*/false)))
    return error;
  // Resolves everything at once: a missing symbol is an error here.
  for (llvm::Function &function : **llvmModule) {
    if (!function.getName().starts_with(getPackedName("")))
      continue;
    auto address = result->jit->lookup(function.getName());
    if (!address)
      return address.takeError();
    break;
  }
  lap(result->timing.generation);
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
