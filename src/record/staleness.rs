//! The table `staleness.csv`: how many updates of each staleness a run has applied.

use std::io;

/// The rows of one run with their header: `keys`, method, seed, staleness, count. `prefix` is what every row starts with;
/// `counts` begins with those of staleness 0, and stalenesses that never came have no row.
///
/// # Errors
/// None that memory does not have.
pub fn table(keys: &[String], prefix: &[String], counts: &[u64]) -> io::Result<String> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(keys.iter().map(String::as_str).chain(["method", "seed", "staleness", "count"]))?;
    for (staleness, count) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
        let numbers = [staleness.to_string(), count.to_string()];
        csv.write_record(prefix.iter().chain(&numbers))?;
    }
    let bytes = csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_came_has_a_row() {
        let (keys, prefix) = (["n".to_owned()], ["10", "FedBuff, K = 2", "0"].map(str::to_owned));
        let expected = "n,method,seed,staleness,count\n10,\"FedBuff, K = 2\",0,0,3\n10,\"FedBuff, K = 2\",0,2,1\n";
        assert_eq!(table(&keys, &prefix, &[3, 0, 1]).unwrap(), expected);
    }
}
