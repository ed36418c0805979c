func.func @root(%x: f64) -> f64 attributes {vi.export} {
  %y = math.cbrt %x : f64
  return %y : f64
}
