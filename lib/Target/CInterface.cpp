//===- CInterface.cpp - the C interface and its header --------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Target/CInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

//===----------------------------------------------------------------------===//
// Types and names
//===----------------------------------------------------------------------===//

StringRef vi::getCTypeName(Type scalar, bool inMemory) {
  if (scalar.isF64())
    return "double";
  if (scalar.isF32())
    return "float";
  if (scalar.isInteger(64) || scalar.isIndex())
    return "int64_t";
  if (scalar.isInteger(32))
    return "int32_t";
  if (scalar.isInteger(1))
    return inMemory ? "uint8_t" : "bool";
  return "";
}

/// Why a value of type `type` cannot cross the interface, or empty.
static std::string getObstacle(Type type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  Type element = type;
  if (auto tensor = dyn_cast<RankedTensorType>(type)) {
    if (tensor.getEncoding())
      os << "the encoding of " << type;
    element = tensor.getElementType();
  }
  if (vi::getCTypeName(element, false).empty())
    os << "the type " << type;
  return text;
}

LogicalResult vi::verifyExported(func::FuncOp func) {
  if (func.isDeclaration())
    return func.emitOpError("with 'vi.export' has no body");
  if (!func.getBody().hasOneBlock())
    return func.emitOpError("with 'vi.export' has more than one block");
  if (getCIdentifier(func.getName()) != func.getName())
    return func.emitOpError("with 'vi.export' has a name that is no "
                            "identifier of C: '")
           << func.getName() << "'";
  for (auto [i, type] : llvm::enumerate(func.getArgumentTypes())) {
    std::string obstacle = getObstacle(type);
    if (!obstacle.empty())
      return func.emitOpError("with 'vi.export' has an argument '")
             << getCArgumentName(func, i)
             << "' that C cannot pass: " << obstacle;
  }
  for (auto [i, type] : llvm::enumerate(func.getResultTypes())) {
    std::string obstacle = getObstacle(type);
    if (!obstacle.empty())
      return func.emitOpError("with 'vi.export' has a result '")
             << getCResultName(func, i)
             << "' that C cannot receive: " << obstacle;
  }
  return success();
}

bool vi::hasExportedFunction(ModuleOp module) {
  return llvm::any_of(module.getOps<func::FuncOp>(), [](func::FuncOp func) {
    return func->hasAttr("vi.export");
  });
}

std::string vi::getCIdentifier(StringRef name) {
  // Keywords of C and C++ that a name of the statistics literature may hit.
  static const llvm::StringSet<> reserved = {
      "alignas",  "alignof",  "and",       "asm",       "auto",   "bool",
      "break",    "case",     "catch",     "char",      "class",  "const",
      "continue", "default",  "delete",    "do",        "double", "else",
      "enum",     "explicit", "export",    "extern",    "false",  "float",
      "for",      "friend",   "goto",      "if",        "inline", "int",
      "long",     "mutable",  "namespace", "new",       "not",    "nullptr",
      "operator", "or",       "private",   "protected", "public", "register",
      "restrict", "return",   "short",     "signed",    "sizeof", "static",
      "struct",   "switch",   "template",  "this",      "throw",  "true",
      "try",      "typedef",  "typeid",    "typename",  "union",  "unsigned",
      "using",    "virtual",  "void",      "volatile",  "while",  "xor"};
  std::string result;
  for (char c : name)
    result += llvm::isAlnum(c) ? c : '_';
  if (result.empty() || llvm::isDigit(result.front()))
    result.insert(result.begin(), '_');
  if (reserved.contains(result))
    result += '_';
  return result;
}

std::string vi::getCArgumentName(func::FuncOp func, unsigned index) {
  if (auto name = func.getArgAttrOfType<StringAttr>(index, "vi.name"))
    return getCIdentifier(name.getValue());
  return "argument" + std::to_string(index);
}

std::string vi::getCResultName(func::FuncOp func, unsigned index) {
  std::string name = "result" + std::to_string(index);
  if (auto attr = func.getResultAttrOfType<StringAttr>(index, "vi.name"))
    name = getCIdentifier(attr.getValue());
  // An argument of that name (a site whose data have its name) comes first.
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    if (getCArgumentName(func, i) == name)
      return name + "_out";
  return name;
}

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

/// Writes `text` as lines of a block comment, the first one at `first`.
static void printWrapped(raw_ostream &os, StringRef first, StringRef rest,
                         StringRef text) {
  constexpr size_t width = 80;
  std::string clean = text.str();
  // Nothing in the text may end the comment.
  for (size_t at; (at = clean.find("*/")) != std::string::npos;)
    clean.insert(at + 1, " ");
  SmallVector<StringRef> words;
  StringRef(clean).split(words, ' ', -1, /*KeepEmpty=*/false);
  std::string line = first.str();
  bool empty = true;
  for (StringRef piece : words) {
    SmallVector<StringRef> parts;
    piece.split(parts, '\n', -1, /*KeepEmpty=*/false);
    for (StringRef word : parts) {
      if (!empty && line.size() + 1 + word.size() > width) {
        os << line << '\n';
        line = rest.str();
        empty = true;
      }
      if (!empty)
        line += ' ';
      line += word;
      empty = false;
    }
  }
  os << StringRef(line).rtrim() << '\n';
}

/// What a tensor argument or result is, in words: "J x 3 matrix".
static std::string describe(Type type, StringRef name, bool isResult) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return "";
  if (tensor.getRank() == 0)
    return "a single value";
  // The sizes of a result are no parameters; its documentation names them.
  bool unknown = isResult && !tensor.hasStaticShape();
  if (unknown)
    return tensor.getRank() == 1
               ? "an array"
               : "an array of rank " + std::to_string(tensor.getRank()) +
                     ", row-major";
  std::string text;
  for (auto [dim, size] : llvm::enumerate(tensor.getShape())) {
    if (dim)
      text += " x ";
    text += ShapedType::isDynamic(size) ? (name + "_size" + Twine(dim)).str()
                                        : std::to_string(size);
  }
  text += tensor.getRank() == 1 ? " values" : " values, row-major";
  return text;
}

static void printFunction(func::FuncOp func, raw_ostream &os) {
  auto doc = [](Attribute attr) -> StringRef {
    auto text = dyn_cast_or_null<StringAttr>(attr);
    return text ? text.getValue() : StringRef();
  };
  auto join = [](StringRef text, StringRef layout) {
    std::string result = text.str();
    if (!layout.empty()) {
      if (!result.empty())
        result += result.back() == '.' ? " " : "; ";
      result += layout;
    }
    return result;
  };
  unsigned arguments = func.getNumArguments(), results = func.getNumResults();
  bool returns =
      results && !isa<RankedTensorType>(func.getResultTypes().front());

  os << "\n/**\n";
  StringRef text = doc(func->getAttr("vi.doc"));
  printWrapped(os, " * ", " * ",
               text.empty() ? ("The function @" + func.getName()).str()
                            : text.str());
  if (arguments || results)
    os << " *\n";
  for (unsigned i = 0; i < arguments; ++i) {
    std::string name = vi::getCArgumentName(func, i);
    Type type = func.getArgumentTypes()[i];
    printWrapped(
        os, " * @param " + name + " ", " *   ",
        join(doc(func.getArgAttr(i, "vi.doc")), describe(type, name, false)));
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      for (int64_t dim = 0; dim < tensor.getRank(); ++dim) {
        std::string meaning =
            tensor.isDynamicDim(dim)
                ? "size of dimension " + std::to_string(dim)
                : "must be " + std::to_string(tensor.getDimSize(dim));
        os << " * @param " << name << "_size" << dim << ' ' << meaning << '\n';
      }
  }
  for (unsigned i = 0; i < results; ++i) {
    std::string name = vi::getCResultName(func, i);
    Type type = func.getResultTypes()[i];
    StringRef meaning = doc(func.getResultAttr(i, "vi.doc"));
    if (i == 0 && returns) {
      printWrapped(os, " * @return ", " *   ",
                   meaning.empty() ? StringRef(name) : meaning);
      continue;
    }
    printWrapped(os, " * @param[out] " + name + " ", " *   ",
                 join(meaning, describe(type, name, true)));
  }
  os << " */\n";

  std::string declaration =
      returns ? vi::getCTypeName(func.getResultTypes().front(), false).str()
              : "void";
  declaration += (" " + func.getName() + "(").str();
  SmallVector<std::string> parameters;
  for (unsigned i = 0; i < arguments; ++i) {
    std::string name = vi::getCArgumentName(func, i);
    Type type = func.getArgumentTypes()[i];
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor) {
      parameters.push_back((vi::getCTypeName(type, false) + " " + name).str());
      continue;
    }
    parameters.push_back(("const " +
                          vi::getCTypeName(tensor.getElementType(), true) +
                          " *" + name)
                             .str());
    for (int64_t dim = 0; dim < tensor.getRank(); ++dim)
      parameters.push_back("int64_t " + name + "_size" + std::to_string(dim));
  }
  for (unsigned i = returns ? 1 : 0; i < results; ++i)
    parameters.push_back(
        (vi::getCTypeName(getElementTypeOrSelf(func.getResultTypes()[i]),
                          true) +
         " *" + vi::getCResultName(func, i))
            .str());
  if (parameters.empty())
    parameters.push_back("void");
  std::string line = declaration;
  for (auto [i, parameter] : llvm::enumerate(parameters)) {
    std::string piece = parameter + (i + 1 == parameters.size() ? ");" : ",");
    if (i && line.size() + 1 + piece.size() > 80) {
      os << line << '\n';
      line = "    " + piece;
      continue;
    }
    line += (i ? " " : "") + piece;
  }
  os << line << '\n';
}

LogicalResult vi::emitHeader(ModuleOp module, StringRef name, raw_ostream &os,
                             int threads, bool freestanding) {
  if (!hasExportedFunction(module))
    return module.emitError("no function has the attribute 'vi.export'");
  std::string guard = StringRef(getCIdentifier(name)).upper();
  os << "/*\n"
        " * Generated by vi-opt --emit=header; the definitions are in the "
        "object\n"
        " * of --emit=obj or the library of --emit=shared.\n"
        " *\n"
        " * An array is contiguous and row-major: the last index varies "
        "fastest.\n"
        " * It is followed by its sizes, one for each dimension. The arrays "
        "that\n"
        " * an argument points to are only read. What a parameter marked "
        "[out]\n"
        " * points to is allocated by the caller and written; it must not "
        "overlap\n"
        " * anything else. Booleans are bytes, 0 or 1. Densities, entropies "
        "and\n"
        " * divergences are in nats. The functions keep no state: threads may "
        "call\n"
        " * them at once.";
  if (freestanding)
    os << " They need no library: they allocate\n"
          " * nothing, and have temporary arrays on the stack.\n";
  else if (threads == 0)
    os << " They need libm and nothing else; link with -lm.\n";
  else
    os << "\n"
          " *\n"
          " * Where there is enough to do, a call runs in "
       << (threads < 0 ? std::string("as many threads as OpenMP\n"
                                     " * takes (OMP_NUM_THREADS).")
                       : "at most " + std::to_string(threads) +
                             " threads of\n"
                             " * OpenMP.")
       << " The results are the same, bit for bit, for\n"
          " * every number of threads. The functions need libm and LLVM's "
          "OpenMP\n"
          " * library (libomp); link with clang -fopenmp, or with -lomp -lm.\n";
  os << " */\n\n"
     << "#ifndef " << guard << "_H\n#define " << guard << "_H\n\n"
     << "#include <stdbool.h>\n#include <stdint.h>\n\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
  for (auto func : module.getOps<func::FuncOp>()) {
    if (!func->hasAttr("vi.export"))
      continue;
    if (failed(verifyExported(func)))
      return failure();
    printFunction(func, os);
  }
  os << "\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << "_H */\n";
  return success();
}
