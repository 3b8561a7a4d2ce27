//! Tables for scripts: a row for each thing, a column for each of its values, as CSV or JSON.

use std::io::Write;

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::table::guarded;

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A word.
    Text(String),
    /// A number, which may be infinite.
    Number(f64),
    /// Nothing that is known.
    Missing,
}

impl From<Option<f64>> for Value {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Missing, Self::Number)
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Self::Number(count as f64)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 2.0_f64.powi(53) => {
                serializer.serialize_i64(*number as i64)
            }
            Self::Number(number) if number.is_finite() => serializer.serialize_f64(*number),
            // JSON has no infinite numbers.
            Self::Number(number) => serializer.collect_str(number),
            Self::Missing => serializer.serialize_none(),
        }
    }
}

/// Rows that all have the same columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tidy {
    /// Names of the columns.
    pub header: Vec<String>,
    /// The rows, as long as the header.
    pub rows: Vec<Vec<Value>>,
}

/// A row as an object.
struct Object<'a>(&'a [String], &'a [Value]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0.iter().zip(self.1) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Tidy {
    /// As CSV: empty fields where nothing is known, `inf` for what is infinite.
    ///
    /// # Errors
    /// What `out` or the CSV writer reports.
    pub fn csv(&self, out: impl Write) -> csv::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(&self.header)?;
        let field = |value: &Value| match value {
            Value::Text(text) => guarded(text).into_owned(),
            Value::Number(number) => number.to_string(),
            Value::Missing => String::new(),
        };
        self.rows.iter().try_for_each(|row| writer.write_record(row.iter().map(field)))?;
        writer.flush()?;
        Ok(())
    }

    /// As a JSON array of objects with the names of the columns as keys, one a line: `null` where nothing is known, the text `"inf"` for
    /// what is infinite.
    ///
    /// # Errors
    /// What the JSON writer reports.
    pub fn json(&self) -> serde_json::Result<String> {
        let line = |row: &Vec<Value>| serde_json::to_string(&Object(&self.header, row));
        let lines = self.rows.iter().map(line).collect::<serde_json::Result<Vec<_>>>()?;
        Ok(format!("[\n{}\n]\n", lines.join(",\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_have_the_same_values() {
        let row =
            vec![Value::from("=1+1"), Value::from(3_usize), Value::Number(0.25), Value::Number(f64::INFINITY), Value::Missing];
        let tidy = Tidy { header: ["method", "seeds", "share", "time", "p"].map(String::from).to_vec(), rows: vec![row] };
        let mut csv = Vec::new();
        tidy.csv(&mut csv).unwrap();
        assert_eq!(String::from_utf8(csv).unwrap(), "method,seeds,share,time,p\n'=1+1,3,0.25,inf,\n");
        let json = tidy.json().unwrap();
        assert_eq!(json, "[\n{\"method\":\"=1+1\",\"seeds\":3,\"share\":0.25,\"time\":\"inf\",\"p\":null}\n]\n");
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read[0]["share"], 0.25);
    }
}
