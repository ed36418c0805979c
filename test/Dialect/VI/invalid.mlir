// Every rule that the verifiers of structure, sites and measures check.
// RUN: vi-opt %s --split-input-file --verify-diagnostics -o /dev/null

//===----------------------------------------------------------------------===//
// Models and guides
//===----------------------------------------------------------------------===//

// expected-error@+1 {{a model or guide has no results}}
vi.model @results(%x: f64) -> f64 {
}

// -----

// expected-error@+1 {{arguments of a model or guide have names}}
vi.model @unnamed(f64) {
}

// -----

// expected-error@+1 {{'vi.model' op has no results}}
"vi.model"() <{sym_name = "results", function_type = (f64) -> f64,
               arg_names = ["x"]}> ({
^bb0(%x: f64):
}) : () -> ()

// -----

// expected-error@+1 {{'vi.model' op has 2 arguments and 1 argument names}}
"vi.model"() <{sym_name = "names", function_type = (f64, f64) -> (),
               arg_names = ["x"]}> ({
^bb0(%x: f64, %y: f64):
}) : () -> ()

// -----

// expected-error@+1 {{'vi.model' op entry block must have 2 arguments to match function signature}}
"vi.model"() <{sym_name = "body", function_type = (f64, f64) -> (),
               arg_names = ["x", "y"]}> ({
^bb0(%x: f64):
}) : () -> ()

// -----

// expected-error@+1 {{'vi.model' op type of entry block argument #0('f32') must match the type of the corresponding argument in function signature('f64')}}
"vi.model"() <{sym_name = "types", function_type = (f64) -> (),
               arg_names = ["x"]}> ({
^bb0(%x: f32):
}) : () -> ()

// -----

// expected-error@+1 {{'vi.model' op has two arguments named 'x'}}
"vi.model"() <{sym_name = "names", function_type = (f64, f64) -> (),
               arg_names = ["x", "x"]}> ({
^bb0(%x: f64, %y: f64):
}) : () -> ()

// -----

// expected-error@+1 {{'vi.model' op argument 'x' has type 'memref<?xf64>'; data are scalars or ranked tensors of f32, f64, integers, i1 or index}}
vi.model @buffer(%x: memref<?xf64>) {
}

// -----

// expected-error@+1 {{'vi.model' op argument 'x' has type 'tensor<*xf64>'; data are}}
vi.model @unranked(%x: tensor<*xf64>) {
}

// -----

// expected-error@+1 {{'vi.model' op argument 'x' has type 'tensor<f64>'; a single number has type 'f64'}}
vi.model @rank_0(%x: tensor<f64>) {
}

// -----

vi.model @rank_0() {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  // expected-note@+1 {{the distribution is here}}
  %prior = vi.normal %zero, %one : f64, f64
  // expected-error@+1 {{'vi.sample' op value of type 'tensor<f64>' is no draw of a distribution over 'f64': a single number is a scalar, not a tensor of rank 0}}
  %mu = vi.sample "mu" from %prior : f64 -> tensor<f64>
}

// -----

vi.model @rank_0() {
  %zero = arith.constant dense<0.0> : tensor<f64>
  // expected-error@+1 {{'vi.deterministic' op reports a value of type 'tensor<f64>'; a single number has type 'f64'}}
  vi.deterministic "zero" %zero : tensor<f64>
}

// -----

// expected-error@+1 {{'vi.model' op argument 'x' has type 'f16'; data are}}
vi.model @half(%x: f16) {
}

// -----

// expected-error@+1 {{'vi.model' op argument 'x' has type 'tensor<?xsi32>'; data are}}
vi.model @signed(%x: tensor<?xsi32>) {
}

// -----

// expected-error@+1 {{'vi.model' op argument 'x' has type '!vi.dist<f64>'; data are}}
vi.model @distribution(%x: !vi.dist<f64>) {
}

// -----

// expected-error@+1 {{'vi.model' op argument 'k': vi.index must be a #vi.index attribute}}
vi.model @attribute(%k: tensor<?xi64> {vi.index = 1}) {
}

// -----

// expected-error@+1 {{'vi.model' op argument 'k' holds indices and must be of integers, not of 'f64'}}
vi.model @real(%k: tensor<?xf64> {vi.index = #vi.index<base = 1, size = 3>}) {
}

// -----

// expected-error@+1 {{'vi.model' op argument 'k' holds indices and must be of integers, not of 'i1'}}
vi.model @bits(%k: tensor<?xi1> {vi.index = #vi.index<base = 0, size = 2>}) {
}

// -----

// expected-error@+1 {{'vi.model' op argument 'k' indexes something of size 'J', which is no integer argument}}
vi.model @missing(%k: tensor<?xi64> {vi.index = #vi.index<base = 1, size = "J">}) {
}

// -----

// expected-error@+1 {{'vi.model' op argument 'k' indexes something of size 'J', which is no integer argument}}
vi.model @float(%J: f64, %k: tensor<?xi64> {vi.index = #vi.index<base = 1, size = "J">}) {
}

// -----

// expected-error@+1 {{indices count from base 0 or 1, not from 2}}
vi.model @base(%k: tensor<?xi64> {vi.index = #vi.index<base = 2, size = 3>}) {
}

// -----

// expected-error@+1 {{the size of what is indexed must be positive, not 0}}
vi.model @size(%k: tensor<?xi64> {vi.index = #vi.index<base = 1, size = 0>}) {
}

// -----

// expected-error@+1 {{the size of what is indexed is the name of an integer argument or a number, not unit}}
vi.model @unit(%k: tensor<?xi64> {vi.index = #vi.index<base = 1, size = unit>}) {
}

// -----

vi.model @twice(%y: f64) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  // expected-note@+1 {{the first site is here}}
  %a = vi.sample "z" from %p : f64
  // expected-error@+1 {{'vi.sample' op is a second site named 'z'}}
  %b = vi.sample "z" from %p : f64
}

// -----

// Names of all kinds of sites are one set, through plates and loops.
vi.model @names(%n: index, %y: f64) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  // expected-note@+1 {{the first site is here}}
  %a = vi.param "z" real : f64
  vi.plate "members" %i in %n {
    // expected-error@+1 {{'vi.observe' op is a second site named 'z'}}
    vi.observe "z" from %p, %y : f64, f64
  }
}

// -----

vi.model @empty() {
  %one = arith.constant 1.0 : f64
  // expected-error@+1 {{'vi.factor' op has an empty name}}
  vi.factor "" %one : f64
}

// -----

vi.model @auxiliary() {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  // expected-error@+1 {{'vi.sample' op auxiliary sites belong to guides}}
  %z = vi.sample "z" auxiliary from %p : f64
}

// -----

vi.model @m(%y: f64) {
}

vi.guide @g for @m(%y: f64) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  // expected-error@+1 {{'vi.observe' op has no place in a guide, which only samples latents}}
  vi.observe "y" from %p, %y : f64, f64
}

// -----

vi.model @m(%y: f64) {
}

vi.guide @g for @m(%y: f64) {
  %one = arith.constant 1.0 : f64
  // expected-error@+1 {{'vi.factor' op has no place in a guide}}
  vi.factor "f" %one : f64
}

// -----

vi.model @m(%y: f64) {
}

vi.guide @g for @m(%y: f64) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  // expected-error@+1 {{'vi.predict' op has no place in a guide}}
  %r = vi.predict "r" from %p : f64
}

// -----

// expected-error@+1 {{'vi.guide' op is for a model @nowhere that does not exist}}
vi.guide @g for @nowhere(%y: f64) {
}

// -----

func.func @nowhere() {
  return
}

// expected-error@+1 {{'vi.guide' op is for a model @nowhere that does not exist}}
vi.guide @g for @nowhere(%y: f64) {
}

// -----

// expected-note@+1 {{the model is here}}
vi.model @m(%y: f64) {
}

// expected-error@+1 {{'vi.guide' op must have the arguments of its model @m}}
vi.guide @g for @m(%x: f64) {
}

// -----

// expected-note@+1 {{the model is here}}
vi.model @m(%y: f64) {
}

// expected-error@+1 {{'vi.guide' op must have the arguments of its model @m}}
vi.guide @g for @m(%y: f32) {
}

// -----

vi.model @m() {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  %a = vi.sample "a" from %p : f64
  // expected-note@+1 {{the site of the model}}
  %b = vi.sample "b" from %p : f64
}

// expected-error@+1 {{'vi.guide' op does not sample latent site 'b' of its model}}
vi.guide @g for @m() {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %one, %one : f64, f64
  %a = vi.sample "a" from %q : f64
}

// -----

// expected-note@+1 {{the model is here}}
vi.model @m() {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  %a = vi.sample "a" from %p : f64
}

vi.guide @g for @m() {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %one, %one : f64, f64
  %a = vi.sample "a" from %q : f64
  // expected-error@+1 {{'vi.sample' op samples 'b', which is no latent site of model @m}}
  %b = vi.sample "b" from %q : f64
}

// -----

vi.model @m() {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  // expected-note@+1 {{the site of the model}}
  %a = vi.sample "a" from %p : f64 -> tensor<3xf64>
}

vi.guide @g for @m() {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %one, %one : f64, f64
  // expected-error@+1 {{'vi.sample' op samples 'a' as 'f64', but the model's site is of type 'tensor<3xf64>'}}
  %a = vi.sample "a" from %q : f64
}

// -----

vi.model @m(%n: index) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  vi.plate "school" %i in %n {
    // expected-note@+1 {{the site of the model}}
    %a = vi.sample "a" from %p : f64
  }
}

vi.guide @g for @m(%n: index) {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %one, %one : f64, f64
  vi.plate "pupil" %i in %n {
    // expected-error@+1 {{'vi.sample' op samples 'a' in other plates than the model}}
    %a = vi.sample "a" from %q : f64
  }
}

// -----

vi.model @m(%n: index) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  vi.plate "school" %i in %n {
    vi.plate "pupil" %j in %n {
      // expected-note@+1 {{the site of the model}}
      %a = vi.sample "a" from %p : f64
    }
  }
}

vi.guide @g for @m(%n: index) {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %one, %one : f64, f64
  vi.plate "pupil" %j in %n {
    vi.plate "school" %i in %n {
      // expected-error@+1 {{'vi.sample' op samples 'a' in other plates than the model}}
      %a = vi.sample "a" from %q : f64
    }
  }
}

// -----

vi.model @m() {
  %one = arith.constant 1.0 : f64
  %p = vi.gamma %one, %one : f64, f64
  // expected-note@+1 {{the site of the model}}
  %a = vi.sample "a" from %p : f64
}

vi.guide @g for @m() {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %one, %one : f64, f64
  // expected-error@+1 {{'vi.sample' op samples 'a' from a distribution on real, which is not inside the support positive of the model's: KL(q || p) would be infinite}}
  %a = vi.sample "a" from %q : f64
}

// -----

vi.model @m() {
  %one = arith.constant 1.0 : f64
  %p = vi.beta %one, %one : f64, f64
  // expected-note@+1 {{the site of the model}}
  %a = vi.sample "a" from %p : f64
}

vi.guide @g for @m() {
  %one = arith.constant 1.0 : f64
  %q = vi.log_normal %one, %one : f64, f64
  // expected-error@+1 {{'vi.sample' op samples 'a' from a distribution on positive, which is not inside the support unit_interval of the model's}}
  %a = vi.sample "a" from %q : f64
}

// -----

//===----------------------------------------------------------------------===//
// Sites
//===----------------------------------------------------------------------===//

func.func @sample_elements(%l: f64) {
  // expected-note@+1 {{the distribution is here}}
  %p = vi.normal %l, %l : f64, f64
  // expected-error@+1 {{'vi.sample' op value of type 'f32' is no draw of a distribution over 'f64': their elements differ}}
  %z = vi.sample "z" from %p : f64 -> f32
  return
}

// -----

func.func @sample_unranked(%l: f64) {
  // expected-note@+1 {{the distribution is here}}
  %p = vi.normal %l, %l : f64, f64
  // expected-error@+1 {{the value must be a scalar or a ranked tensor}}
  %z = vi.sample "z" from %p : f64 -> tensor<*xf64>
  return
}

// -----

func.func @sample_fewer_dimensions(%l: tensor<3xf64>) {
  // expected-note@+1 {{the distribution is here}}
  %p = vi.normal %l, %l : tensor<3xf64>, tensor<3xf64>
  // expected-error@+1 {{the distribution has more dimensions}}
  %z = vi.sample "z" from %p : tensor<3xf64> -> f64
  return
}

// -----

func.func @sample_broadcast(%l: tensor<3xf64>) {
  // expected-note@+1 {{the distribution is here}}
  %p = vi.normal %l, %l : tensor<3xf64>, tensor<3xf64>
  // expected-error@+1 {{shapes are not broadcast; write a plate, or give the distribution the value's shape}}
  %z = vi.sample "z" from %p : tensor<3xf64> -> tensor<2x3xf64>
  return
}

// -----

func.func @sample_shapes(%l: tensor<3xf64>) {
  // expected-note@+1 {{the distribution is here}}
  %p = vi.normal %l, %l : tensor<3xf64>, tensor<3xf64>
  // expected-error@+1 {{their shapes differ}}
  %z = vi.sample "z" from %p : tensor<3xf64> -> tensor<4xf64>
  return
}

// -----

func.func @sample_no_size(%l: f64) {
  %p = vi.normal %l, %l : f64, f64
  // expected-error@+1 {{'vi.sample' op has 0 sizes for 1 dynamic dimensions of 'tensor<?xf64>' that its distribution does not give}}
  %z = vi.sample "z" from %p : f64 -> tensor<?xf64>
  return
}

// -----

func.func @sample_sizes(%l: f64, %n: index) {
  %p = vi.normal %l, %l : f64, f64
  // expected-error@+1 {{'vi.sample' op has 1 sizes for 0 dynamic dimensions of 'f64'}}
  %z = vi.sample "z" from %p [%n] : f64
  return
}

// -----

func.func @predict_sizes(%l: f64, %n: index) {
  %p = vi.normal %l, %l : f64, f64
  // expected-error@+1 {{'vi.predict' op has 1 sizes for 2 dynamic dimensions of 'tensor<?x?xf64>'}}
  %z = vi.predict "z" from %p [%n] : f64 -> tensor<?x?xf64>
  return
}

// -----

func.func @observe_elements(%l: f64, %y: i64) {
  // expected-note@+1 {{the distribution is here}}
  %p = vi.normal %l, %l : f64, f64
  // expected-error@+1 {{'vi.observe' op observation of type 'i64' is no draw of a distribution over 'f64': their elements differ}}
  vi.observe "y" from %p, %y : f64, i64
  return
}

// -----

func.func @observe_real_counts(%l: f64, %y: f64) {
  // expected-note@+1 {{the distribution is here}}
  %p = vi.poisson %l : f64
  // expected-error@+1 {{'vi.observe' op observation of type 'f64' is no draw of a distribution over 'i64': their elements differ}}
  vi.observe "y" from %p, %y : i64, f64
  return
}

// -----

func.func @observe_shapes(%l: tensor<3xf64>, %y: tensor<4xf64>) {
  // expected-note@+1 {{the distribution is here}}
  %p = vi.normal %l, %l : tensor<3xf64>, tensor<3xf64>
  // expected-error@+1 {{their shapes differ}}
  vi.observe "y" from %p, %y : tensor<3xf64>, tensor<4xf64>
  return
}

// -----

func.func @mask_type(%l: f64, %y: f64, %m: i8) {
  %p = vi.normal %l, %l : f64, f64
  // expected-error@+1 {{'vi.observe' op mask has type 'i8', not of i1}}
  vi.observe "y" from %p, %y if %m : f64, f64, i8
  return
}

// -----

func.func @mask_of_scalar(%l: f64, %y: f64, %m: tensor<3xi1>) {
  %p = vi.normal %l, %l : f64, f64
  // expected-error@+1 {{'vi.observe' op mask of type 'tensor<3xi1>' for a value of type 'f64'}}
  vi.observe "y" from %p, %y if %m : f64, f64, tensor<3xi1>
  return
}

// -----

func.func @mask_shape(%l: f64, %y: tensor<4xf64>, %m: tensor<3xi1>) {
  %p = vi.normal %l, %l : f64, f64
  // expected-error@+1 {{'vi.observe' op mask of type 'tensor<3xi1>' for a value of type 'tensor<4xf64>'}}
  vi.observe "y" from %p, %y if %m : f64, tensor<4xf64>, tensor<3xi1>
  return
}

// -----

func.func @log_prob_mask(%l: f64, %y: f64, %m: i32) -> f64 {
  %p = vi.normal %l, %l : f64, f64
  // expected-error@+1 {{'vi.log_prob' op mask has type 'i32', not of i1}}
  %d = vi.log_prob %p, %y if %m : f64, f64, i32 -> f64
  return %d : f64
}

// -----

func.func @log_prob_value(%l: f64, %y: f32) -> f64 {
  // expected-note@+1 {{the distribution is here}}
  %p = vi.normal %l, %l : f64, f64
  // expected-error@+1 {{'vi.log_prob' op value of type 'f32' is no draw of a distribution over 'f64'}}
  %d = vi.log_prob %p, %y : f64, f32 -> f64
  return %d : f64
}

// -----

func.func @negative_observation(%l: f64) {
  %y = arith.constant -1.0 : f64
  // expected-note@+1 {{the distribution is here}}
  %p = vi.exponential %l : f64
  // expected-error@+1 {{'vi.observe' op value -1.000000e+00 is outside the support positive}}
  vi.observe "y" from %p, %y : f64, f64
  return
}

// -----

func.func @observation_above_one(%l: f64) {
  %y = arith.constant dense<[0.5, 1.5]> : tensor<2xf64>
  // expected-note@+1 {{the distribution is here}}
  %p = vi.beta %l, %l : f64, f64
  // expected-error@+1 {{'vi.observe' op value 1.500000e+00 is outside the support unit_interval}}
  vi.observe "y" from %p, %y : f64, tensor<2xf64>
  return
}

// -----

func.func @no_boolean(%l: f64) {
  %y = arith.constant 2 : i64
  // expected-note@+1 {{the distribution is here}}
  %p = vi.bernoulli %l : f64
  // expected-error@+1 {{'vi.observe' op value 2.000000e+00 is outside the support boolean}}
  vi.observe "y" from %p, %y : i1, i64
  return
}

// -----

func.func @report(%l: f64) {
  %p = vi.normal %l, %l : f64, f64
  // expected-error@+1 {{'vi.deterministic' op reports a value of type '!vi.dist<f64>'; expected numbers}}
  vi.deterministic "p" %p : !vi.dist<f64>
  return
}

// -----

// expected-error@+1 {{a distribution is over a scalar or a ranked tensor, not over 'tensor<*xf64>'}}
func.func private @over_unranked(!vi.dist<tensor<*xf64>>)

// -----

// expected-error@+1 {{a distribution is over values of f32, f64, i1, i32 or i64, not of 'f16'}}
func.func private @over_half(!vi.dist<f16>)

// -----

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

vi.model @m(%n: index) {
  // expected-note@+1 {{the plate is here}}
  vi.plate "members" %i in %n {
    // expected-error@+1 {{'vi.param' op stands in a plate; declare one parameter for all members outside and slice it}}
    %a = vi.param "a" real : f64
  }
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op has type 'i64'; parameters are real numbers}}
  %a = vi.param "a" real : i64
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op has type 'tensor<*xf64>'; expected a scalar or a ranked tensor}}
  %a = vi.param "a" real : tensor<*xf64>
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op cannot be learned on the discrete set nonnegative_integer}}
  %a = vi.param "a" nonnegative_integer : f64
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op on a simplex is a vector, not 'f64'}}
  %a = vi.param "a" simplex : f64
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op on a simplex is a vector, not 'tensor<2x3xf64>'}}
  %a = vi.param "a" simplex : tensor<2x3xf64>
}

// -----

vi.model @m(%low: f64) {
  // expected-error@+1 {{'vi.param' op of support interval takes 2 bounds, not 1}}
  %a = vi.param "a" interval bounds(%low : f64) : f64
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op of support greater_than takes 1 bounds, not 0}}
  %a = vi.param "a" greater_than : f64
}

// -----

vi.model @m(%low: f64) {
  // expected-error@+1 {{'vi.param' op of support positive takes 0 bounds, not 1}}
  %a = vi.param "a" positive bounds(%low : f64) : f64
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op initial value -2.000000e+00 is outside the support positive or at its end}}
  %a = vi.param "a" positive initial(-2.0) : f64
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op initial value 1.500000e+00 is outside the support unit_interval or at its end}}
  %a = vi.param "a" unit_interval initial(1.5) : f64
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op initial value 0.000000e+00 is outside the support positive or at its end}}
  %a = vi.param "a" positive initial(0.0) : f64
}

// -----

vi.model @m() {
  // expected-note@+1 {{the lower bound is here}}
  %low = arith.constant 2.0 : f64
  // expected-note@+1 {{the upper bound is here}}
  %high = arith.constant 1.0 : f64
  // expected-error@+1 {{'vi.param' op lower bound 2.000000e+00 is not below the upper bound 1.000000e+00}}
  %a = vi.param "a" interval bounds(%low, %high : f64, f64) : f64
}

// -----

vi.model @m(%low: f32) {
  // expected-error@+1 {{'vi.param' op has a bound of 'f32' for values of 'f64'}}
  %a = vi.param "a" greater_than bounds(%low : f32) : f64
}

// -----

vi.model @m() {
  %low = arith.constant 2.0 : f64
  // expected-error@+1 {{'vi.param' op initial value 1.500000e+00 is outside the support greater_than or at its end}}
  %a = vi.param "a" greater_than bounds(%low : f64) initial(1.5) : f64
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op initial value nan is outside the support real or at its end}}
  %a = vi.param "a" real initial(0x7FF8000000000000 : f64) : f64
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op initial value on a simplex must be the elements of 'tensor<2xf64>'}}
  %a = vi.param "a" simplex initial(0.5) : tensor<2xf64>
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op initial value must sum to 1, but sums to 8.000000e-01}}
  %a = vi.param "a" simplex initial(dense<0.4> : tensor<2xf64>) : tensor<2xf64>
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op on a simplex has at least one element}}
  %a = vi.param "a" simplex : tensor<0xf64>
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op has type 'tensor<f64>'; a single number has type 'f64'}}
  %a = vi.param "a" real : tensor<f64>
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op initial value has type 'tensor<3xf64>', the parameter 'tensor<2xf64>'}}
  %a = vi.param "a" real initial(dense<0.0> : tensor<3xf64>) : tensor<2xf64>
}

// -----

vi.model @m() {
  // expected-error@+1 {{'vi.param' op initial value must be a number or the elements of 'f64'}}
  %a = vi.param "a" real initial("zero") : f64
}

// -----

vi.model @m(%n: index) {
  // expected-error@+1 {{'vi.param' op has 1 sizes for 2 dynamic dimensions of 'tensor<?x3x?xf64>'}}
  %a = vi.param "a" real [%n] : tensor<?x3x?xf64>
}

// -----

//===----------------------------------------------------------------------===//
// Plates
//===----------------------------------------------------------------------===//

func.func @scalar_slice(%n: index, %x: f64) {
  // expected-error@+1 {{a plate's slices are of ranked tensors of rank one or more, not of 'f64'}}
  vi.plate "members" %i in %n (%x_i = %x : f64) {
  }
  return
}

// -----

func.func @rank_zero_slice(%n: index, %x: tensor<f64>) {
  // expected-error@+1 {{a plate's slices are of ranked tensors of rank one or more, not of 'tensor<f64>'}}
  vi.plate "members" %i in %n (%x_i = %x : tensor<f64>) {
  }
  return
}

// -----

func.func @half_a_range(%n: index) {
  // expected-error@+1 {{'vi.plate' op has one end of a range without the other}}
  "vi.plate"(%n, %n) <{name = "members",
      operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>,
      resultSegmentSizes = array<i32: 0, 0>}> ({
  ^bb0(%i: index):
    vi.yield
  }) : (index, index) -> ()
  return
}

// -----

func.func @arguments(%n: index, %x: tensor<?xf64>) {
  // expected-error@+1 {{'vi.plate' op region has 1 arguments; expected the index, 1 slices and 0 sums}}
  "vi.plate"(%n, %x) <{name = "members",
      operandSegmentSizes = array<i32: 1, 0, 0, 1, 0>,
      resultSegmentSizes = array<i32: 0, 0>}> ({
  ^bb0(%i: index):
    vi.yield
  }) : (index, tensor<?xf64>) -> ()
  return
}

// -----

func.func @index_type(%n: index) {
  // expected-error@+1 {{'vi.plate' op member index has type 'i64', not index}}
  "vi.plate"(%n) <{name = "members",
      operandSegmentSizes = array<i32: 1, 0, 0, 0, 0>,
      resultSegmentSizes = array<i32: 0, 0>}> ({
  ^bb0(%i: i64):
    vi.yield
  }) : (index) -> ()
  return
}

// -----

func.func @negative_number_of_members() {
  %n = arith.constant -3 : index
  // expected-error@+1 {{'vi.plate' op has -3 members}}
  vi.plate "members" %i in %n {
  }
  return
}

// -----

func.func @generic_rank_zero(%n: index, %x: tensor<f64>) {
  // expected-error@+1 {{'vi.plate' op slices a tensor of rank 0}}
  "vi.plate"(%n, %x) <{name = "members",
      operandSegmentSizes = array<i32: 1, 0, 0, 1, 0>,
      resultSegmentSizes = array<i32: 0, 0>}> ({
  ^bb0(%i: index, %x_i: f64):
    vi.yield
  }) : (index, tensor<f64>) -> ()
  return
}

// -----

func.func @member_type(%n: index, %x: tensor<?x4xf64>) {
  // expected-error@+1 {{'vi.plate' op slices 'tensor<?x4xf64>' into members of type 'f64'; expected 'tensor<4xf64>'}}
  "vi.plate"(%n, %x) <{name = "members",
      operandSegmentSizes = array<i32: 1, 0, 0, 1, 0>,
      resultSegmentSizes = array<i32: 0, 0>}> ({
  ^bb0(%i: index, %x_i: f64):
    vi.yield
  }) : (index, tensor<?x4xf64>) -> ()
  return
}

// -----

// expected-note@+1 {{the tensor is here}}
func.func @slice_size(%x: tensor<5xf64>) {
  %n = arith.constant 8 : index
  // expected-error@+1 {{'vi.plate' op 'members' has 8 members, but slices a tensor of 5}}
  vi.plate "members" %i in %n (%x_i = %x : tensor<5xf64>) {
  }
  return
}

// -----

// expected-note@+1 {{the tensor is here}}
func.func @slice_sizes(%n: index, %x: tensor<8xf64>, %y: tensor<7xf64>) {
  // expected-error@+1 {{'vi.plate' op 'members' has 8 members, but slices a tensor of 7}}
  vi.plate "members" %i in %n (%x_i = %x : tensor<8xf64>, %y_i = %y : tensor<7xf64>) {
  }
  return
}

// -----

func.func @sum_result(%n: index, %zero: f64) {
  // expected-error@+1 {{'vi.plate' op sums and their initial values differ in type}}
  %s = "vi.plate"(%n, %zero) <{name = "members",
      operandSegmentSizes = array<i32: 1, 0, 0, 0, 1>,
      resultSegmentSizes = array<i32: 1, 0>}> ({
  ^bb0(%i: index, %sum: f64):
    vi.yield sums(%sum : f64)
  }) : (index, f64) -> f32
  return
}

// -----

func.func @running_sum(%n: index, %zero: f64) {
  // expected-error@+1 {{'vi.plate' op running sum has type 'f32', its initial value 'f64'}}
  %s = "vi.plate"(%n, %zero) <{name = "members",
      operandSegmentSizes = array<i32: 1, 0, 0, 0, 1>,
      resultSegmentSizes = array<i32: 1, 0>}> ({
  ^bb0(%i: index, %sum: f32):
    vi.yield sums(%zero : f64)
  }) : (index, f64) -> f64
  return
}

// -----

func.func @no_yield(%n: index) {
  // expected-error@+1 {{'vi.plate' op region must end with vi.yield}}
  "vi.plate"(%n) <{name = "members",
      operandSegmentSizes = array<i32: 1, 0, 0, 0, 0>,
      resultSegmentSizes = array<i32: 0, 0>}> ({
  ^bb0(%i: index):
    ub.unreachable
  }) : (index) -> ()
  return
}

// -----

func.func @sums(%n: index, %zero: f64) -> f64 {
  // expected-error@+1 {{'vi.plate' op has 1 sums of types ['f64'], but yields []}}
  %s = vi.plate "members" %i in %n sums(%a = %zero : f64) {
    // expected-note@+1 {{yielded here}}
    vi.yield
  }
  return %s : f64
}

// -----

func.func @no_stack(%n: index, %x: tensor<?xf64>) {
  // expected-error@+1 {{'vi.plate' op has 0 stacks, but yields 1 values}}
  vi.plate "members" %i in %n (%x_i = %x : tensor<?xf64>) {
    // expected-note@+1 {{yielded here}}
    vi.yield %x_i : f64
  }
  return
}

// -----

func.func @stack_type(%n: index, %x: tensor<?xf64>) -> tensor<?xf32> {
  // expected-error@+1 {{'vi.plate' op stacks values of type 'f64' into 'tensor<?xf32>'; expected 'tensor<?xf64>'}}
  %s = vi.plate "members" %i in %n (%x_i = %x : tensor<?xf64>) -> tensor<?xf32> {
    // expected-note@+1 {{yielded here}}
    vi.yield %x_i : f64
  }
  return %s : tensor<?xf32>
}

// -----

func.func @stack_size(%n: index, %x: tensor<8xf64>) -> tensor<9xf64> {
  // expected-error@+1 {{'vi.plate' op 'members' has 8 members, but a stack of 9}}
  %s = vi.plate "members" %i in %n (%x_i = %x : tensor<8xf64>) -> tensor<9xf64> {
    vi.yield %x_i : f64
  }
  return %s : tensor<9xf64>
}

// -----

func.func @inside_itself(%n: index) {
  // expected-note@+1 {{the outer plate is here}}
  vi.plate "members" %i in %n {
    vi.plate "others" %j in %n {
      // expected-error@+1 {{'vi.plate' op 'members' is inside itself}}
      vi.plate "members" %k in %n {
      }
    }
  }
  return
}

// -----

// A latent of a plate is known inside it only; its stack is known outside.
vi.model @scope(%n: index) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  vi.plate "members" %i in %n {
    // expected-note@+1 {{a value of this name is here, in a region that has ended}}
    %z = vi.sample "z" from %p : f64
  }
  // expected-error@+1 {{use of undeclared SSA value name}}
  vi.deterministic "z_outside" %z : f64
}

// -----

func.func @yield_elsewhere() {
  // expected-error@+1 {{'vi.yield' op expects parent op to be one of 'vi.plate, vi.expect'}}
  vi.yield
}

// -----

//===----------------------------------------------------------------------===//
// Expectations and measures
//===----------------------------------------------------------------------===//

func.func @draw_outside(%l: f64) {
  %q = vi.normal %l, %l : f64, f64
  // expected-error@+1 {{'vi.draw' op draws 'z' outside of an expectation (vi.expect)}}
  %z = vi.draw "z" from %q : f64
  return
}

// -----

func.func @draw_type(%l: f64) -> f64 {
  // expected-note@+1 {{the distribution is here}}
  %q = vi.normal %l, %l : f64, f64
  %e = vi.expect {
    // expected-error@+1 {{'vi.draw' op value of type 'i64' is no draw of a distribution over 'f64'}}
    %z = vi.draw "z" from %q : f64 -> i64
    vi.yield %l : f64
  } : f64
  return %e : f64
}

// -----

func.func @nested(%l: f64) -> f64 {
  // expected-note@+1 {{the outer expectation is here}}
  %e = vi.expect {
    // expected-error@+1 {{'vi.expect' op is inside another expectation; an expectation is over all the draws in it}}
    %f = vi.expect {
      vi.yield %l : f64
    } : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// -----

func.func @expect_no_yield() {
  // expected-error@+1 {{'vi.expect' op region must end with vi.yield}}
  "vi.expect"() ({
    ub.unreachable
  }) : () -> ()
  return
}

// -----

func.func @expect_sums(%l: f64) {
  // expected-error@+1 {{'vi.expect' op yields values, not sums}}
  %e = vi.expect {
    vi.yield sums(%l : f64) %l : f64
  } : f64
  return
}

// -----

func.func @expect_types(%l: f64) {
  // expected-error@+1 {{'vi.expect' op has results of types ['f32'], but yields ['f64']}}
  %e = vi.expect {
    vi.yield %l : f64
  } : f32
  return
}

// -----

func.func @one_site_two_distributions(%l: f64) {
  %q = vi.normal %l, %l : f64, f64
  %r = vi.laplace %l, %l : f64, f64
  %e = vi.expect {
    // expected-note@+1 {{drawn here before}}
    %z = vi.draw "z" from %q : f64
    // expected-error@+1 {{'vi.draw' op draws site 'z' from another distribution than before}}
    %w = vi.draw "z" from %r : f64
    %s = arith.addf %z, %w : f64
    vi.yield %s : f64
  } : f64
  return
}

// -----

func.func @kl_over(%l: f64, %m: f32) -> f64 {
  // expected-note@+1 {{q is here}}
  %q = vi.normal %l, %l : f64, f64
  // expected-note@+1 {{p is here}}
  %p = vi.normal %m, %m : f32, f32
  // expected-error@+1 {{'vi.kl' op compares a distribution over 'f64' with one over 'f32'}}
  %d = vi.kl %q, %p : f64, f32 -> f64
  return %d : f64
}

// -----

func.func @kl_shapes(%l: tensor<3xf64>, %m: tensor<4xf64>) -> f64 {
  // expected-note@+1 {{q is here}}
  %q = vi.normal %l, %l : tensor<3xf64>, tensor<3xf64>
  // expected-note@+1 {{p is here}}
  %p = vi.normal %m, %m : tensor<4xf64>, tensor<4xf64>
  // expected-error@+1 {{'vi.kl' op compares a distribution over 'tensor<3xf64>' with one over 'tensor<4xf64>'}}
  %d = vi.kl %q, %p : tensor<3xf64>, tensor<4xf64> -> f64
  return %d : f64
}

// -----

func.func @kl_infinite(%l: f64) -> f64 {
  // expected-note@+1 {{q is here}}
  %q = vi.normal %l, %l : f64, f64
  // expected-note@+1 {{p is here}}
  %p = vi.exponential %l : f64
  // expected-error@+1 {{'vi.kl' op is infinite: q on real has mass outside the support of p, positive}}
  %d = vi.kl %q, %p : f64, f64 -> f64
  return %d : f64
}

// -----

func.func @cross_entropy_infinite(%l: f64) -> f64 {
  // expected-note@+1 {{q is here}}
  %q = vi.gamma %l, %l : f64, f64
  // expected-note@+1 {{p is here}}
  %p = vi.beta %l, %l : f64, f64
  // expected-error@+1 {{'vi.cross_entropy' op is infinite: q on positive has mass outside the support of p, unit_interval}}
  %d = vi.cross_entropy %q, %p : f64, f64 -> f64
  return %d : f64
}

// -----

func.func @no_model(%phi: tensor<?xf64>) -> f64 {
  // expected-error@+1 {{'vi.elbo' op is of a model @m that does not exist}}
  %e = vi.elbo @m, @g parameters(%phi) : tensor<?xf64> -> f64
  return %e : f64
}

// -----

vi.model @m(%y: f64) {
}
func.func @no_guide(%phi: tensor<?xf64>) -> f64 {
  // expected-error@+1 {{'vi.elbo' op is under a guide @g that does not exist}}
  %e = vi.elbo @m, @g parameters(%phi) : tensor<?xf64> -> f64
  return %e : f64
}

// -----

vi.model @m(%y: f64) {
}
vi.model @other(%y: f64) {
}
// expected-note@+1 {{the guide is here}}
vi.guide @g for @other(%y: f64) {
}
func.func @other_guide(%phi: tensor<?xf64>) -> f64 {
  // expected-error@+1 {{'vi.elbo' op guide @g is for model @other, not for @m}}
  %e = vi.elbo @m, @g parameters(%phi) : tensor<?xf64> -> f64
  return %e : f64
}

// -----

vi.model @m(%y: f64) {
}
vi.guide @g for @m(%y: f64) {
}
func.func @data(%y: f32, %phi: tensor<?xf64>) -> f64 {
  // expected-error@+1 {{'vi.elbo' op has data of types ['f32']; model @m takes ['f64']}}
  %e = vi.elbo @m, @g data(%y : f32) parameters(%phi) : tensor<?xf64> -> f64
  return %e : f64
}

// -----

//===----------------------------------------------------------------------===//
// Factorizations
//===----------------------------------------------------------------------===//

func.func @cholesky(%a: tensor<2x3xf64>) -> tensor<2x3xf64> {
  // expected-error@+1 {{'vi.cholesky' op is of a square matrix, not of 'tensor<2x3xf64>'}}
  %l = vi.cholesky %a : tensor<2x3xf64>
  return %l : tensor<2x3xf64>
}

// -----

func.func @cholesky_adjoint(%l: tensor<2x3xf64>) {
  // expected-error@+1 {{'vi.cholesky_adjoint' op is of a square matrix, not of 'tensor<2x3xf64>'}}
  %a = vi.cholesky_adjoint %l, %l : tensor<2x3xf64>
  return
}

// -----

func.func @solve_square(%l: tensor<3xf64>, %b: tensor<3xf64>) {
  // expected-error@+1 {{'vi.triangular_solve' op is of a square matrix, not of 'tensor<3xf64>'}}
  %x = vi.triangular_solve %l, %b : tensor<3xf64>, tensor<3xf64>
  return
}

// -----

func.func @solve_rank(%l: tensor<3x3xf64>, %b: tensor<3x2x2xf64>) {
  // expected-error@+1 {{'vi.triangular_solve' op has a vector or a matrix on its right-hand side, not 'tensor<3x2x2xf64>'}}
  %x = vi.triangular_solve %l, %b : tensor<3x3xf64>, tensor<3x2x2xf64>
  return
}

// -----

func.func @solve_elements(%l: tensor<3x3xf64>, %b: tensor<3xf32>) {
  // expected-error@+1 {{'vi.triangular_solve' op has a factor of 'f64' and a right-hand side of 'f32'}}
  %x = vi.triangular_solve %l, %b : tensor<3x3xf64>, tensor<3xf32>
  return
}

// -----

func.func @solve_sizes(%l: tensor<3x3xf64>, %b: tensor<4xf64>) {
  // expected-error@+1 {{'vi.triangular_solve' op has a factor 'tensor<3x3xf64>' that does not fit the right-hand side 'tensor<4xf64>'}}
  %x = vi.triangular_solve %l, %b : tensor<3x3xf64>, tensor<4xf64>
  return
}

// -----

// Plates of one name are the same members.

vi.model @other_members(%y: f64) {
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %d = vi.normal %y, %y : f64, f64
  // expected-note@+1 {{the other plate is here}}
  vi.plate "n" %n in %c3 {
    vi.observe "a" from %d, %y : f64, f64
  }
  // expected-error@+1 {{'vi.plate' op 'n' has 4 members, but a plate of that name has 3}}
  vi.plate "n" %n in %c4 {
    vi.observe "b" from %d, %y : f64, f64
  }
}

// -----

vi.model @members_of_the_model(%y: f64) {
  %c3 = arith.constant 3 : index
  %d = vi.normal %y, %y : f64, f64
  // expected-note@+1 {{the other plate is here}}
  vi.plate "n" %n in %c3 {
    %z = vi.sample "z" from %d : f64
  }
}
vi.guide @g for @members_of_the_model(%y: f64) {
  %c4 = arith.constant 4 : index
  %d = vi.normal %y, %y : f64, f64
  // expected-error@+1 {{'vi.plate' op 'n' has 4 members, but a plate of that name in the model has 3}}
  vi.plate "n" %n in %c4 {
    %z = vi.sample "z" from %d : f64
  }
}

// -----

// Bounds that are constants count, in guide and model.

vi.model @bounds(%y: f64) {
  %zero = arith.constant 0.0 : f64
  %two = arith.constant 2.0 : f64
  %p = vi.uniform %zero, %two : f64, f64
  // expected-note@+1 {{the site of the model}}
  %z = vi.sample "z" from %p : f64
}
vi.guide @g for @bounds(%y: f64) {
  %zero = arith.constant 0.0 : f64
  %three = arith.constant 3.0 : f64
  %q = vi.uniform %zero, %three : f64, f64
  // expected-error@+1 {{'vi.sample' op samples 'z' from a distribution on interval, which is not inside the support interval of the model's: KL(q || p) would be infinite}}
  %z = vi.sample "z" from %q : f64
}
