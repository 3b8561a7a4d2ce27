//! Golden values on Q4: traces of the papers' updates, met to 1e-10. Beside each stands the loop that it comes from, on plain numbers.

use crate::bench::{Bench, C, F80, H, PATTERN};

const TOLERANCE: f64 = 1e-10;

fn assert_trace(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= TOLERANCE * expected.abs().max(1.0), "step {step}: {found} instead of {expected}");
    }
}

/// Holds a run over the participation pattern against the loop `round`, which makes the next iterate of the iterate, of those who take
/// part and of the number of the round, and the loop against its `golden` values.
fn assert_pattern(bench: Bench, golden: [f64; 6], mut round: impl FnMut(f64, &[usize], usize) -> f64) {
    let taking_part: [&[usize]; 6] = [&[0], &[1, 2], &[], &[3], &[0, 1, 2, 3], &[1]];
    let mut x = 5.0;
    let by_hand = taking_part.iter().enumerate().map(|(number, clients)| {
        x = round(x, clients, number);
        x
    });
    let by_hand: Vec<f64> = by_hand.collect();
    assert_trace(&by_hand, &golden);
    assert_trace(&bench.schedule(PATTERN).iterates(6), &by_hand);
}

/// What `steps` exact steps of `lr` change at client `i` from `x`: `x − y`.
fn change(i: usize, x: f64, steps: usize, lr: f64) -> f64 {
    let mut y = x;
    (0..steps).for_each(|_| y -= lr * H[i] * (y - C[i]));
    x - y
}

/// The update of client `i` from `x`: four steps of 0.05.
fn delta(i: usize, x: f64) -> f64 {
    change(i, x, 4, 0.05)
}

/// The mean of `value` over `clients`; 0 over nobody.
fn mean(clients: &[usize], value: impl Fn(usize) -> f64) -> f64 {
    clients.iter().map(|&i| value(i)).sum::<f64>() / clients.len().max(1) as f64
}

const ALL: [usize; 4] = [0, 1, 2, 3];

#[test]
fn fedavg_over_participants() {
    let golden = [3.8870375, 3.07963306614, 3.07963306614, 2.44221770389, 1.97262347884, 1.29423826447];
    assert_pattern(Bench::q4("fedavg"), golden, |x, clients, _| x - mean(clients, |i| delta(i, x)));
}

#[test]
fn fedavg_over_all() {
    let golden = [4.721759375, 4.22619348874, 4.22619348874, 3.8976073298, 2.98553614181, 2.72885467202];
    let all = |x: f64, clients: &[usize], _| x - clients.iter().map(|&i| delta(i, x)).sum::<f64>() / 4.0;
    assert_pattern(Bench::q4("fedavg").weighting("all"), golden, all);
}

#[test]
fn fedvarp() {
    let golden = [3.8870375, 2.80139244114, 2.80139244114, 1.64630750196, 1.41869104194, 1.26935188252];
    let mut y = [0.0; 4];
    assert_pattern(Bench::q4("fedvarp"), golden, |x, clients, _| {
        if clients.is_empty() {
            return x;
        }
        let step = mean(clients, |i| delta(i, x) - y[i]) + mean(&ALL, |i| y[i]);
        clients.iter().for_each(|&i| y[i] = delta(i, x));
        x - step
    });
}

#[test]
fn fedvarp_with_a_row_for_each_cluster() {
    let golden = [3.8870375, 3.07963306614, 3.07963306614, 1.9128699415, 1.60421144532, 1.3429422039];
    for clusters in ["{ listed = [0, 0, 1, 1] }", "{ contiguous = 2 }"] {
        let mut y = [0.0; 2];
        assert_pattern(Bench::q4(&format!("fedvarp; clusters = {clusters}")), golden, |x, clients, _| {
            if clients.is_empty() {
                return x;
            }
            let step = mean(clients, |i| delta(i, x) - y[i / 2]) + mean(&ALL, |i| y[i / 2]);
            for (cluster, y) in y.iter_mut().enumerate() {
                let own: Vec<usize> = clients.iter().copied().filter(|i| i / 2 == cluster).collect();
                *y = if own.is_empty() { *y } else { mean(&own, |i| delta(i, x)) };
            }
            x - step
        });
    }
}

#[test]
fn mifa_moves_in_the_empty_round() {
    let golden = [4.721759375, 3.94795286374, 3.17414635247, 2.22703583958, 1.82286259604, 1.45343814711];
    let mut table = [0.0; 4];
    assert_pattern(Bench::q4("mifa; table = \"zero\""), golden, |x, clients, _| {
        clients.iter().for_each(|&i| table[i] = delta(i, x));
        x - mean(&ALL, |i| table[i])
    });
}

#[test]
fn mifa_counts_step_sizes_from_the_end_of_its_wait() {
    let golden = [5.0, 5.0, 3.75277226562, 3.27984150738, 2.96455433521, 2.7437228108];
    // Everyone has been heard in the third round, whose step size is the first of the schedule.
    let rounds: [&[usize]; 6] = [&[0], &[1, 2], &[3], &ALL, &[], &[1]];
    let (mut x, mut table, mut age) = (5.0, [None; 4], 0.0);
    let by_hand = rounds.map(|clients| {
        let lr = 0.05 / (1.0 + age);
        clients.iter().for_each(|&i| table[i] = Some(change(i, x, 4, lr) / lr));
        if let [Some(a), Some(b), Some(c), Some(d)] = table {
            x -= lr * (a + b + c + d) / 4.0;
            age += 1.0;
        }
        x
    });
    assert_trace(&by_hand, &golden);
    let trace = "{ rounds = { cohort = { trace = [[0], [1, 2], [3], [0, 1, 2, 3], [], [1]] } } }";
    let falling =
        |text| Bench::q4(text).set("federated.local.lr", "{ inverse = { start = 0.05, offset = 1.0 } }").schedule(trace);
    assert_trace(&falling("mifa").iterates(6), &by_hand);
    assert_trace(&falling("afa-cs; lr = 4.0").iterates(6), &by_hand);
}

#[test]
fn fedau() {
    let cut = [4.721759375, 4.22619348874, 4.22619348874, 3.24043501192, 1.81588818915, 1.42558572149];
    let free = [4.721759375, 4.22619348874, 4.22619348874, 3.8976073298, 1.74041015748, 1.36633074926];
    for (text, cutoff, golden) in [("fedau; cutoff = 3", 3.0, cut), ("fedau", f64::INFINITY, free)] {
        // ω: the mean length of the intervals that ended with a participation or at the cutoff, 1 before the first.
        let (mut weight, mut ended, mut length) = ([1.0; 4], [0.0; 4], [0.0; 4]);
        assert_pattern(Bench::q4(text), golden, |x, clients, _| {
            let step = clients.iter().map(|&i| weight[i] * delta(i, x)).sum::<f64>() / 4.0;
            for i in ALL {
                length[i] += 1.0;
                if clients.contains(&i) || length[i] == cutoff {
                    weight[i] = if ended[i] == 0.0 { length[i] } else { (ended[i] * weight[i] + length[i]) / (ended[i] + 1.0) };
                    (ended[i], length[i]) = (ended[i] + 1.0, 0.0);
                }
            }
            x - step
        });
    }
}

#[test]
fn scaffold() {
    let golden = [3.8870375, 2.82603466993, 2.82603466993, 1.84416296588, 1.56342912905, 1.39598931605];
    let (mut c, mut c_i) = (0.0, [0.0; 4]);
    assert_pattern(Bench::q4("scaffold"), golden, |x, clients, _| {
        let reached: Vec<f64> = clients
            .iter()
            .map(|&i| {
                let mut y = x;
                (0..4).for_each(|_| y -= 0.05 * (H[i] * (y - C[i]) - c_i[i] + c));
                y
            })
            .collect();
        let step = reached.iter().map(|y| x - y).sum::<f64>() / reached.len().max(1) as f64;
        let before = c;
        for (&i, y) in clients.iter().zip(&reached) {
            let fresh = c_i[i] - before + (x - y) / (4.0 * 0.05);
            c += (fresh - c_i[i]) / 4.0;
            c_i[i] = fresh;
        }
        x - step
    });
}

/// Local steps enough to solve the local problems to rounding.
fn exact(text: &str) -> Bench {
    Bench::q4(text).steps("400").lr(0.2)
}

/// FedDyn's server and its clients, who minimise `f_i(θ) − g_i θ + (α/2) (θ − x)²` in closed form.
fn feddyn(alpha: f64) -> impl FnMut(f64, &[usize], usize) -> f64 {
    let (mut h, mut g) = (0.0, [0.0; 4]);
    move |x, clients, _| {
        if clients.is_empty() {
            return x;
        }
        let reached: Vec<f64> = clients.iter().map(|&i| (H[i] * C[i] + g[i] + alpha * x) / (H[i] + alpha)).collect();
        for (&i, theta) in clients.iter().zip(&reached) {
            g[i] -= alpha * (theta - x);
            h -= alpha * (theta - x) / 4.0;
        }
        reached.iter().sum::<f64>() / reached.len() as f64 - h / alpha
    }
}

#[test]
fn feddyn_with_exact_local_solves() {
    let golden = [1.25, -0.1875, -0.1875, 1.02083333333, 0.763541666667, 0.242824074074];
    assert_pattern(exact("feddyn; alpha = 1.0"), golden, feddyn(1.0));
    let (mut round, mut x) = (feddyn(0.1), 5.0);
    let by_hand = [0, 1, 2].map(|number| {
        x = round(x, &ALL, number);
        x
    });
    assert_trace(&by_hand, &[-3.238306409038, 0.198018871070, 0.508034752279]);
    assert_trace(&exact("feddyn; alpha = 0.1").iterates(3), &by_hand);
}

/// Three rounds of everyone: `step` makes the server's step of the mean update.
fn rounds_of_all(mut step: impl FnMut(f64) -> f64) -> [f64; 3] {
    let mut x = 5.0;
    [(); 3].map(|()| {
        x -= step(mean(&ALL, |i| delta(i, x)));
        x
    })
}

#[test]
fn full_participation() {
    assert_trace(&Bench::q4("scaffold").iterates(3), &[3.7527722656, 2.8442373602, 2.2263260186]);
    let mut m = 0.0;
    let heavy = rounds_of_all(|u| {
        m = 0.9 * m + u;
        m
    });
    assert_trace(&heavy, &[3.75277226562, 1.76222980925, -0.292118310793]);
    assert_trace(&Bench::q4("fedavgm").iterates(3), &heavy);
    let mut m = 0.0;
    let outer = rounds_of_all(|u| {
        m = 0.9 * m + u;
        0.7 * (u + 0.9 * m)
    });
    assert_trace(&outer, &[3.34118711328, 1.64594571483, 0.285674826348]);
    let chain = "[{ momentum = { beta = 0.9, nesterov = true } }, { scale = 0.7 }]";
    assert_trace(&Bench::q4("fedavg").set("federated.server", chain).iterates(3), &outer);
    assert_trace(&Bench::q4("diloco").set("federated.client", "{ optimiser = [] }").iterates(3), &outer);
}

#[test]
fn adaptive_server_optimisers() {
    type Second = fn(f64, f64) -> f64;
    let cases: [(&str, Second, [f64; 3]); 3] = [
        ("fedadagrad; b1 = 0.9", |v, u| v + u * u, [4.99000801457, 4.97658148141, 4.96094573903]),
        ("fedadam", |v, u| 0.99 * v + 0.01 * u * u, [4.90079853237, 4.76697175874, 4.61080948136]),
        ("fedyogi", |v, u| v - 0.01 * u * u * (v - u * u).signum(), [4.900798564, 4.76731305979, 4.61195683244]),
    ];
    for (method, second, golden) in cases {
        let (mut m, mut v) = (0.0, 1e-6);
        let by_hand = rounds_of_all(|u| {
            (m, v) = (0.9 * m + 0.1 * u, second(v, u));
            0.1 * m / (v.sqrt() + 1e-3)
        });
        assert_trace(&by_hand, &golden);
        assert_trace(&Bench::q4(method).iterates(3), &by_hand);
    }
}

/// Numbers of local steps that differ between clients.
const STEPS: [usize; 4] = [1, 2, 4, 8];

fn uneven(text: &str) -> Bench {
    Bench::q4(text).steps("{ values = [1.0, 2.0, 4.0, 8.0] }")
}

#[test]
fn one_round_with_uneven_steps() {
    let plain = 5.0 - mean(&ALL, |i| change(i, 5.0, STEPS[i], 0.05));
    // τ = 15/4 steps of the mean direction.
    let normalised = 5.0 - 3.75 * mean(&ALL, |i| change(i, 5.0, STEPS[i], 0.05) / STEPS[i] as f64);
    let pulled = 5.0
        - mean(&ALL, |i| {
            let mut y = 5.0;
            (0..STEPS[i]).for_each(|_| y -= 0.05 * (H[i] * (y - C[i]) + (y - 5.0)));
            5.0 - y
        });
    for (text, by_hand, golden) in [
        ("fedavg", plain, 3.967017010625),
        ("fednova", normalised, 3.8905647974609),
        ("fedprox; mu = 1.0", pulled, 4.0645157958984),
    ] {
        assert_trace(&[by_hand], &[golden]);
        assert_trace(&uneven(text).iterates(1), &[by_hand]);
    }
}

/// One arrival, as a loop by hand sees it.
struct Arrival {
    /// What the client had been sent.
    base: f64,
    /// Its update from there.
    delta: f64,
    /// Server steps in between.
    staleness: f64,
}

/// The first seven arrivals of the hardware spread F-80: a run against the loop `step`, which makes the next iterate of the iterate and
/// of an arrival and says whether the server has stepped, and the loop against its `golden` values.
fn assert_stream(bench: Bench, schedule: &str, golden: [f64; 7], mut step: impl FnMut(f64, &Arrival) -> (f64, bool)) {
    // A visit takes client 3 a fifth of a second, client 2 seven fifteenths, client 1 eleven.
    let (order, times) = ([3, 3, 2, 3, 1, 3, 2], [0.2, 0.4, 7.0 / 15.0, 0.6, 11.0 / 15.0, 0.8, 14.0 / 15.0]);
    let (mut x, mut version, mut sent) = (5.0, 0, [(5.0, 0); 4]);
    let by_hand = order.map(|i| {
        let (base, since) = sent[i];
        let staleness: u64 = version - since;
        let (next, stepped) = step(x, &Arrival { base, delta: delta(i, base), staleness: staleness as f64 });
        x = next;
        version += u64::from(stepped);
        sent[i] = (x, version);
        (x, staleness)
    });
    assert_trace(&by_hand.map(|(x, _)| x), &golden);
    let arrivals = bench.visits(&F80).schedule(schedule).arrivals(7);
    assert_trace(&arrivals.iter().map(|arrival| arrival.time).collect::<Vec<_>>(), &times);
    assert_eq!(arrivals.iter().map(|arrival| arrival.staleness).collect::<Vec<_>>(), by_hand.map(|(_, staleness)| staleness));
    assert_trace(&arrivals.iter().map(|arrival| arrival.x[0]).collect::<Vec<_>>(), &by_hand.map(|(x, _)| x));
}

#[test]
fn delta_rule_at_every_arrival() {
    let golden = [4.5572, 4.17975728, 4.08344517063, 3.7617129961, 3.3318379961, 3.07180915787, 2.99756588074];
    let bench = Bench::q4("fedavg").weighting("all");
    assert_stream(bench, "{ every-arrival = {} }", golden, |x, up| (x - up.delta / 4.0, true));
}

#[test]
fn fedasync_mixes_models() {
    let golden = [3.93728, 3.2510179328, 3.72342911973, 3.20964016733, 3.22865385566, 2.91758970129, 3.08065176585];
    // The discount is the method's own, (1 + s)^−½ of a share of 0.6.
    assert_stream(Bench::q4("fedasync; rho = 0.0"), "{ every-arrival = {} }", golden, |x, up| {
        let share = 0.6 / (1.0 + up.staleness).sqrt();
        ((1.0 - share) * x + share * (up.base - up.delta), true)
    });
}

#[test]
fn a_share_of_one_makes_the_arriving_model_the_servers() {
    // y = c + (1 − a)(base − c) from the model that each was sent: 3 from 5, 3 again from there, and 2 from 5.
    let reached = |base: f64, i: usize| C[i] + (1.0 - 0.05 * H[i]).powi(4) * (base - C[i]);
    let first = reached(5.0, 3);
    let arrivals = Bench::q4("fedasync; alpha = 1.0; rho = 0.0")
        .visits(&F80)
        .schedule("{ every-arrival = { discount = \"constant\" } }")
        .arrivals(3);
    let found: Vec<f64> = arrivals.iter().map(|arrival| arrival.x[0]).collect();
    assert_trace(&found, &[first, reached(first, 3), reached(5.0, 2)]);
}

#[test]
fn momentum_takes_stale_updates_for_shares_of_a_step() {
    let golden = [4.5572, 3.78123728, 3.52050350251, 3.08323021396, 2.89462408485, 2.40671333332, 2.16506379493];
    let chain = "[{ momentum = { beta = 0.9, by-staleness = true } }]";
    let bench = Bench::q4("fedavg").weighting("all").set("federated.server", chain);
    let mut b = 0.0;
    assert_stream(bench, "{ every-arrival = { discount = { polynomial = { a = 1.0 } } } }", golden, |x, up| {
        let w = 1.0 / (1.0 + up.staleness);
        b = (1.0 - w * 0.1) * b + w * up.delta / 4.0;
        (x - w * b, true)
    });
}

/// A buffer of two, which an epoch of so many arrivals empties as well, still divided by two.
fn buffer_of_two(epoch: usize) -> impl FnMut(f64, &Arrival) -> (f64, bool) {
    let (mut held, mut sum, mut arrived) = (0, 0.0, 0);
    move |x, up| {
        (held, sum, arrived) = (held + 1, sum + up.delta / (1.0 + up.staleness).sqrt(), arrived + 1);
        if held < 2 && arrived % epoch > 0 {
            return (x, false);
        }
        let step = sum / 2.0;
        (held, sum) = (0, 0.0);
        (x - step, true)
    }
}

#[test]
fn fedbuff_of_two() {
    let golden = [5.0, 3.2288, 3.2288, 2.7298523487, 2.7298523487, 2.01802304143, 2.01802304143];
    let schedule = "{ buffered = { size = 2, replace = \"same\" } }";
    assert_stream(Bench::q4("fedbuff"), schedule, golden, buffer_of_two(usize::MAX));
}

#[test]
fn an_epoch_ends_with_what_the_buffer_holds() {
    let golden = [5.0, 3.2288, 3.092594108701, 3.092594108701, 2.33972005645, 2.111654232822, 2.111654232822];
    let schedule = "{ buffered = { size = 2, epoch = 3, replace = \"same\" } }";
    assert_stream(Bench::q4("fedbuff"), schedule, golden, buffer_of_two(3));
}

/// Delayed Nesterov with a step of 0.5, a delay of 2, an activation of 1/4 and β = 0.9.
fn delayed_nesterov(compensation: f64) -> impl FnMut(f64, &Arrival) -> (f64, bool) {
    let (mut m, mut sum, mut count) = (0.0, 0.0, 0);
    move |x, up| {
        let g = up.delta + compensation * up.delta * up.delta * (x - up.base);
        (sum, count) = (sum + g, count + 1);
        let mut share = 0.25;
        if count == 2 {
            (m, sum, count, share) = (0.9 * m + sum / 2.0, 0.0, 0, 1.0 - 0.25 * 2.0 + 0.25);
        }
        (x - 0.5 * (share * 0.9 * m + g / 2.0), true)
    }
}

#[test]
fn delayed_nesterov_with_shared_out_momentum() {
    let golden = [4.5572, 3.626093444, 3.34522672263, 2.37989951424, 1.70825257555, 0.671380159199, 0.28797864336];
    let text = "delayed-nesterov; lr = 0.5; delay = 2; activation = 0.25";
    assert_stream(Bench::q4(text), "{ every-arrival = {} }", golden, delayed_nesterov(0.0));
}

#[test]
fn stale_pseudo_gradients_are_compensated_by_their_squares() {
    let golden = [4.5572, 3.626093444, 3.36051998823, 2.43626568562, 2.34070101821, 1.69487763414, 1.45052912084];
    let text = "delayed-nesterov; lr = 0.5; delay = 2; activation = 0.25; compensation = 0.3";
    assert_stream(Bench::q4(text), "{ every-arrival = {} }", golden, delayed_nesterov(0.3));
}

#[test]
fn a_cosine_may_count_local_steps() {
    let bench = Bench::q4("fedavg").set("problem.objective", "{ quadratic = { curvature = [2.0], centre = [1.0] } }");
    let bench = bench.set("fleet.clients", 1).set("federated.local.clock", "\"steps\"");
    let trace = bench.set("federated.local.lr", "{ cosine = { start = 0.1, over = 8 } }").iterates(3);
    let mut y = 5.0;
    let expected: Vec<f64> = (0..12)
        .map(|step| {
            let share = f64::from(step.min(8)) / 8.0;
            y -= 0.05 * (1.0 + (std::f64::consts::PI * share).cos()) * 2.0 * (y - 1.0);
            y
        })
        .collect();
    assert_trace(&trace, &[expected[3], expected[7], expected[11]]);
}
