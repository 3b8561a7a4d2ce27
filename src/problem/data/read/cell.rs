//! What a cell of a text file says: a number, that its value is missing, or a number as it is not read.

pub(in crate::problem::data) use crate::table::is_missing;

/// The number that `cell` is; what is missing is none.
pub(in crate::problem::data) fn number(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|value: &f64| !value.is_nan())
}

/// Signs of currencies that stand beside numbers.
const CURRENCIES: [char; 4] = ['$', '€', '£', '¥'];

/// What is odd about a cell that people read as a number: `1,5`, `1,5e-3`, `,5`, `1.234,5`, `1,234`, `1'234`, `1 234`, `5%`,
/// `$1,000`.
pub(in crate::problem::data) fn oddity(cell: &str) -> Option<&'static str> {
    let size = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    let is_number = |text: &str| number(text.trim()).is_some() || mark(text.trim()).is_some();
    if size.strip_suffix('%').is_some_and(is_number) {
        return Some("a percent sign");
    }
    if size.strip_prefix(CURRENCIES).or_else(|| size.strip_suffix(CURRENCIES)).is_some_and(is_number) {
        return Some("the sign of a currency");
    }
    let (digits, exponent) = size.split_once(['e', 'E']).unwrap_or((size, "0"));
    if exponent.parse::<i32>().is_ok() { mark(digits) } else { None }
}

/// The mark among `digits` that is not read.
fn mark(digits: &str) -> Option<&'static str> {
    let marks = |mark: char| digits.matches(mark).count();
    let apart = ['\'', '’', ' ', '\u{a0}', '\u{202f}'];
    let plain = |c: char| c.is_ascii_digit() || ",.".contains(c) || apart.contains(&c);
    if !digits.starts_with(|c: char| c == ',' || c.is_ascii_digit())
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
        for cell in ["1,5", "-0,25", "1.234,5", "12,3456", "1,5e-3", "-2,5E+10", ",5", "-,25"] {
            assert_eq!(oddity(cell), Some("a decimal comma"), "{cell}");
        }
        for cell in ["1,234", "1,234,567", "1,234.5"] {
            assert_eq!(oddity(cell), Some("a comma, in front of its decimals or its thousands"), "{cell}");
        }
        for cell in ["1'234", "1 234 567", "1\u{a0}234,5"] {
            assert_eq!(oddity(cell), Some("spaces or quotes between its thousands"), "{cell}");
        }
        for (cell, sign) in [("5%", "a percent sign"), ("-1,5 %", "a percent sign"), ("$1,000", "the sign of a currency")] {
            assert_eq!(oddity(cell), Some(sign), "{cell}");
        }
        assert_eq!((oddity("5 €"), oddity("-$5")), (Some("the sign of a currency"), Some("the sign of a currency")));
        for cell in [
            "1,5e",
            "e5",
            "e,5",
            "%",
            "$",
            "$a",
            "100%ig",
            ",",
            "1.5",
            "cat",
            "2020-01-01",
            "10.0.0.1",
            "1,2,3",
            "a,5",
            "12 34",
            "<=50K",
            "1,",
            "",
        ] {
            assert_eq!(oddity(cell), None, "{cell}");
        }
    }
}
