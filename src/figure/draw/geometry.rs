//! Lines and boxes on the canvas: clipping, dashes, overlap.

/// A place on the canvas, y downwards.
pub(super) type Place = (f64, f64);

/// An upright box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Area {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The box with `margin` more on every side.
    pub(super) fn grown(&self, margin: f64) -> Self {
        Self { left: self.left - margin, top: self.top - margin, right: self.right + margin, bottom: self.bottom + margin }
    }

    pub(super) fn contains(&self, (x, y): Place) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    /// Whether the boxes share a place.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.left <= other.right && other.left <= self.right && self.top <= other.bottom && other.top <= self.bottom
    }

    /// Whether `other` lies wholly inside.
    pub(super) fn holds(&self, other: &Self) -> bool {
        self.contains((other.left, other.top)) && self.contains((other.right, other.bottom))
    }

    /// The part of the segment from `a` to `b` inside the box (Liang and Barsky).
    pub(super) fn clip(&self, a: Place, b: Place) -> Option<(Place, Place)> {
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let edges = [(-dx, a.0 - self.left), (dx, self.right - a.0), (-dy, a.1 - self.top), (dy, self.bottom - a.1)];
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        for (p, q) in edges {
            if p == 0.0 && q < 0.0 {
                return None;
            } else if p < 0.0 {
                enter = enter.max(q / p);
            } else if p > 0.0 {
                leave = leave.min(q / p);
            }
        }
        let at = |t: f64| (a.0 + t * dx, a.1 + t * dy);
        (enter <= leave).then(|| (at(enter), at(leave)))
    }

    /// The pieces of a polyline inside the box.
    pub(super) fn clip_path(&self, path: &[Place]) -> Vec<Vec<Place>> {
        let mut pieces: Vec<Vec<Place>> = Vec::new();
        for pair in path.windows(2) {
            let Some((a, b)) = self.clip(pair[0], pair[1]) else { continue };
            match pieces.last_mut() {
                Some(piece) if piece.last() == Some(&a) => piece.push(b),
                _ => pieces.push(vec![a, b]),
            }
        }
        pieces
    }

    /// The part inside the box of the strip between two polylines over the same places `x`.
    pub(super) fn clip_band(&self, upper: &[Place], lower: &[Place]) -> (Vec<Place>, Vec<Place>) {
        let clamped = |(x, y): Place| (x, if y.is_nan() { self.bottom } else { y.clamp(self.top, self.bottom) });
        let mut clipped = (Vec::new(), Vec::new());
        for i in 0..upper.len().saturating_sub(1) {
            let sides = [(upper[i], upper[i + 1]), (lower[i], lower[i + 1])];
            // Where an edge crosses the frame the outline has a corner; between corners both edges are straight.
            let crossing = |(a, b): (Place, Place)| {
                let (dx, dy) = (b.0 - a.0, b.1 - a.1);
                [(self.top - a.1) / dy, (self.bottom - a.1) / dy, (self.left - a.0) / dx, (self.right - a.0) / dx]
            };
            let mut steps: Vec<f64> = sides.into_iter().flat_map(crossing).filter(|t| (0.0..=1.0).contains(t)).collect();
            steps.extend([0.0, 1.0]);
            steps.sort_by(f64::total_cmp);
            steps.dedup();
            for t in steps {
                let at = |(a, b): (Place, Place)| (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1));
                if (self.left - 0.1..=self.right + 0.1).contains(&at(sides[0]).0) {
                    clipped.0.push(clamped(at(sides[0])));
                    clipped.1.push(clamped(at(sides[1])));
                }
            }
        }
        clipped
    }

    /// Whether a polyline, or a single place, meets the box.
    pub(super) fn meets(&self, path: &[Place]) -> bool {
        path.first().is_some_and(|&p| self.contains(p)) || path.windows(2).any(|pair| self.clip(pair[0], pair[1]).is_some())
    }

    /// Whether the strip between an upper and a lower polyline over the same places `x` meets the box.
    pub(super) fn meets_band(&self, upper: &[Place], lower: &[Place]) -> bool {
        let middle = (0.5 * (self.left + self.right), 0.5 * (self.top + self.bottom));
        let inside = |i: usize| {
            let t = (middle.0 - upper[i].0) / (upper[i + 1].0 - upper[i].0);
            let between = |line: &[Place]| line[i].1 + t * (line[i + 1].1 - line[i].1);
            (0.0..=1.0).contains(&t) && (between(upper)..=between(lower)).contains(&middle.1)
        };
        self.meets(upper)
            || self.meets(lower)
            || upper.iter().zip(lower).any(|(&a, &b)| self.clip(a, b).is_some())
            || (0..upper.len().saturating_sub(1)).any(inside)
    }
}

/// A polyline cut into dashes by lengths of dashes and gaps in turn; the whole line for an empty pattern.
pub(super) fn dashed(path: &[Place], pattern: &[f64]) -> Vec<Vec<Place>> {
    if pattern.is_empty() || path.is_empty() {
        return vec![path.to_vec()];
    }
    let mut dashes = vec![vec![path[0]]];
    let (mut step, mut left) = (0, pattern[0]);
    for pair in path.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let length = (b.0 - a.0).hypot(b.1 - a.1);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let place = (a.0 + (b.0 - a.0) * done / length, a.1 + (b.1 - a.1) * done / length);
            if step % 2 == 0 {
                dashes.last_mut().expect("there is a first dash").push(place);
            } else {
                dashes.push(vec![place]);
            }
            step = (step + 1) % pattern.len();
            left = pattern[step];
        }
        left -= length - done;
        if step % 2 == 0 {
            dashes.last_mut().expect("there is a first dash").push(b);
        }
    }
    dashes.retain(|dash| dash.len() > 1);
    dashes
}

/// Places along a polyline, `spacing` apart, the first after `offset`.
pub(super) fn along(path: &[Place], offset: f64, spacing: f64) -> Vec<Place> {
    let (mut places, mut next) = (Vec::new(), offset);
    for pair in path.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let length = (b.0 - a.0).hypot(b.1 - a.1);
        while next <= length {
            let t = if length > 0.0 { next / length } else { 0.0 };
            places.push((a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1)));
            next += spacing;
        }
        next -= length;
    }
    places
}

/// The length of a polyline.
pub(super) fn length(path: &[Place]) -> f64 {
    path.windows(2).map(|pair| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Area = Area { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };

    #[test]
    fn clipping_keeps_what_is_inside() {
        assert_eq!(BOX.clip((-5.0, 5.0), (15.0, 5.0)), Some(((0.0, 5.0), (10.0, 5.0))));
        assert_eq!(BOX.clip((-5.0, -5.0), (-1.0, 20.0)), None);
        let pieces = BOX.clip_path(&[(1.0, 1.0), (1.0, 20.0), (5.0, 20.0), (5.0, 5.0)]);
        assert_eq!(pieces, [vec![(1.0, 1.0), (1.0, 10.0)], vec![(5.0, 10.0), (5.0, 5.0)]]);
    }

    #[test]
    fn a_band_that_leaves_the_box_keeps_its_slope_inside() {
        let (upper, lower) = BOX.clip_band(&[(0.0, 5.0), (10.0, -5.0)], &[(0.0, 8.0), (10.0, 8.0)]);
        assert_eq!(upper, [(0.0, 5.0), (5.0, 0.0), (10.0, 0.0)]);
        assert_eq!(lower, [(0.0, 8.0), (5.0, 8.0), (10.0, 8.0)]);
    }

    #[test]
    fn dashes_and_gaps_have_their_lengths() {
        let dashes = dashed(&[(0.0, 0.0), (4.0, 0.0), (4.0, 6.0)], &[3.0, 2.0]);
        assert_eq!(dashes, [vec![(0.0, 0.0), (3.0, 0.0)], vec![(4.0, 1.0), (4.0, 4.0)]]);
        assert_eq!(dashed(&[(0.0, 0.0), (4.0, 0.0)], &[]), [vec![(0.0, 0.0), (4.0, 0.0)]]);
    }

    #[test]
    fn a_band_meets_a_box_that_lies_wholly_inside() {
        let (upper, lower) = ([(-100.0, -50.0), (100.0, -50.0)], [(-100.0, 50.0), (100.0, 50.0)]);
        assert!(BOX.meets_band(&upper, &lower));
        assert!(!BOX.meets_band(&upper.map(|(x, y)| (x, y - 100.0)), &lower.map(|(x, y)| (x, y - 100.0))));
    }

    #[test]
    fn marks_stand_evenly() {
        assert_eq!(along(&[(0.0, 0.0), (3.0, 0.0), (3.0, 4.0)], 1.0, 2.0), [(1.0, 0.0), (3.0, 0.0), (3.0, 2.0), (3.0, 4.0)]);
    }
}
