//===- VIStructure.td - models, guides, sites, plates -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_VISTRUCTURE_TD
#define VI_DIALECT_VI_IR_VISTRUCTURE_TD

include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/CallInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "vi/Dialect/VI/IR/VIAttributes.td"
include "vi/Dialect/VI/IR/VITypes.td"

class VI_FunctionLikeOp<string mnemonic, list<Trait> traits = []>
    : VI_Op<mnemonic, traits # [
        FunctionOpInterface, IsolatedFromAbove, SingleBlock, NoTerminator,
        DeclareOpInterfaceMethods<OpAsmOpInterface,
                                  ["getAsmBlockArgumentNames"]>]> {
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  code functionDeclaration = [{
    /// The argument types, as a function without results.
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() {
      return getFunctionType().getInputs();
    }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() {
      return getFunctionType().getResults();
    }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    /// The name of data argument `index`, as the model's text spells it.
    ::llvm::StringRef getArgumentName(unsigned index) {
      return ::llvm::cast<::mlir::StringAttr>(getArgNames()[index]).getValue();
    }
  }];
  let extraClassDeclaration = functionDeclaration;
}

def VI_ModelOp : VI_FunctionLikeOp<"model", [Symbol]> {
  let summary = "a probabilistic model: data in, a joint density of its sites";
  let description = [{
    The joint log-density log p(x, z; theta) of observed sites x, latent sites
    z and learned parameters theta, as a program: `vi.sample`, `vi.observe`,
    `vi.factor` and `vi.param` in the order in which they depend on each other,
    grouped in `vi.plate`s.

    Arguments are data: scalars, or tensors of rank one or more, of `f32`, `f64`,
    integers, `i1` or `index`. Their names in the text are the names of the
    entries of the data file. An argument that holds indices says so with
    `vi.index` (see `#vi.index`).

    Sequences are loops (`scf.for`) that carry a state. A site in a loop is the
    element, at that iteration, of a site with one dimension more: its whole
    value, as the guide samples it and reports show it, has the iterations as
    leading dimension. Observations and factors may also stand in `scf.if`.

    Constraints:
    1. Site names are unique in the model.
    2. A latent of a plate is used inside the plate only; outside, its stack
       (the plate's result) is used.
    3. The number of iterations of a loop with sites of values (`vi.sample`,
       `vi.deterministic`, `vi.predict`) is a function of the data alone. Such
       sites do not stand in `scf.if`, as they are there whatever its condition.

    Example:

    ```mlir
    vi.model @local_level(%y: tensor<?xf64>, %q: f64, %r: f64) {
      %zero = arith.constant 0.0 : f64
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %n = tensor.dim %y, %c0 : tensor<?xf64>
      %last = scf.for %t = %c0 to %n step %c1
          iter_args(%before = %zero) -> f64 {
        %transition = vi.normal %before, %q : f64, f64
        %x_t = vi.sample "x" from %transition : f64
        %seen = vi.normal %x_t, %r : f64, f64
        %y_t = tensor.extract %y[%t] : tensor<?xf64>
        vi.observe "y" from %seen, %y_t : f64, f64
        scf.yield %x_t : f64
      }
    }
    ```

    Example:

    ```mlir
    vi.model @bernoulli_beta(%y: tensor<?xi1>) {
      %one = arith.constant 1.0 : f64
      %prior = vi.beta %one, %one : f64, f64
      %theta = vi.sample "theta" from %prior : f64
      %likelihood = vi.bernoulli %theta : f64
      vi.observe "y" from %likelihood, %y : i1, tensor<?xi1>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                   TypeAttrOf<FunctionType>:$function_type,
                   StrArrayAttr:$arg_names,
                   OptionalAttr<DictArrayAttr>:$arg_attrs,
                   OptionalAttr<DictArrayAttr>:$res_attrs);
}

def VI_GuideOp : VI_FunctionLikeOp<"guide", [
    Symbol, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a variational family q(z; phi) for a model";
  let description = [{
    A program that samples every latent site of a model, by name, from
    distributions that depend on parameters phi (`vi.param`), on the data, and
    on latents sampled before. A guide that uses the data is an amortized one,
    q_x(z). Its arguments are those of the model.

    Constraints:
    1. Every latent site of the model is sampled exactly once, in plates of the
       same names, with values of the same type; but one whose values are
       finitely many may be left out, and is then summed out of the model
       (`vi-marginalize`). Dimensions that are plates or
       loops in the model may be dimensions of the value, and a loop a plate or
       a loop: a chain in which a state depends on the one before.
    2. The support of each site's distribution lies inside the support of the
       model's distribution of that site: elsewhere KL(q || p) is infinite.

    Example:

    ```mlir
    vi.guide @conjugate for @bernoulli_beta(%y: tensor<?xi1>) {
      %a = vi.param "a" positive : f64
      %b = vi.param "b" positive : f64
      %q = vi.beta %a, %b : f64, f64
      %theta = vi.sample "theta" from %q : f64
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                   FlatSymbolRefAttr:$model,
                   TypeAttrOf<FunctionType>:$function_type,
                   StrArrayAttr:$arg_names,
                   OptionalAttr<DictArrayAttr>:$arg_attrs,
                   OptionalAttr<DictArrayAttr>:$res_attrs);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

def VI_CallOp : VI_Op<"call", [
    CallOpInterface, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a call of a function that is inlined";
  let description = [{
    Calls a `func.func` of the module, such as a layer of a network, from a model,
    a guide or a function. Where `func.call` wants the very types, dimensions may be
    static here that are dynamic in the function: it is written once for all
    sizes. A function of `f64` serves `f32`, too: its constants are rounded, and
    it is computed in `f32`. `vi-inline-calls` puts the body in place of the call,
    with the sizes and the precision of the call.

    Constraints:
    1. The function has a body, and does not call itself.
    2. Operands and results have the function's element types (or all of its
       `f64` are `f32`) and ranks, and its static sizes.

    Example:

    ```mlir
    func.func private @twice(%x: tensor<?xf64>) -> tensor<?xf64> {
      %y = arith.addf %x, %x : tensor<?xf64>
      return %y : tensor<?xf64>
    }
    func.func @four_times(%x: tensor<8xf64>) -> tensor<8xf64> {
      %y = vi.call @twice(%x) : (tensor<8xf64>) -> tensor<8xf64>
      %z = vi.call @twice(%y) : (tensor<8xf64>) -> tensor<8xf64>
      return %z : tensor<8xf64>
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyType>:$operands,
                   OptionalAttr<DictArrayAttr>:$arg_attrs,
                   OptionalAttr<DictArrayAttr>:$res_attrs);
  let results = (outs Variadic<AnyType>);
  let assemblyFormat = [{
    $callee `(` $operands `)` attr-dict `:` functional-type($operands, results)
  }];
  let extraClassDeclaration = [{
    ::mlir::CallInterfaceCallable getCallableForCallee() {
      return getCalleeAttr();
    }
    void setCalleeFromCallable(::mlir::CallInterfaceCallable callee) {
      setCalleeAttr(
          ::llvm::cast<::mlir::FlatSymbolRefAttr>(
              ::llvm::cast<::mlir::SymbolRefAttr>(callee)));
    }
    ::mlir::Operation::operand_range getArgOperands() { return getOperands(); }
    ::mlir::MutableOperandRange getArgOperandsMutable() {
      return getOperandsMutable();
    }
  }];
}

//===----------------------------------------------------------------------===//
// Sites
//===----------------------------------------------------------------------===//

// A site declares a random variable or a term of the joint density: it is
// never removed or merged, so it has an effect.
class VI_SiteOp<string mnemonic, list<Trait> traits = []>
    : VI_Op<mnemonic, traits # [MemoryEffects<[MemWrite]>]>;

def VI_ParamOp : VI_SiteOp<"param", [AttrSizedOperandSegments]> {
  let summary = "a parameter that maximizing the ELBO learns";
  let description = [{
    In a model, a parameter theta; in a guide, a parameter phi. The optimizer
    works on the unconstrained scale, through the bijector of the support
    (`vi.constrain`); the value here is the constrained one. `sizes` gives the
    dynamic dimensions of the type, functions of the data. `initial` is the
    value on the constrained scale where the fit starts (a number for all
    elements, or an elements attribute, inside the set and not at its end), or,
    for real parameters of rank two and more, a distribution of random weights
    (`#vi.init`); without it, the image of 0.

    The bounds of `greater_than`, `less_than` and `interval` are operands;
    constants must be finite, and the lower one below the upper.

    Example:

    ```mlir
    %scale = vi.param "scale" positive initial(1.0) : f64
    %w = vi.param "w" real [%d] : tensor<?xf64>
    %p = vi.param "p" interval bounds(%low, %high : f64, f64) : f64
    ```
  }];
  let arguments = (ins StrAttr:$name, VI_SupportKindAttr:$support,
                   Variadic<AnyFloat>:$bounds, Variadic<Index>:$sizes,
                   OptionalAttr<AnyAttr>:$initial);
  let results = (outs AnyType:$value);
  let assemblyFormat = [{
    $name custom<Support>($support) (`bounds` `(` $bounds^ `:` type($bounds) `)`)?
    (`[` $sizes^ `]`)? (`initial` `(` $initial^ `)`)? attr-dict `:` type($value)
  }];
  let hasVerifier = 1;
}

def VI_SampleOp : VI_SiteOp<"sample"> {
  let summary = "a latent site";
  let description = [{
    In a model, declares a latent random variable z with its prior; in a guide,
    samples the site of that name from q. The result is the value.

    The distribution is over the result's type; or over its element, and then
    the elements are independent draws from it, whose dynamic dimensions
    `sizes` gives.

    In a guide, an `auxiliary` site is none of the model's: a joint draw that
    sites are parts of (these are then sampled from `vi.delta`). On the
    unconstrained scale it must be the concatenation of all sites, in the order
    of the model.

    Example:

    ```mlir
    %mu = vi.sample "mu" from %prior : f64
    %beta = vi.sample "beta" from %prior [%d] : f64 -> tensor<?xf64>
    ```
  }];
  let arguments = (ins StrAttr:$name, UnitAttr:$auxiliary,
                   VI_DistType:$distribution, Variadic<Index>:$sizes);
  let results = (outs AnyType:$value);
  let assemblyFormat = [{
    $name (`auxiliary` $auxiliary^)? `from` $distribution (`[` $sizes^ `]`)?
    attr-dict `:` custom<SampleTypes>(type($distribution), type($value))
  }];
  let hasVerifier = 1;
}

def VI_ObserveOp : VI_SiteOp<"observe"> {
  let summary = "an observed site";
  let description = [{
    Adds log p(value) under the distribution to the joint log-density. A
    distribution over an element applies to each element of a tensor value.
    With `if`, only where the mask is true.

    Example:

    ```mlir
    vi.observe "y" from %likelihood, %y : f64, tensor<?xf64>
    vi.observe "y" from %likelihood, %y_i if %seen_i : f64, f64, i1
    ```
  }];
  let arguments = (ins StrAttr:$name, VI_DistType:$distribution,
                   AnyType:$value, Optional<AnyType>:$mask);
  let assemblyFormat = [{
    $name `from` $distribution `,` $value (`if` $mask^)? attr-dict `:`
    custom<DistValueType>(type($distribution)) `,` type($value)
    (`,` type($mask)^)?
  }];
  let hasVerifier = 1;
}

def VI_FactorOp : VI_SiteOp<"factor"> {
  let summary = "a term of the joint log-density";
  let description = [{
    Adds a number to the log-density (natural logarithm): a likelihood that no
    family has, a penalty, a Jacobian, the log-sum-exp of a mixture. As the
    term need not be normalized, the ELBO is then known up to a constant,
    unless the factor is `normalized`: a conditional log-density of data, as a
    mixture's is.

    Example:

    ```mlir
    vi.factor "mixture" normalized %log_density : f64
    ```
  }];
  let arguments = (ins StrAttr:$name, UnitAttr:$normalized,
                   AnyFloat:$log_density);
  let assemblyFormat = [{
    $name (`normalized` $normalized^)? $log_density attr-dict `:`
    type($log_density)
  }];
}

def VI_DeterministicOp : VI_SiteOp<"deterministic"> {
  let summary = "a generated quantity: a function of latents and data";
  let description = [{
    Reports a value with the posterior draws, like a site. Adds nothing to the
    density. In a plate, one value a member. `latent` marks the value of a
    latent site on its own scale where the site itself has been moved to the
    unconstrained one.

    Example:

    ```mlir
    vi.deterministic "theta" %theta_j : f64
    ```
  }];
  let arguments = (ins StrAttr:$name, UnitAttr:$latent, AnyType:$value);
  let assemblyFormat = [{
    $name (`latent` $latent^)? $value attr-dict `:` type($value)
  }];
  let hasVerifier = 1;
}

def VI_PredictOp : VI_SiteOp<"predict"> {
  let summary = "a generated draw: replicated or new data";
  let description = [{
    Reports, with each posterior draw of the latents, a draw from a
    distribution given them (posterior predictive). Adds nothing to the
    density. In a plate, one draw a member.

    Example:

    ```mlir
    vi.predict "y_rep" from %likelihood : f64
    ```
  }];
  let arguments = (ins StrAttr:$name, VI_DistType:$distribution,
                   Variadic<Index>:$sizes);
  let results = (outs AnyType:$value);
  let assemblyFormat = [{
    $name `from` $distribution (`[` $sizes^ `]`)? attr-dict `:`
    custom<SampleTypes>(type($distribution), type($value))
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Plates
//===----------------------------------------------------------------------===//

def VI_PlateOp : VI_Op<"plate", [
    AttrSizedOperandSegments, AttrSizedResultSegments, SingleBlock,
    RecursiveMemoryEffects, RecursivelySpeculatable,
    DeclareOpInterfaceMethods<OpAsmOpInterface,
                              ["getAsmBlockArgumentNames"]>]> {
  let summary = "a set of conditionally independent members";
  let description = [{
    Runs its region once for each member i of 0 .. count - 1, in no particular
    order: given what they capture, members are independent. The region's
    arguments are the member's index, its slices, and the running sums.

    - A *slice* is the member's part of a tensor: element i of a tensor of rank
      one, the tensor T[i, ...] of one dimension less otherwise. The leading
      dimension of the tensor must be the plate's count.
    - A *sum* adds up over members. The region receives the sum so far and
      yields it with the member's contribution added, and uses it for nothing
      else, so that the order of members, and partial sums, are free to choose.
      A sum may be a tensor, of which a member updates one element (the adjoint
      of a gather).
    - A *stack* has the members' values along a new leading dimension.

    Results are the sums, then the stacks. With `from a to b` only members
    a .. b-1 run (a minibatch); stacks are zero elsewhere. Plates of the same
    name have the same members.

    The derivative of a plate is a plate: captured values have sums for
    adjoints, slices have stacks.

    Example:

    ```mlir
    %theta = vi.plate "school" %j in %J (%y_j = %y : tensor<?xf64>)
        -> tensor<?xf64> {
      %theta_j = vi.sample "theta" from %prior : f64
      %likelihood = vi.normal %theta_j, %sigma : f64, f64
      vi.observe "y" from %likelihood, %y_j : f64, f64
      vi.yield %theta_j : f64
    }

    %total = vi.plate "school" %j in %J (%y_j = %y : tensor<?xf64>)
        sums(%s = %zero : f64) {
      %next = arith.addf %s, %y_j : f64
      vi.yield sums(%next : f64)
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, Index:$count, Optional<Index>:$begin,
                   Optional<Index>:$end, Variadic<AnyRankedTensor>:$slices,
                   Variadic<AnyType>:$inits);
  let results = (outs Variadic<AnyType>:$sums,
                 Variadic<AnyRankedTensor>:$stacks);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::Value":$count,
      "::mlir::Value":$begin, "::mlir::Value":$end,
      "::mlir::ValueRange":$slices, "::mlir::ValueRange":$inits,
      "::mlir::TypeRange":$stackTypes)>
  ];
  let extraClassDeclaration = [{
    /// The type of one member's slice of a tensor: its element, or the tensor
    /// without the leading dimension.
    static ::mlir::Type getMemberType(::mlir::RankedTensorType type);
    /// The type of the stack of `count` (or dynamically many) member values.
    static ::mlir::RankedTensorType getStackType(::mlir::Type member,
                                                 int64_t count);
    ::mlir::Block *getBlock() { return &getBody().front(); }
    ::mlir::BlockArgument getIndex() { return getBlock()->getArgument(0); }
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getMemberArguments() {
      return getBlock()->getArguments().slice(1, getSlices().size());
    }
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getSumArguments() {
      return getBlock()->getArguments().drop_front(1 + getSlices().size());
    }
    /// The number of members as far as it is known from the IR, or
    /// `ShapedType::kDynamic`.
    int64_t getStaticCount();
    YieldOp getYield();
  }];
}

def VI_TensorOrBuffer : AnyTypeOf<[AnyRankedTensor, AnyMemRef]>;

def VI_ChunksOp : VI_Op<"chunks", [
    AttrSizedOperandSegments, DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs the members of a plate in chunks";
  let description = [{
    Calls a function for each chunk of the members `begin` .. `end` - 1: chunk c
    has the members from `begin + c length` on, `length` of them, or fewer in the
    last chunk. The function has the attribute `vi.chunk`. Its arguments are the
    chunk's first member, the one past its last, the inputs, the sums, and the
    chunk's rows of the stacks; it returns sums and rows.

    - The first chunk adds to the sums that the operation begins with; each other
      one starts from zero, and what it returns is added to that, in the order of
      the chunks. So the result depends on the grid of chunks alone, not on which
      of them run at once.
    - A chunk writes its rows of the stacks; the others stay as they are.

    Sums (numbers are of rank zero) and stacks are tensors or buffers, updated in
    place. `vi-chunk-plates` makes this operation.

    Example:

    ```mlir
    func.func private @g(index, index, tensor<f64>) -> tensor<f64>
    func.func @f(%b: index, %e: index, %n: index, %s: tensor<f64>) -> tensor<f64> {
      %t = vi.chunks @g from %b to %e by %n sums(%s : tensor<f64>) -> tensor<f64>
      return %t : tensor<f64>
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Index:$begin, Index:$end,
                   Index:$length, Variadic<AnyType>:$inputs,
                   Variadic<VI_TensorOrBuffer>:$sums,
                   Variadic<VI_TensorOrBuffer>:$stacks);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $callee `from` $begin `to` $end `by` $length
    (`inputs` `(` $inputs^ `:` type($inputs) `)`)?
    (`sums` `(` $sums^ `:` type($sums) `)`)?
    (`stacks` `(` $stacks^ `:` type($stacks) `)`)?
    attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable();
    /// The type of a chunk's rows of the stack `type`.
    static ::mlir::RankedTensorType getRowsType(::mlir::RankedTensorType type);
  }];
}

def VI_YieldOp : VI_Op<"yield", [
    Pure, Terminator, ReturnLike, AttrSizedOperandSegments,
    ParentOneOf<["PlateOp", "ExpectOp"]>]> {
  let summary = "ends the region of a plate or an expectation";
  let description = [{
    In a plate: the running sums with the member's contributions added, and
    the member's values to be stacked. In an expectation: the integrands.

    Example:

    ```mlir
    vi.yield sums(%total : f64) %theta_j : f64
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$sums, Variadic<AnyType>:$values);
  let assemblyFormat = [{
    (`sums` `(` $sums^ `:` type($sums) `)`)? ($values^ `:` type($values))?
    attr-dict
  }];
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange(), ::mlir::ValueRange()); }]>];
}

#endif // VI_DIALECT_VI_IR_VISTRUCTURE_TD
