//! Lists of valid names in messages, and the one that was probably meant.

/// The valid name nearest to `found`, if one is near enough to be a slip of it.
pub fn nearest<'a, S: AsRef<str>>(found: &str, valid: &'a [S]) -> Option<&'a str> {
    let wanted = plain(found);
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
    fn lists_read_as_a_sentence() {
        assert_eq!(listed(&["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(listed(&["a"]), "`a`");
        assert_eq!(listed(&["x"; 40]).matches("`x`").count(), 40);
    }
}
