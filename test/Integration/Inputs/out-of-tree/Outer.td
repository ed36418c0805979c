// A dialect of another project, with an operation on distributions.

include "mlir/IR/OpBase.td"
include "vi/Dialect/VI/IR/VITypes.td"

def OuterDialect : Dialect {
  let name = "outer";
  let cppNamespace = "::outer";
}

def DescribeOp : Op<OuterDialect, "describe"> {
  let summary = "uses a distribution";
  let arguments = (ins VI_DistType:$distribution);
  let assemblyFormat = "$distribution attr-dict `:` type($distribution)";
}
