//! Whether the numbers of clients at work that a scenario gives have an effect.

use super::arm::Arm;
use crate::{
    protocol::{
        schedule::{Concurrency, ScheduleSpec},
        spec::FederatedSpec,
    },
    registry::{Parameters, complete},
    scenario::{Cell, MethodTable},
};

/// The section that methods with a server share.
const FEDERATED: &str = "federated";

/// What to say of numbers that can be used and may not be meant, each with the name of what it is about.
pub(super) fn notes(methods: &[Vec<Arm>], cell: &Cell, clients: usize) -> Vec<(String, String)> {
    let mut notes = Vec::new();
    let all: Vec<Federated<'_>> = federated(methods, cell).collect();
    let shared = cell.tree.get(FEDERATED).is_some_and(|section| section.get("concurrency").is_some());
    if shared && !all.is_empty() && !all.iter().any(Federated::takes_shared) {
        let note = "no method goes by it: each has a `concurrency` of its own, or a schedule that names another number";
        notes.push(("federated.concurrency".to_owned(), note.to_owned()));
    }
    for Federated { arm, schedule, .. } in all {
        if let Some(count) = schedule.never_leaves(clients) {
            let note = format!(
                "of {clients} clients only the {count} that are drawn first are ever called, since each is followed by itself; \
                 `replace = \"random\"` in the schedule gives everyone a turn"
            );
            notes.push((arm.label.clone(), note));
        }
    }
    notes
}

/// An arm of a method with a server.
struct Federated<'a> {
    method: &'a MethodTable,
    arm: &'a Arm,
    /// As written.
    parts: &'a FederatedSpec,
    /// With all that it leaves out.
    schedule: ScheduleSpec,
}

/// The arms of methods with a server, where `methods` are all of `cell`.
fn federated<'a>(methods: &'a [Vec<Arm>], cell: &'a Cell) -> impl Iterator<Item = Federated<'a>> {
    let of_arm = |(method, arm): (&'a MethodTable, &'a Arm)| {
        let Parameters::Federated { own, parts } = &arm.parameters else { return None };
        let schedule = complete(own.as_ref(), parts, cell.problem.weights).schedule.unwrap_or_default();
        Some(Federated { method, arm, parts, schedule })
    };
    cell.methods.iter().zip(methods).flat_map(|(method, arms)| arms.iter().map(move |arm| (method, arm))).filter_map(of_arm)
}

impl Federated<'_> {
    fn has_own(&self, key: &str) -> bool {
        self.method.table.get(key).is_some()
    }

    /// Whether the shared number is that of its clients at work.
    fn takes_shared(&self) -> bool {
        let contradicts = |number: Concurrency| self.parts.schedule.as_ref().and_then(|own| own.contradiction(number)).is_some();
        !self.has_own("concurrency") && !self.parts.concurrency.is_some_and(contradicts)
    }
}
