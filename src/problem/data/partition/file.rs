//! Client ids, or lists of rows, from a file.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::{FileOfClients, MOST_CLIENTS};
use crate::{
    file::File,
    invalid::{Invalid, count, require},
    problem::data::{
        Grouping,
        read::{RawTargets, is_large, numpy},
        table::Ids,
    },
    table::is_missing,
};

/// Reads whose the `rows` training samples of the source are; there are as many clients as `clients` says, or as the largest id
/// needs.
///
/// # Errors
/// [`Invalid`] at the id that cannot be used, or where the ids do not cover the rows.
pub(in crate::problem::data) fn read(
    spec: &FileOfClients,
    rows: usize,
    clients: Option<usize>,
    base: &Path,
) -> Result<Ids, Invalid> {
    let file = File::open(&spec.path, base).map_err(|error| error.under("file"))?;
    let start = file.bytes().iter().find(|byte| !byte.is_ascii_whitespace());
    let ids = if file.bytes().starts_with(b"\x93NUMPY") {
        array(&file)?
    } else if matches!(start, Some(b'[' | b'{')) {
        lists(&file, rows)?
    } else {
        lines(&file)?
    };
    if ids.len() != rows {
        let found = ids.len();
        let fault =
            file.fault(format!("the file has {}: expected one for each of {rows} training samples", count(found, "client id")));
        return Err(fault.help(
            "ids are those of all training samples of the source, before `test`, `validation` and `classes` choose among them",
        ));
    }
    let needed = ids.iter().max().map_or(0, |&(id, _)| id + 1);
    let number = match clients {
        Some(clients) => {
            require(clients <= MOST_CLIENTS, "", clients, &format!("at most {MOST_CLIENTS} clients with data"))?;
            clients
        }
        None if needed > rows => {
            return Err(file
                .fault(format!("client {} has an id above the number of samples", needed - 1))
                .help("set `fleet.clients` if some clients are meant to have no sample"));
        }
        None => needed,
    };
    let client = |&(id, text): &Id<'_>| {
        let message = || format!("client {id} does not exist: expected an id from 0 to {}", number.saturating_sub(1));
        let fault = || text.map_or_else(|| file.fault(message()), |text| file.fault_at(text, message()));
        if id < number { Ok(id as u32) } else { Err(fault()) }
    };
    Ok(Ids { clients: number, of: ids.iter().map(client).collect::<Result<_, _>>()? })
}

/// The rows of each client.
///
/// # Errors
/// [`Invalid`] for a client without samples, unless that is meant.
pub(in crate::problem::data) fn parts(spec: &FileOfClients, ids: &Ids, base: &Path) -> Result<Vec<Vec<usize>>, Invalid> {
    let parts = ids.members();
    match parts.iter().position(Vec::is_empty) {
        Some(client) if !spec.allow_empty => {
            let fault = Invalid::at("", format!("client {client} has no sample")).in_file(base.join(&spec.path), None);
            Err(fault.help("set `allow-empty = true` if that is meant"))
        }
        _ => Ok(parts),
    }
}

/// An id, and what is written in the file where that is text.
type Id<'f> = (usize, Option<&'f str>);

fn array<'f>(file: &File<'_>) -> Result<Vec<Id<'f>>, Invalid> {
    let column = numpy::npy_column(file, "clients")?;
    column.check().map_err(|fault| file.fault(fault.message).help("name the client of each row"))?;
    let unusable = |value: &str| file.fault(format!("`{value}` is not a client id: expected whole numbers from 0"));
    let values = match column.cells {
        RawTargets::Numbers(values) => values,
        RawTargets::Names(cells) if column.is_large => {
            return Err(unusable(cells.iter().find(|cell| is_large(cell)).map_or("", String::as_str)));
        }
        RawTargets::Names(cells) => {
            return Ok(Grouping::new("clients", &cells).of.into_iter().map(|id| (id as usize, None)).collect());
        }
    };
    let id = |value: f64| (value >= 0.0 && value.fract() == 0.0 && value < u32::MAX.into()).then_some((value as usize, None));
    values.into_iter().map(|value| id(value).ok_or_else(|| unusable(&value.to_string()))).collect()
}

/// One id a line, under a header or not; blank lines may follow the last.
fn lines<'f>(file: &'f File<'_>) -> Result<Vec<Id<'f>>, Invalid> {
    let mut ids = Vec::new();
    let lines = file.text()?.trim_end().lines().map(str::trim);
    for (line, text) in (1..).zip(lines) {
        match text.parse::<u32>() {
            Ok(id) => ids.push((id as usize, Some(text))),
            Err(_) if is_missing(text) => {
                let fault = file.fault_at(text, "the client id is missing: expected a whole number from 0");
                return Err(fault.help("write one id a line, for each training sample"));
            }
            Err(_) if line == 1 && text.parse::<f64>().is_err() => {}
            Err(_) => return Err(file.fault_at(text, format!("`{text}` is not a client id: expected a whole number from 0"))),
        }
    }
    Ok(ids)
}

/// The forms of JSON.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a list of client ids, a list of rows for each client, or an object of such lists")]
enum Lists {
    /// The client of each row.
    Ids(Vec<u32>),
    /// The rows of each client.
    Rows(Vec<Vec<usize>>),
    /// The rows of each client by its name.
    Named(BTreeMap<String, Vec<usize>>),
}

/// Ids, or lists of rows, as JSON.
fn lists<'f>(file: &File<'_>, rows: usize) -> Result<Vec<Id<'f>>, Invalid> {
    let lists = serde_json::from_str(file.text()?).map_err(|error| file.fault(format!("the JSON cannot be read: {error}")))?;
    let clients: Vec<(usize, Vec<usize>)> = match lists {
        Lists::Ids(ids) => return Ok(ids.into_iter().map(|id| (id as usize, None)).collect()),
        Lists::Rows(lists) => lists.into_iter().enumerate().collect(),
        Lists::Named(lists) => {
            // Names that are whole numbers are ids; others are counted in sorted order.
            let ids: Option<Vec<usize>> = lists.keys().map(|name| name.parse::<u32>().ok().map(|id| id as usize)).collect();
            let ids = ids.unwrap_or_else(|| (0..lists.len()).collect());
            ids.into_iter().zip(lists.into_values()).collect()
        }
    };
    let mut of = vec![None; rows];
    for (client, list) in clients {
        for row in list {
            let place = of.get_mut(row).ok_or_else(|| {
                file.fault(format!("client {client} has row {row}: expected rows from 0 to {}", rows.saturating_sub(1)))
            })?;
            if let Some(other) = place.replace(client) {
                let lists = if other == client {
                    format!("twice in the list of client {client}")
                } else {
                    format!("in the lists of clients {other} and {client}")
                };
                return Err(file.fault(format!("row {row} is {lists}: expected it once")));
            }
        }
    }
    let unlisted =
        |row: usize| file.fault(format!("row {row} (counted from 0) is in no client's list: expected each training sample once"));
    of.into_iter().enumerate().map(|(row, client)| client.map(|id| (id, None)).ok_or_else(|| unlisted(row))).collect()
}
