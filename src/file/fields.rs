//! Where the fields of comma-separated values stand.

use super::File;
use crate::invalid::Invalid;

impl File<'_> {
    /// A fault of the record that begins at byte `start`.
    pub fn fault_at_record(&self, start: usize, message: impl Into<String>) -> Invalid {
        self.text().map_or_else(|unreadable| unreadable, |text| self.fault_at(record(text, start), message))
    }

    /// A fault at a field of the record that begins at byte `start`: its index, and the byte between fields.
    pub fn fault_at_field(&self, start: usize, (index, delimiter): (usize, u8), message: impl Into<String>) -> Invalid {
        self.text().map_or_else(|unreadable| unreadable, |text| self.fault_at(field(text, start, index, delimiter), message))
    }
}

/// The byte at which a record begins.
pub fn start(position: Option<&csv::Position>) -> usize {
    position.map_or(0, |position| position.byte() as usize)
}

/// The first line of the record that begins at byte `start` of `text`, behind empty lines.
fn record(text: &str, start: usize) -> &str {
    behind_empty_lines(text, start).lines().next().unwrap_or_default()
}

/// Field `index` of the record that begins at byte `start` of `text`, behind empty lines, without blanks around the field;
/// the end of the record if it has no such field.
fn field(text: &str, start: usize, index: usize, delimiter: u8) -> &str {
    let record = behind_empty_lines(text, start);
    let (mut quoted, mut passed, mut begin, mut end) = (false, 0, 0, record.len());
    for (at, byte) in record.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            _ if byte == b'\n' || (byte == delimiter && passed == index) => {
                end = at;
                break;
            }
            _ if byte == delimiter => (passed, begin) = (passed + 1, at + 1),
            _ => {}
        }
    }
    record[if passed == index { begin } else { end }..end].trim()
}

fn behind_empty_lines(text: &str, start: usize) -> &str {
    text.get(start..).unwrap_or_default().trim_start_matches(['\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_between_delimiters_outside_of_quotes() {
        let text = "a,b\n\n1, \"x,\"\"\n\" ,3\r\n4;5";
        assert_eq!((field(text, 0, 0, b','), field(text, 0, 1, b',')), ("a", "b"));
        let found: Vec<&str> = (0..4).map(|index| field(text, 4, index, b',')).collect();
        assert_eq!(found, ["1", "\"x,\"\"\n\"", "3", ""]);
        assert_eq!(field(text, text.len() - 3, 1, b';'), "5");
        assert_eq!(record(text, 3), "1, \"x,\"\"");
    }
}
