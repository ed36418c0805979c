// The functions that a compiled model consists of.
// RUN: vi-opt %s --vi-entry-points --canonicalize --cse | FileCheck %s
// RUN: vi-opt %s --vi-entry-points=counter | FileCheck %s --check-prefix=COUNTER

vi.model @m(%J: index, %k: tensor<?xi64> {vi.index = #vi.index<base = 1, size = "J">}, %y: tensor<?xf64>, %n: index) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %theta = vi.param "theta" positive : f64
  %p = vi.normal %zero, %one : f64, f64
  %a = vi.plate "group" %j in %J -> tensor<?xf64> {
    %a_j = vi.sample "a" from %p : f64
    vi.yield %a_j : f64
  }
  vi.plate "obs" %i in %n (%k_i = %k : tensor<?xi64>, %y_i = %y : tensor<?xf64>) {
    %c = arith.index_cast %k_i : i64 to index
    %a_i = tensor.extract %a[%c] : tensor<?xf64>
    %l = vi.normal %a_i, %theta : f64, f64
    vi.observe "y" from %l, %y_i : f64, f64
    %r = vi.predict "y_rep" from %l : f64
  }
}
vi.guide @g for @m(%J: index, %k: tensor<?xi64> {vi.index = #vi.index<base = 1, size = "J">}, %y: tensor<?xf64>, %n: index) {
  %loc = vi.param "loc" real [%J] initial(0.25 : f64) : tensor<?xf64>
  %one = arith.constant 1.0 : f64
  vi.plate "group" %j in %J (%l = %loc : tensor<?xf64>) {
    %q = vi.normal %l, %one : f64, f64
    %a_j = vi.sample "a" from %q : f64
  }
}

// Sizes: phi has J locations of the guide and one scale of the model.
// CHECK-LABEL: func.func @m_shapes(
// CHECK-SAME:    %[[J:[a-z0-9]+]]: index {vi.doc = "data", vi.name = "J"}, %[[K:[a-z0-9]+]]: tensor<?xi64> {vi.doc = "data: indices counted from 1", vi.name = "k"}, %[[Y:[a-z0-9]+]]: tensor<?xf64> {vi.doc = "data", vi.name = "y"}, %[[N:[a-z0-9]+]]: index {vi.doc = "data", vi.name = "n"})
// CHECK-SAME:    -> (index {{{.*}}vi.name = "parameter_count"}, index {{{.*}}vi.name = "latent_count"}, index {{{.*}}vi.name = "noise_count"}, index {{{.*}}vi.name = "obs_count"}, index {{{.*}}vi.name = "guide.loc_size0"}, index {{{.*}}vi.name = "a_size0"}, index {{{.*}}vi.name = "report.a_size0"}, index {{{.*}}vi.name = "report.y_rep_size0"}, index {{{.*}}vi.name = "log_lik.y_size0"})
// CHECK-SAME:    vi.export
// CHECK-SAME:    vi.latents = [{kind = "latent", name = "a", support = "real", type = f64}]
// CHECK-SAME:    vi.log_lik = ["y"]
// CHECK-SAME:    vi.model = "m"
// CHECK-SAME:    vi.observed = [{argument = "y", site = "y", support = "real"}]
// CHECK-SAME:    vi.parameters = [{initial, kind = "guide", name = "loc", support = "real", type = tensor<?xf64>}, {kind = "model", name = "theta", support = "positive", type = f64}]
// CHECK-SAME:    vi.plates = ["obs"]
// CHECK-SAME:    vi.sites = [{kind = "parameter", name = "theta", {{.*}}}, {kind = "latent", name = "a", {{.*}}}, {kind = "prediction", name = "y_rep", {{.*}}}]
// CHECK:         %[[P:.*]] = arith.addi %[[J]], %c1 : index
// CHECK-NEXT:    return %[[P]], %[[J]], %[[J]], %[[N]], %[[J]], %[[J]], %[[J]], %[[N]], %[[N]] : index

// The first check that fails, and the sizes that differ.
// CHECK-LABEL: func.func @m_check(
// CHECK-SAME:    %[[J:[a-z0-9]+]]: index {vi.doc = "data", vi.name = "J"}, %[[K:[a-z0-9]+]]: tensor<?xi64> {vi.doc = "data: indices counted from 1", vi.name = "k"}, %[[Y:[a-z0-9]+]]: tensor<?xf64> {vi.doc = "data", vi.name = "y"}, %[[N:[a-z0-9]+]]: index {vi.doc = "data", vi.name = "n"})
// CHECK-SAME:    -> (index {{{.*}}vi.name = "failed"}, index {{{.*}}vi.name = "left"}, index {{{.*}}vi.name = "right"})
// CHECK-SAME:    vi.checks = ["{{[^"]*}}: plate 'group' has {0} members", "{{[^"]*}}: plate 'obs' has {0} members", "{{[^"]*}}: plate 'obs' has {0} members, but slices 'k' of length {1}", "{{[^"]*}}: plate 'obs' has {0} members, but slices 'y' of length {1}", "{{[^"]*}}: plate 'group' has {0} members"]
// CHECK-DAG:     %[[LENGTH_K:.*]] = tensor.dim %[[K]], %c0
// CHECK-DAG:     %[[LENGTH_Y:.*]] = tensor.dim %[[Y]], %c0
// CHECK:         %[[FAIL5:.*]] = arith.cmpi slt, %[[J]], %c0 : index
// CHECK-NEXT:    %[[F5:.*]] = arith.select %[[FAIL5]], %c5, %c0
// CHECK-NEXT:    %[[L5:.*]] = arith.select %[[FAIL5]], %[[J]], %c0
// CHECK-NEXT:    %[[FAIL4:.*]] = arith.cmpi ne, %[[N]], %[[LENGTH_Y]] : index
// CHECK-NEXT:    %[[F4:.*]] = arith.select %[[FAIL4]], %c4, %[[F5]]
// CHECK-NEXT:    %[[L4:.*]] = arith.select %[[FAIL4]], %[[N]], %[[L5]]
// CHECK-NEXT:    %[[R4:.*]] = arith.select %[[FAIL4]], %[[LENGTH_Y]], %c0
// CHECK-NEXT:    %[[FAIL3:.*]] = arith.cmpi ne, %[[N]], %[[LENGTH_K]] : index
// CHECK-NEXT:    %[[F3:.*]] = arith.select %[[FAIL3]], %c3, %[[F4]]
// CHECK-NEXT:    %[[L3:.*]] = arith.select %[[FAIL3]], %[[N]], %[[L4]]
// CHECK-NEXT:    %[[R3:.*]] = arith.select %[[FAIL3]], %[[LENGTH_K]], %[[R4]]
// CHECK-NEXT:    %[[FAIL2:.*]] = arith.cmpi slt, %[[N]], %c0 : index
// CHECK:         %[[F1:.*]] = arith.select %[[FAIL5]], %c1
// CHECK:         return %[[F1]],

// The fit starts at the initial values, on the unconstrained scale.
// CHECK-LABEL: func.func @m_initial(
// CHECK-SAME:    %[[J:[a-z0-9]+]]: index {vi.doc = "data", vi.name = "J"}, %[[K:[a-z0-9]+]]: tensor<?xi64> {vi.doc = "data: indices counted from 1", vi.name = "k"}, %[[Y:[a-z0-9]+]]: tensor<?xf64> {vi.doc = "data", vi.name = "y"}, %[[N:[a-z0-9]+]]: index {vi.doc = "data", vi.name = "n"})
// CHECK-SAME:    -> (tensor<?xf64> {{{.*}}vi.name = "parameters"})
// CHECK-DAG:     %[[QUARTER:.*]] = arith.constant 2.500000e-01 : f64
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant 0.000000e+00 : f64
// CHECK:         %[[P:.*]] = arith.addi %[[J]], %c1 : index
// CHECK:         %[[ZEROS:.*]] = tensor.splat %[[ZERO]][%[[P]]]
// CHECK:         %[[LOC:.*]] = tensor.splat %[[QUARTER]][%[[J]]]
// CHECK:         %[[PHI:.*]] = tensor.insert_slice %[[LOC]] into %[[ZEROS]][0] [%[[J]]] [1]
// CHECK:         return %[[PHI]]

// The bound takes a range and a scale for each data plate, and is differentiated
// in the parameters.
// CHECK-LABEL: func.func @m_elbo(
// CHECK-SAME:    %[[J:[a-z0-9]+]]: index {vi.doc = "data", vi.name = "J"}, %[[K:[a-z0-9]+]]: tensor<?xi64> {vi.doc = "data: indices counted from 1", vi.name = "k"}, %[[Y:[a-z0-9]+]]: tensor<?xf64> {vi.doc = "data", vi.name = "y"}, %[[N:[a-z0-9]+]]: index {vi.doc = "data", vi.name = "n"}, %[[PHI:[a-z0-9]+]]: tensor<?xf64> {{{.*}}vi.name = "parameters"}, %[[B:[a-z0-9]+]]: index {{{.*}}vi.name = "obs_begin"}, %[[E:[a-z0-9]+]]: index {{{.*}}vi.name = "obs_end"}, %[[S:[a-z0-9]+]]: f64 {{{.*}}vi.name = "obs_scale"}, %{{.*}}: tensor<?x?xf64> {{{.*}}vi.name = "noise", vi.noise})
// CHECK-SAME:    -> (f64 {vi.doc = "nats", vi.name = "elbo"})
// CHECK-SAME:    vi.differentiate = "m_elbo_gradient"
// CHECK-SAME:    vi.export
// CHECK-SAME:    vi.wrt = [4]
// CHECK:         %[[ELBO:.*]] = vi.elbo @m, @g data(%[[J]], %[[K]], %[[Y]], %[[N]] : index, tensor<?xi64>, tensor<?xf64>, index) parameters(%[[PHI]]) batches(%[[B]], %[[E]], %[[S]] : index, index, f64) : tensor<?xf64> -> f64
// CHECK:         return %[[ELBO]]

// With a counter: a number of draws and a seed in place of the noise.
// COUNTER:     func.func @m_elbo({{.*}}vi.name = "obs_scale"}, %{{.*}}: index {{{.*}}vi.name = "samples", vi.samples}, %{{.*}}: i64 {{{.*}}vi.name = "seed", vi.seed})

// A draw of all latents from standard normals.
// CHECK-LABEL: func.func @m_latents(
// CHECK-SAME:    %[[PHI:[a-z0-9]+]]: tensor<?xf64> {{{[^}]*}}vi.name = "parameters"}, %[[NOISE:[a-z0-9]+]]: tensor<?xf64> {{{[^}]*}}vi.name = "noise"})
// CHECK-SAME:    -> (tensor<?xf64> {{{.*}}vi.name = "latents"})
// CHECK:         %[[LOC:.*]] = tensor.extract_slice %[[PHI]][0] [%{{.*}}] [1]
// CHECK:         vi.plate "group" %[[I:.*]] in %{{.*}} (%[[LOC_I:.*]] = %[[LOC]] : tensor<?xf64>)
// CHECK:           %[[EPSILON:.*]] = tensor.extract %[[NOISE]][%[[I]]]
// CHECK:           arith.addf %[[LOC_I]], %[[EPSILON]]

// The guide's density reads the guide's parameters, the joint density the model's
// after them.
// CHECK-LABEL: func.func @m_log_guide(
// CHECK-SAME:    %[[PHI:[a-z0-9]+]]: tensor<?xf64> {{{[^}]*}}vi.name = "parameters"}, %[[U:[a-z0-9]+]]: tensor<?xf64> {{{[^}]*}}vi.name = "latents"})
// CHECK-SAME:    -> (f64 {{{.*}}vi.name = "log_guide"})
// CHECK-DAG:     %[[A:.*]] = tensor.extract_slice %[[U]][0] [%{{.*}}] [1]
// CHECK-DAG:     %[[LOC:.*]] = tensor.extract_slice %[[PHI]][0] [%{{.*}}] [1]
// CHECK:         vi.plate "group" %{{.*}} (%[[LOC_I:.*]] = %[[LOC]] : tensor<?xf64>, %[[A_I:.*]] = %[[A]] : tensor<?xf64>)
// CHECK:           %[[Q:.*]] = vi.normal %[[LOC_I]]
// CHECK:           vi.log_prob %[[Q]], %[[A_I]]

// Indices of base 1 are counted from 0 where a member reads its own.
// CHECK-LABEL: func.func @m_log_joint(
// CHECK-SAME:    %[[J:[a-z0-9]+]]: index {vi.doc = "data", vi.name = "J"}, %[[K:[a-z0-9]+]]: tensor<?xi64>
// CHECK-SAME:    %[[PHI:[a-z0-9]+]]: tensor<?xf64> {{{[^}]*}}vi.name = "parameters"}, %[[U:[a-z0-9]+]]: tensor<?xf64> {{{[^}]*}}vi.name = "latents"})
// CHECK-SAME:    -> (f64 {{{.*}}vi.name = "log_joint"})
// CHECK:         %[[ONE:.*]] = arith.constant 1 : i64
// CHECK:         %[[V:.*]] = tensor.extract %[[PHI]][%[[J]]]
// CHECK:         vi.constrain positive %[[V]]
// CHECK:         %[[GROUP:.*]]:2 = vi.plate "group"
// CHECK:         vi.plate "obs" %{{.*}} (%[[K_I:.*]] = %[[K]] : tensor<?xi64>, %[[Y_I:.*]] = %{{.*}} : tensor<?xf64>)
// CHECK:           %[[ZERO_BASED:.*]] = arith.subi %[[K_I]], %[[ONE]] : i64
// CHECK:           %[[C:.*]] = arith.index_cast %[[ZERO_BASED]] : i64 to index
// CHECK:           %[[A_I:.*]] = tensor.extract %[[GROUP]]#1[%[[C]]]
// CHECK:           %[[L:.*]] = vi.normal %[[A_I]]
// CHECK:           vi.log_prob %[[L]], %[[Y_I]]

// CHECK-LABEL: func.func @m_log_lik(
// CHECK-SAME:    -> (tensor<?xf64> {vi.name = "y"})
// CHECK:         %[[STACK:.*]] = vi.plate "obs"
// CHECK:           %[[D:.*]] = vi.log_prob
// CHECK:           vi.yield %[[D]] : f64
// CHECK:         return %[[STACK]]

// CHECK-LABEL: func.func @m_report(
// CHECK-SAME:    %[[SEED:[a-z0-9]+]]: i64 {{{[^}]*}}vi.name = "seed"}, %[[DRAW:[a-z0-9]+]]: i64 {{{[^}]*}}vi.name = "draw"})
// CHECK-SAME:    -> (f64 {{{.*}}vi.name = "theta"}, tensor<?xf64> {{{.*}}vi.name = "a"}, tensor<?xf64> {{{.*}}vi.name = "y_rep"})
// CHECK:         %[[KEY:.*]] = rng.fold_in %[[SEED]], %[[DRAW]] : i64
// CHECK:         vi.plate "obs"
// CHECK-NOT:       vi.log_prob
// CHECK:           rng.fold_in %[[KEY]]
// CHECK:           rng.normal
