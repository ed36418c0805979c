// RUN: vi-opt %s --load-dialect-plugin=%vi_build/lib/ViTestPlugin.so \
// RUN:   --load-pass-plugin=%vi_build/lib/ViTestPlugin.so \
// RUN:   --pass-pipeline='builtin.module(plugin-mark)' | FileCheck %s

// Another project's dialect and pass work beside the project's own.

// CHECK: "plugin.op"() {plugin.marked} : () -> ()
// CHECK: special.softplus
func.func @f(%x: f64) -> f64 {
  "plugin.op"() : () -> ()
  %y = special.softplus %x : f64
  return %y : f64
}
