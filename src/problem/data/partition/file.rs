//! Client ids from a file.

use std::path::Path;

use super::{FileOfClients, MOST_CLIENTS};
use crate::{
    file::File,
    invalid::{Invalid, require},
    problem::data::read::numpy,
};

/// The rows of each client; there are as many clients as `clients` says, or as the largest id needs.
///
/// # Errors
/// [`Invalid`] at the id that cannot be used, or where the ids do not cover rows and clients.
pub fn read(spec: &FileOfClients, rows: usize, clients: Option<usize>, base: &Path) -> Result<Vec<Vec<usize>>, Invalid> {
    let file = File::open(&spec.path, base).map_err(|error| error.under("file"))?;
    let ids = if file.bytes().starts_with(b"\x93NUMPY") { array(&file)? } else { lines(&file)? };
    if ids.len() != rows {
        return Err(
            file.fault(format!("the file has {} client ids: expected one for each of {rows} training samples", ids.len()))
        );
    }
    let needed = ids.iter().max().map_or(0, |&(id, _)| id + 1);
    let count = match clients {
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
    let mut parts = vec![Vec::new(); count];
    for (row, &(id, text)) in ids.iter().enumerate() {
        let part = parts.get_mut(id).ok_or_else(|| {
            let message = format!("client {id} does not exist: expected an id from 0 to {}", count.saturating_sub(1));
            text.map_or_else(|| file.fault(&message), |text| file.fault_at(text, &message))
        })?;
        part.push(row);
    }
    match parts.iter().position(Vec::is_empty) {
        Some(client) if !spec.allow_empty => {
            Err(file.fault(format!("client {client} has no sample")).help("set `allow-empty = true` if that is meant"))
        }
        _ => Ok(parts),
    }
}

/// An id, and what is written in the file where that is text.
type Id<'f> = (usize, Option<&'f str>);

fn array<'f>(file: &File<'_>) -> Result<Vec<Id<'f>>, Invalid> {
    let array = numpy::npy::<f64>(file, "clients")?;
    let id = |value: f64| (value >= 0.0 && value.fract() == 0.0 && value < u32::MAX.into()).then_some((value as usize, None));
    let unusable = |value: f64| file.fault(format!("`{value}` is not a client id: expected whole numbers from 0"));
    array.values.into_iter().map(|value| id(value).ok_or_else(|| unusable(value))).collect()
}

/// One id a line, under a header or not.
fn lines<'f>(file: &'f File<'_>) -> Result<Vec<Id<'f>>, Invalid> {
    let mut ids = Vec::new();
    for (line, text) in (1..).zip(file.text()?.lines().map(str::trim)) {
        match text.parse::<u32>() {
            Ok(id) => ids.push((id as usize, Some(text))),
            Err(_) if text.is_empty() || (line == 1 && text.parse::<f64>().is_err()) => {}
            Err(_) => return Err(file.fault_at(text, format!("`{text}` is not a client id: expected a whole number from 0"))),
        }
    }
    Ok(ids)
}
