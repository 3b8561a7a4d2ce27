//! The legend covers no data, whatever the data.

use proptest::prelude::*;

use super::*;
use crate::figure::draw::curve::Placing;
use crate::figure::draw::panel::Panel;
use crate::figure::draw::scale::{Scale, Ticks};
use crate::figure::draw::series::{Point, Series};
use crate::figure::spec::{Kind, ScaleKind};

fn panel() -> Panel {
    let area = Area { left: 40.0, top: 6.0, right: 230.0, bottom: 138.0 };
    let x = Scale { kind: ScaleKind::Linear, lo: 0.0, hi: 1.0, start: area.left, end: area.right };
    let y = Scale { kind: ScaleKind::Linear, lo: 0.0, hi: 1.0, start: area.bottom, end: area.top };
    Panel { area, x, y, x_ticks: Ticks::default(), y_ticks: Ticks::default(), labelled: (true, true) }
}

fn legend(labels: usize) -> Legend {
    Legend::new((0..labels).map(|i| Entry { label: format!("method {i}"), sample: Sample::Curve(Style::of(i)) }).collect())
        .unwrap()
}

fn series(index: usize, values: &[f64], width: f64) -> Series {
    let last = (values.len() - 1).max(1) as f64;
    let point = |(i, &v): (usize, &f64)| Point { x: i as f64 / last, lower: v - width, middle: v, upper: v + width };
    let points = values.iter().enumerate().map(point).collect();
    Series { label: String::new(), index, points, start: 0.0, diverged: false, runs: (0, 1), separate: false, predicted: None }
}

fn placing(of: usize) -> Placing {
    Placing { kind: Kind::Lines, unit: 1.0, of }
}

proptest! {
    #[test]
    fn the_legend_covers_no_curve_and_no_band(
        curves in prop::collection::vec((prop::collection::vec(-0.2..1.2_f64, 2..12), 0.0..0.2_f64), 1..5),
    ) {
        let panel = panel();
        let all: Vec<Series> = curves.iter().enumerate().map(|(i, (values, width))| series(i, values, *width)).collect();
        let placed: Vec<Curve> = all.iter().map(|s| panel.curve(s, s.index, placing(all.len()))).collect();
        if let Some(area) = legend(all.len()).inside(&panel.area, &placed, &[]) {
            prop_assert!(area.left >= panel.area.left && area.right <= panel.area.right);
            prop_assert!(area.top >= panel.area.top && area.bottom <= panel.area.bottom);
            // Checked by walking along every curve and across every band, not by the geometry that placed the legend.
            for points in all.iter().map(|s| &s.points) {
                for (pair, step) in points.windows(2).flat_map(|pair| (0..=100).map(move |step| (pair, step))) {
                    let t = f64::from(step) / 100.0;
                    let mix = |a: f64, b: f64| a + t * (b - a);
                    for across in 0..=20 {
                        let u = f64::from(across) / 20.0;
                        let ends = pair[0].lower.mul_add(1.0 - u, pair[0].upper * u)..=pair[1].lower.mul_add(1.0 - u, pair[1].upper * u);
                        let place = (panel.x.place(mix(pair[0].x, pair[1].x)), panel.y.place(mix(*ends.start(), *ends.end())));
                        prop_assert!(!panel.area.contains(place) || !area.contains(place), "{area:?} covers {place:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn an_empty_corner_is_taken_and_a_full_panel_is_not() {
    let panel = panel();
    let place = |values: &[f64], width: f64| {
        let s = series(0, values, width);
        legend(3).inside(&panel.area, &[panel.curve(&s, 0, placing(1))], &[])
    };
    let falling = place(&[1.0, 0.1, 0.05, 0.02], 0.0).unwrap();
    assert!(falling.right > panel.area.right - 5.0 && falling.top < panel.area.top + 5.0);
    let rising = place(&[0.0, 0.9, 0.95, 1.0], 0.0).unwrap();
    assert!(rising.right > panel.area.right - 5.0 && rising.bottom > panel.area.bottom - 5.0);
    assert_eq!(place(&[0.5, 0.5], 0.5), None);
}

#[test]
fn a_reference_line_is_not_covered_either() {
    let panel = panel();
    let everywhere: Vec<Vec<Place>> =
        (0..14).map(|i| vec![(40.0, 6.0 + 10.0 * f64::from(i)), (230.0, 6.0 + 10.0 * f64::from(i))]).collect();
    assert_eq!(legend(2).inside(&panel.area, &[], &everywhere), None);
}

#[test]
fn columns_of_a_strip_are_as_wide_as_their_words() {
    let label = |text: &str| Entry { label: text.into(), sample: Sample::Reference };
    let legend = Legend::new(vec![label("a much longer label"), label("b"), label("c")]).unwrap();
    let columns = legend.grid(400.0);
    assert_eq!(columns.len(), 3);
    assert!(columns[0] > 2.0 * columns[1] && columns[1] < SAMPLE + SPACE + 6.0);
    assert_eq!(legend.grid(columns[0] + columns[1]).len(), 1);
}
