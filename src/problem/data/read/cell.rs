//! What a cell of a text file says: a number, that its value is missing, or a number as it is not read.

/// How files write that a value is missing.
const MISSING: [&str; 7] = ["", "?", "na", "n/a", "<na>", "nan", "null"];

/// Whether `cell` says that a value is missing.
pub(in crate::problem::data) fn is_missing(cell: &str) -> bool {
    MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// The number that `cell` is; what is missing is none.
pub(in crate::problem::data) fn number(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|value: &f64| !value.is_nan())
}

/// What is odd about a cell that people read as a number: `1,5`, `1.234,5`, `1,234`, `1'234`, `1 234`.
pub(in crate::problem::data) fn oddity(cell: &str) -> Option<&'static str> {
    let digits = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    let marks = |mark: char| digits.matches(mark).count();
    let apart = ['\'', '’', ' ', '\u{a0}', '\u{202f}'];
    let plain = |c: char| c.is_ascii_digit() || ",.".contains(c) || apart.contains(&c);
    if !digits.starts_with(|c: char| c.is_ascii_digit())
        || !digits.ends_with(|c: char| c.is_ascii_digit())
        || !digits.chars().all(plain)
    {
        return None;
    }
    let grouped = |mark: char| digits.split(['.', ',']).next().is_some_and(|whole| by_threes(whole, mark));
    match (marks(','), marks('.')) {
        _ if apart.iter().any(|&mark| grouped(mark)) => Some("spaces or quotes between its thousands"),
        (1, 0) if !by_threes(digits, ',') => Some("a decimal comma"),
        (1, dots) if dots > 0 && by_threes(digits.split(',').next().unwrap_or_default(), '.') => Some("a decimal comma"),
        (1.., _) if by_threes(digits.split('.').next().unwrap_or_default(), ',') => {
            Some("a comma, in front of its decimals or its thousands")
        }
        _ => None,
    }
}

/// Whether `text` is digits in groups of three, such as `12'345`.
fn by_threes(text: &str, mark: char) -> bool {
    let mut groups = text.split(mark);
    let first = groups.next().unwrap_or_default();
    let mut rest = groups.peekable();
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    (1..=3).contains(&first.len())
        && digits(first)
        && rest.peek().is_some()
        && rest.all(|group| group.len() == 3 && digits(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_are_known_in_any_case() {
        for cell in ["", "NA", "nan", "NaN", "NULL", "?", "n/a", "<NA>"] {
            assert!(is_missing(cell) && number(cell).is_none(), "{cell}");
        }
        assert!(!is_missing("none") && !is_missing("-") && number("-1e3") == Some(-1000.0));
    }

    #[test]
    fn numbers_as_people_write_them_are_told_from_names() {
        for cell in ["1,5", "-0,25", "1.234,5", "12,3456"] {
            assert_eq!(oddity(cell), Some("a decimal comma"), "{cell}");
        }
        for cell in ["1,234", "1,234,567", "1,234.5"] {
            assert_eq!(oddity(cell), Some("a comma, in front of its decimals or its thousands"), "{cell}");
        }
        for cell in ["1'234", "1 234 567", "1\u{a0}234,5"] {
            assert_eq!(oddity(cell), Some("spaces or quotes between its thousands"), "{cell}");
        }
        for cell in ["1.5", "cat", "2020-01-01", "10.0.0.1", "1,2,3", "a,5", "12 34", "<=50K", "1,", ""] {
            assert_eq!(oddity(cell), None, "{cell}");
        }
    }
}
