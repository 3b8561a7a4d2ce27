use approx::assert_abs_diff_eq;
use proptest::prelude::*;

use super::*;
use crate::fleet::{
    FleetSpec,
    tests::{fleet, setting},
};

/// The stretches of `client` from 0 to `horizon`, as changes from the initial state.
fn changes(fleet: &Fleet, client: usize, horizon: f64) -> (bool, Vec<f64>) {
    let mut presence = Presence::new();
    let first = presence.is_up(fleet, client, 0.0);
    let (mut changes, mut time) = (Vec::new(), 0.0);
    while let Some((next, _)) = presence.next_change(fleet, client, time).filter(|(next, _)| *next < horizon) {
        changes.push(next);
        time = next;
    }
    (first, changes)
}

/// How work ends, by following every change.
fn walked(fleet: &Fleet, client: usize, start: f64, duration: f64, lose: bool) -> Finish {
    let (first, changes) = changes(fleet, client, 2e4);
    let (mut up, mut left) = (first, duration);
    let mut time = 0.0;
    for change in changes {
        let from: f64 = start.max(time);
        if up && from < change {
            if left <= change - from {
                return Finish::At(from + left);
            }
            if lose {
                return Finish::LostAt(change);
            }
            left -= change - from;
        }
        (up, time) = (!up, change);
    }
    Finish::LostAt(time)
}

#[test]
fn markov_clients_are_up_as_often_as_the_means_say_from_the_start() {
    let fleet = fleet("availability = { markov = { up = 600, down = 300 } }", 20_000);
    let mut presence = Presence::new();
    for time in [0.0, 50.0, 5000.0] {
        let up = (0..20_000).filter(|&client| presence.is_up(&fleet, client, time)).count();
        assert_abs_diff_eq!(up as f64 / 20_000.0, 2.0 / 3.0, epsilon = 5.0 * (2.0 / 9.0 / 20_000.0_f64).sqrt());
    }
}

#[test]
fn markov_periods_have_the_given_means() {
    let fleet = fleet("availability = { markov = { up = 6, down = 3 } }", 1);
    let (first, changes) = changes(&fleet, 0, 200_000.0);
    let mut totals = [(0.0, 0), (0.0, 0)];
    for (index, pair) in changes.windows(2).enumerate() {
        // After the first change the client is in the state other than its first.
        let slot = &mut totals[usize::from(first == (index % 2 == 1))];
        *slot = (slot.0 + pair[1] - pair[0], slot.1 + 1);
    }
    for ((total, count), mean) in totals.into_iter().zip([3.0, 6.0]) {
        assert_abs_diff_eq!(total / f64::from(count), mean, epsilon = 5.0 * mean / f64::from(count).sqrt());
    }
}

#[test]
fn cycles_have_their_lengths_and_a_uniform_phase() {
    let fixed = fleet("availability = { cyclic = { up = 2, down = 3, phase = 0.5 } }", 1);
    assert_eq!(changes(&fixed, 0, 17.0), (true, vec![1.5, 4.5, 6.5, 9.5, 11.5, 14.5, 16.5]));
    let random = fleet("availability = { cyclic = { up = 2, down = 3 } }", 20_000);
    let mut presence = Presence::new();
    for time in [0.0, 1.0, 1234.5] {
        let up = (0..20_000).filter(|&client| presence.is_up(&random, client, time)).count();
        assert_abs_diff_eq!(up as f64 / 20_000.0, 0.4, epsilon = 5.0 * (0.24 / 20_000.0_f64).sqrt());
    }
    assert_eq!(random.probability(7), Some(0.4));
}

#[test]
fn a_trace_is_followed_and_joined() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("trace.csv"), text).unwrap();
    let spec: FleetSpec = toml::from_str("availability = { trace = \"trace.csv\" }").unwrap();
    let build = || spec.build(&crate::random::Setting { folder: folder.path().into(), ..setting(3, 1) }, None);
    write("client,from,to\n1,30,40\n1,0,10\n1,10,20\n0,5,6\n");
    let fleet = build().unwrap();
    assert_eq!(changes(&fleet, 1, 1e9), (true, vec![20.0, 30.0, 40.0]));
    let mut presence = Presence::new();
    assert_eq!(presence.finish(&fleet, 1, 15.0, 12.0), Finish::At(37.0));
    assert_eq!(presence.finish(&fleet, 1, 15.0, 16.0), Finish::LostAt(40.0));
    assert_eq!(presence.finish(&fleet, 2, 3.0, 1.0), Finish::LostAt(3.0));
    assert_eq!(presence.finish(&fleet, 0, 0.0, 1.0), Finish::At(6.0));
    assert_eq!(presence.next_up(&fleet, 2, 0.0), None);
    let cases = [("0,1,2\n5,1,2\n", "2:1 5"), ("0,2,1\n", "1:1 0,2,1"), ("0,nan,1\n", "1:1 0,nan,1"), ("0.5,1,2\n", "1:1 0.5")];
    for (text, place) in cases {
        write(text);
        let error = build().unwrap_err();
        assert_eq!(error.place(), place, "{}", error.message);
        assert_eq!(error.path, ["availability", "trace"]);
    }
}

/// Up for a second of three: what is done as the client leaves is sent; what is done later, even late in a run, waits for its return
/// or is lost.
#[test]
fn nothing_leaves_a_client_that_is_down() {
    for (leave, back) in [("pause", true), ("lose", false)] {
        let text = format!("availability = {{ cyclic = {{ up = 1, down = 2, phase = 0 }} }}\nleave = \"{leave}\"");
        let mut presence = Presence::new();
        for start in [0.0, 3e7] {
            let away = |late: f64| if back { Finish::At(start + 3.0 + late) } else { Finish::LostAt(start + 1.0) };
            assert_eq!(presence.finish(&fleet(&text, 1), 0, start, 1.0), Finish::At(start + 1.0));
            assert_eq!(presence.finish(&fleet(&text, 1), 0, start, 1.0 + 0.001953125), away(0.001953125), "{leave} at {start} s");
        }
    }
}

/// Up for a second of three: from 0.5 to 10 s for half a second and three whole ones.
#[test]
fn working_time_is_the_time_up() {
    let fixed = fleet("availability = { cyclic = { up = 1, down = 2, phase = 0 } }", 1);
    let mut presence = Presence::new();
    assert_eq!(presence.worked(&fixed, 0, 0.5, 10.0), 3.5);
    assert_eq!(presence.worked(&fixed, 0, 1.0, 3.0), 0.0);
    assert_abs_diff_eq!(presence.worked(&fixed, 0, 0.5, 30_000_000.5), 1e7, epsilon = 1e-6);
    assert_eq!(presence.worked(&fleet("", 1), 0, 2.0, 9.0), 7.0);
    // As much as the work that is done in it.
    let random = fleet("availability = { markov = { up = 2, down = 3 } }", 30);
    for client in 0..30 {
        let Finish::At(end) = presence.finish(&random, client, 4.0, 12.0) else { panic!("it pauses") };
        assert_abs_diff_eq!(presence.worked(&random, client, 4.0, end), 12.0, epsilon = 1e-9);
    }
}

#[test]
fn clients_without_processes_in_time_are_always_up() {
    for text in ["", "availability = { bernoulli = { probability = 0.1 } }"] {
        let fleet = fleet(text, 5);
        let mut presence = Presence::new();
        assert_eq!(presence.finish(&fleet, 3, 7.0, 2.0), Finish::At(9.0));
        assert_eq!(presence.next_change(&fleet, 3, 0.0), None);
    }
}

proptest! {
    #[test]
    fn finish_agrees_with_a_walk_over_all_changes(
        up in 0.1..10.0_f64, down in 0.1..10.0_f64, start in 0.0..300.0_f64, duration in 0.0..60.0_f64,
        lose in any::<bool>(), cyclic in any::<bool>(), client in 0..50_usize,
    ) {
        let kind = if cyclic { "cyclic" } else { "markov" };
        let leave = if lose { "lose" } else { "pause" };
        let fleet = fleet(&format!("leave = \"{leave}\"\navailability = {{ {kind} = {{ up = {up:.6}, down = {down:.6} }} }}"), 50);
        let found = Presence::new().finish(&fleet, client, start, duration);
        match (found, walked(&fleet, client, start, duration, lose)) {
            (Finish::At(a), Finish::At(b)) => prop_assert!((a - b).abs() < 1e-8, "{a} {b}"),
            (a, b) => prop_assert_eq!(a, b),
        }
    }

    #[test]
    fn answers_do_not_depend_on_what_was_asked_before(times in prop::collection::vec(0.0..1000.0_f64, 1..20), cyclic in any::<bool>()) {
        let kind = if cyclic { "cyclic" } else { "markov" };
        let fleet = fleet(&format!("availability = {{ {kind} = {{ up = 7, down = 3 }} }}"), 4);
        let mut presence = Presence::new();
        for time in times {
            prop_assert_eq!(presence.is_up(&fleet, 2, time), Presence::new().is_up(&fleet, 2, time));
            let next = presence.next_up(&fleet, 2, time).unwrap();
            prop_assert!(next >= time && presence.is_up(&fleet, 2, next));
        }
    }
}

#[test]
fn work_of_very_many_cycles_takes_the_share_of_time_that_the_client_is_up() {
    for (up, down, work) in [(1e-7, 3e-7, 1000.0), (0.25, 0.75, 2e9), (0.5, 0.25, 600.0)] {
        let fleet = fleet(&format!("availability = {{ cyclic = {{ up = {up}, down = {down}, phase = 0 }} }}"), 1);
        let Finish::At(time) = Presence::new().finish(&fleet, 0, 0.0, work) else { panic!("it only pauses") };
        let whole = work / up * (up + down);
        assert!((whole - (up + down) - 1e-9 * whole..=whole + 1e-9 * whole).contains(&time), "{time} in place of {whole}");
    }
}

#[test]
fn whole_cycles_from_any_moment_are_what_walking_through_them_comes_to() {
    let fleet = fleet("availability = { cyclic = { up = 3, down = 2, phase = 1 } }", 1);
    for start in [0.0, 1.0, 2.5, 4.0, 7.75] {
        assert_eq!(
            Presence::new().finish(&fleet, 0, start, 4500.5),
            walked_far(&fleet, start, 4500.5),
            "from {start}: binary fractions, so that nothing is rounded"
        );
    }
}

/// How work that pauses ends, stretch by stretch.
fn walked_far(fleet: &Fleet, start: f64, duration: f64) -> Finish {
    let (mut presence, mut time, mut left) = (Presence::new(), start, duration);
    while let Some((next, comes)) = presence.next_change(fleet, 0, time) {
        if !comes {
            if left <= next - time {
                break;
            }
            left -= next - time;
        }
        time = next;
    }
    Finish::At(time + left)
}
