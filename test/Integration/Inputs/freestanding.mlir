func.func @root(%x: f64) -> f64 attributes {vi.export} {
  %half = arith.truncf %x : f64 to f16
  %root = math.cbrt %half : f16
  %y = arith.extf %root : f16 to f64
  return %y : f64
}
