//! The house has floors: a room imports from the rooms below it alone, and files that import each other in a circle are parent and
//! child of one folder.

mod imports;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use imports::{House, Module};

/// The rooms as the documentation of the crate lists them, from the top down.
fn floors() -> Vec<String> {
    let text = include_str!("../../src/lib.rs");
    let (_, list) = text.split_once("# Floors\n").expect("lib.rs has a section on floors");
    let rows = list.lines().skip_while(|line| !line.starts_with("//! |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with("//! |"));
    let rooms = rows.map(|row| row.split('|').nth(1).expect("a row has cells").trim());
    rooms.map(|room| room.trim_matches(|c| "[]`".contains(c)).to_owned()).collect()
}

/// Every import between rooms that does not run down, `from → to`.
fn running_up(house: &House, floors: &[String]) -> BTreeSet<String> {
    let floor = |room: &String| floors.iter().position(|other| other == room);
    let mut found = BTreeSet::new();
    for from in house.modules().filter(|module| !module.is_empty()) {
        for to in house.imports(from).into_iter().filter(|to| !to.is_empty() && to[0] != from[0]) {
            let runs_down = floor(&from[0]).zip(floor(&to[0])).is_some_and(|(from, to)| from < to);
            if !runs_down {
                let _ = found.insert(format!("{} → {}", from.join("/"), to.join("/")));
            }
        }
    }
    found
}

/// Files that lie on circles of imports. One between a module and what lies in its folder is none.
fn on_circles(house: &House) -> BTreeSet<String> {
    let related = |a: &Module, b: &Module| a.starts_with(b) || b.starts_with(a);
    let arrows: BTreeMap<&Module, Vec<Module>> =
        house.modules().map(|from| (from, house.imports(from).into_iter().filter(|to| !related(from, to)).collect())).collect();
    let comes_back = |start: &Module| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![start]);
        while let Some(here) = left.pop() {
            for next in &arrows[here] {
                if next == start {
                    return true;
                }
                if seen.insert(next) {
                    left.push(next);
                }
            }
        }
        false
    };
    house.modules().filter(|module| comes_back(module)).map(|module| module.join("/")).collect()
}

fn fedfleet() -> House {
    House::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

#[test]
fn no_import_runs_up() {
    let (house, floors) = (fedfleet(), floors());
    let rooms: BTreeSet<String> = house.modules().filter_map(|module| module.first().cloned()).collect();
    assert_eq!(floors.iter().cloned().collect::<BTreeSet<_>>(), rooms, "lib.rs names every room once");
    assert_eq!(floors.len(), rooms.len());
    assert_eq!(running_up(&house, &floors), BTreeSet::new());
}

#[test]
fn files_import_each_other_in_no_circle() {
    let house = fedfleet();
    let arrows: usize = house.modules().map(|module| house.imports(module).len()).sum();
    assert!(arrows > 1000, "{arrows} imports are too few to be all");
    assert_eq!(on_circles(&house), BTreeSet::new());
}

#[test]
fn an_arrow_that_runs_up_is_seen_however_it_is_written() {
    let floors = ["top", "ground"].map(str::to_owned);
    let top = ("top", "mod deep; pub use deep::Thing; pub struct Own;");
    let deep = ("top::deep", "pub struct Thing; pub fn make() {}");
    for (text, target) in [
        ("use crate::top::Thing;", "top/deep"),
        ("use crate::top::Own;", "top"),
        ("use crate::{top::{deep::{self, make}}};", "top/deep"),
        ("use crate::top as roof; fn f() { roof::deep::make() }", "top"),
        ("use super::top::*;", "top"),
        ("fn f() -> crate::top::Thing { todo!() }", "top/deep"),
    ] {
        let house = House::of(&[("", "mod top; mod ground;"), top, deep, ("ground", text)]);
        let found = running_up(&house, &floors);
        assert!(found.contains(&format!("ground → {target}")), "{text}: {found:?}");
    }
    for text in ["use std::top::Thing;", "#[cfg(test)] mod tests { use crate::top::Own; }", "#[cfg(test)] use crate::top::Own;"] {
        let house = House::of(&[("", "mod top; mod ground;"), top, deep, ("ground", text)]);
        assert_eq!(running_up(&house, &floors), BTreeSet::new(), "{text}");
    }
}

#[test]
fn a_circle_of_files_is_seen_and_parents_may_know_their_children() {
    let of = |a: &str, b: &str| {
        let house = House::of(&[("", "mod room;"), ("room", "mod a; mod b; pub use a::A;"), ("room::a", a), ("room::b", b)]);
        on_circles(&house).into_iter().collect::<Vec<_>>()
    };
    assert_eq!(of("use super::b::B; pub struct A;", "use crate::room::A; pub struct B;"), ["room/a", "room/b"]);
    assert_eq!(of("pub struct A;", "use super::A; pub struct B;"), [""; 0]);
}
