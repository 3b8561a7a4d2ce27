//! What is wrong with targets under an objective that tells classes apart.

use super::data::ClientData;
use crate::{invalid::Invalid, num::Real};

/// Most different values that may have been meant as classes.
const FEW: usize = 64;

/// That all samples are of one class.
pub(super) fn only_one<R: Real>(data: &ClientData<R>) -> Invalid {
    let name = data.classes.first().map_or_else(String::new, |name| format!(", `{name}`"));
    Invalid::at("data", format!("all samples are of one class{name}: a classifier needs two or more to tell apart"))
        .help("see that the labels are read from the right place, by `target` in a CSV file, or take data of more classes")
}

/// That the targets are `count` classes, which least squares does not fit.
pub(super) fn no_values<R: Real>(data: &ClientData<R>, count: usize) -> Invalid {
    let name = data.classes.iter().find(|name| name.parse::<f64>().is_err());
    let which = name.map_or_else(String::new, |name| format!(", of which `{name}` is not a number"));
    let invalid = Invalid::at("objective", format!("least squares needs real targets, and the data have {count} classes{which}"));
    invalid.help(match name {
        Some(_) => "write a number for each target, or use `objective = \"softmax\"`",
        None => "set `targets = \"values\"` in the data to fit the numbers themselves, or use `objective = \"softmax\"`",
    })
}

/// That `values` are no classes, which `objective` needs; with `two`, exactly two.
pub(super) fn real<R: Real>(objective: &str, two: bool, values: &[R]) -> Invalid {
    let mut distinct: Vec<f64> = values.iter().map(|value| value.f64()).collect();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    let (needs, count) = (if two { "two classes" } else { "classes" }, distinct.len());
    let what = match distinct.as_slice() {
        [one] => format!("the one value {one}"),
        [one, other] => format!("the two values {one} and {other}"),
        _ => format!("{count} different real values"),
    };
    let invalid = Invalid::at("data", format!("{objective} needs {needs}, and the targets are {what}"));
    invalid.help(match count {
        2 => "set `targets = \"classes\"` in the data to take each of them for a class",
        3..=FEW if two => "use `objective = \"softmax\"` with `targets = \"classes\"` in the data to take each for a class, or `\"least-squares\"`",
        3..=FEW => "set `targets = \"classes\"` in the data to take each for a class, or use `objective = \"least-squares\"`",
        _ => "use `objective = \"least-squares\"` for real targets, or take data with class labels",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_may_be_classes_are_told_apart_from_those_that_are_not() {
        let halves = real("logistic regression", true, &[0.5, -0.5, 0.5]);
        assert_eq!(halves.message, "logistic regression needs two classes, and the targets are the two values -0.5 and 0.5");
        assert!(halves.help.is_some_and(|help| help.starts_with("set `targets = \"classes\"`")));
        let many: Vec<f64> = (0..100).map(|k| f64::from(k) / 7.0).collect();
        assert!(real("softmax regression", false, &many).help.is_some_and(|help| help.contains("least-squares")));
        let some = |two| real("it", two, &many[..5]).help.unwrap();
        assert!(some(true).contains("softmax") && !some(false).contains("softmax"));
    }
}
