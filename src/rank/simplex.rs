//! Linear programs whose origin is feasible.

/// Numbers below this are rounding.
const ZERO: f64 = 1e-10;

/// A vector `x ≥ 0` that maximises `c · x` under `A x ≤ b`, where `b ≥ 0`; `None` where there is no maximum.
///
/// By the simplex method on a dense table, with Bland's choice of pivots, which never cycles.
pub(super) fn maximise(c: &[f64], a: &[Vec<f64>], b: &[f64]) -> Option<Vec<f64>> {
    let (variables, rows) = (c.len(), a.len());
    let width = variables + rows + 1;
    let mut table: Vec<Vec<f64>> = Vec::with_capacity(rows);
    for (r, row) in a.iter().enumerate() {
        let mut line = vec![0.0; width];
        line[..variables].copy_from_slice(row);
        line[variables + r] = 1.0;
        line[width - 1] = b[r];
        table.push(line);
    }
    let mut costs: Vec<f64> = c.iter().copied().chain(std::iter::repeat_n(0.0, rows + 1)).collect();
    let mut basis: Vec<usize> = (variables..variables + rows).collect();
    while let Some(enters) = costs[..width - 1].iter().position(|&cost| cost > ZERO) {
        let leaves = leaving(&table, &basis, enters)?;
        pivot(&mut table, &mut costs, leaves, enters);
        basis[leaves] = enters;
    }
    let mut x = vec![0.0; variables];
    for (row, &variable) in table.iter().zip(&basis) {
        if variable < variables {
            x[variable] = row[width - 1].max(0.0);
        }
    }
    Some(x)
}

/// The row that bounds the entering variable the most, of several the one with the first variable.
fn leaving(table: &[Vec<f64>], basis: &[usize], enters: usize) -> Option<usize> {
    let ratio = |r: usize| table[r][table[r].len() - 1] / table[r][enters];
    let bounds = (0..table.len()).filter(|&r| table[r][enters] > ZERO);
    bounds.reduce(|best, r| {
        let (old, new) = (ratio(best), ratio(r));
        let same = (old - new).abs() <= ZERO;
        if (same && basis[r] < basis[best]) || (!same && new < old) { r } else { best }
    })
}

fn pivot(table: &mut [Vec<f64>], costs: &mut [f64], row: usize, column: usize) {
    let factor = 1.0 / table[row][column];
    table[row].iter_mut().for_each(|value| *value *= factor);
    let own = table[row].clone();
    let others = table.iter_mut().enumerate().filter(|&(r, _)| r != row).map(|(_, line)| &mut line[..]);
    for line in others.chain([costs]) {
        let times = line[column];
        if times != 0.0 {
            line.iter_mut().zip(&own).for_each(|(value, own)| *value -= times * own);
            line[column] = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corner_is_found() {
        // Dantzig's example: 3 x + 5 y with x ≤ 4, 2 y ≤ 12, 3 x + 2 y ≤ 18 is greatest, 36, at (2, 6).
        let a = [vec![1.0, 0.0], vec![0.0, 2.0], vec![3.0, 2.0]];
        let x = maximise(&[3.0, 5.0], &a, &[4.0, 12.0, 18.0]).unwrap();
        approx::assert_relative_eq!(x[0], 2.0, max_relative = 1e-12);
        approx::assert_relative_eq!(x[1], 6.0, max_relative = 1e-12);
    }

    #[test]
    fn without_a_bound_there_is_no_maximum() {
        assert_eq!(maximise(&[1.0, 0.0], &[vec![0.0, 1.0]], &[1.0]), None);
    }

    #[test]
    fn degenerate_corners_do_not_cycle() {
        // Beale's example, on which the largest coefficient cycles; the maximum is 1/20 at x = (1/25, 0, 1, 0).
        let a = [vec![0.25, -60.0, -0.04, 9.0], vec![0.5, -90.0, -0.02, 3.0], vec![0.0, 0.0, 1.0, 0.0]];
        let x = maximise(&[0.75, -150.0, 0.02, -6.0], &a, &[0.0, 0.0, 1.0]).unwrap();
        let value: f64 = x.iter().zip([0.75, -150.0, 0.02, -6.0]).map(|(x, c)| x * c).sum();
        approx::assert_relative_eq!(value, 0.05, max_relative = 1e-12);
    }
}
