//! Lists of valid names in messages, and the one that was probably meant.

/// Common other names of what scenarios call by one name.
const OTHERWISE: [(&str, &str); 32] = [
    ("adagrad", "fedadagrad"),
    ("adam", "adamw"),
    ("async", "every-arrival"),
    ("asynchronous", "every-arrival"),
    ("batch-size", "batch"),
    ("classification", "softmax"),
    ("cross-entropy", "softmax"),
    ("eta", "lr"),
    ("learning-rate", "lr"),
    ("linear-regression", "least-squares"),
    ("logistic-regression", "logistic"),
    ("lr-schedule", "lr"),
    ("mean-squared-error", "least-squares"),
    ("mse", "least-squares"),
    ("multinomial", "softmax"),
    ("network", "mlp"),
    ("neural-network", "mlp"),
    ("nn", "mlp"),
    ("num-clients", "clients"),
    ("perceptron", "mlp"),
    ("quantization", "qsgd"),
    ("ridge", "least-squares"),
    ("ridge-regression", "least-squares"),
    ("semi-async", "buffered"),
    ("served", "federated"),
    ("server-client", "federated"),
    ("sparsification", "top-k"),
    ("step-size", "lr"),
    ("stepsize", "lr"),
    ("sync", "rounds"),
    ("synchronous", "rounds"),
    ("weight-decay", "l2"),
];

/// The valid name that `found` stands for elsewhere, or else the nearest, if one is near enough to be a slip of it.
pub fn nearest<'a, S: AsRef<str>>(found: &str, valid: &'a [S]) -> Option<&'a str> {
    let wanted = plain(found);
    let otherwise = OTHERWISE.iter().find(|(name, _)| *name == wanted).map(|(_, ours)| *ours);
    if let Some(ours) = valid.iter().map(AsRef::as_ref).find(|name| Some(*name) == otherwise) {
        return Some(ours);
    }
    let close = |name: &str| {
        let name = plain(name);
        let distance = strsim::damerau_levenshtein(&wanted, &name);
        let contains = wanted.len() >= 3 && name.len() >= 3 && (name.contains(&wanted) || wanted.contains(&name));
        let longest = wanted.chars().count().max(name.chars().count());
        (3 * distance <= longest + 1 || contains).then_some(distance)
    };
    valid.iter().map(AsRef::as_ref).filter_map(|name| close(name).map(|distance| (distance, name))).min().map(|(_, name)| name)
}

/// `` `a`, `b` or `c` ``.
pub fn listed<S: AsRef<str>>(valid: &[S]) -> String {
    let quoted: Vec<String> = valid.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A name without case and with one kind of dash.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['_', ' '], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_other_spellings_only() {
        let valid = ["batch", "lr", "steps", "random-regular"];
        assert_eq!(nearest("stpes", &valid), Some("steps"));
        assert_eq!(nearest("Batch_size", &valid), Some("batch"));
        assert_eq!(nearest("random_regular", &valid), Some("random-regular"));
        assert_eq!(nearest("momentum", &valid), None);
        assert_eq!(nearest("", &valid), None);
    }

    #[test]
    fn other_names_lead_to_the_one_used_here() {
        assert_eq!(nearest("ridge", &["quadratic", "least-squares", "logistic"]), Some("least-squares"));
        assert_eq!(nearest("Learning_Rate", &["steps", "lr"]), Some("lr"));
        assert_eq!(nearest("async", &["rounds", "every-arrival"]), Some("every-arrival"));
        // Only where it is valid.
        assert_eq!(nearest("async", &["rounds"]), None);
    }

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(listed(&["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(listed(&["a"]), "`a`");
        assert_eq!(listed(&["x"; 40]).matches("`x`").count(), 40);
    }
}
