//! Whole figures from synthetic curves.

use std::fmt::Write as _;
use std::io::Read;

use proptest::prelude::*;

use super::*;
use super::{
    geometry::Area,
    panel::Panel,
    scale::{Scale, Ticks},
};
use crate::figure::ScaleKind;

const HEADER: &str = "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss,accuracy\n";

/// Two values of `alpha`, three methods, three seeds; the third method diverges.
fn sweep() -> Curves {
    let mut file = format!("problem.alpha,{HEADER}");
    for alpha in ["0.1", "1"] {
        for (m, method) in ["fedavg", "\"SCAFFOLD, buffered\"", "wild"].iter().enumerate() {
            for seed in 0..3 {
                for t in 0..40 {
                    let rate = 0.05 * (m as f64 + 1.0) + 0.01 * f64::from(seed);
                    let loss = if m == 2 { (f64::from(t) * 0.5).exp() } else { 2.0 * (-rate * f64::from(t)).exp() };
                    let loss = if loss > 1e6 { f64::INFINITY } else { loss };
                    writeln!(file, "{alpha},{method},{seed},{t},{},0,0,{},0,{loss},0.5", 3 * t, 1_000_000 * t).unwrap();
                }
            }
        }
    }
    parse(&file)
}

fn parse(file: &str) -> Curves {
    Curves::parse(file.as_bytes(), Path::new("t")).unwrap()
}

fn figure(keys: &str) -> FigureSpec {
    toml::from_str(keys).unwrap()
}

fn svgs(curves: &Curves, spec: &FigureSpec) -> Vec<(String, String)> {
    plots(curves, None, spec).unwrap().into_iter().map(|(stem, plot)| (stem, plot.draw().unwrap().svg())).collect()
}

#[test]
fn one_drawing_becomes_three_files_at_the_width_of_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "a,0,0,0,0,0,0,0,2,\na,0,1,5,0,0,100,0,1,\n";
    std::fs::write(folder.path().join("curves.csv"), format!("{HEADER}{rows}")).unwrap();
    let paths = draw_all(folder.path(), &[], &|_| false).unwrap();
    let names: Vec<String> = paths.iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names[..4], ["loss-rounds.svg", "loss-rounds.pdf", "loss-rounds.png", "loss-seconds.svg"]);
    assert_eq!(names.len(), 9);
    let read = |i: usize| std::fs::read(&paths[i]).unwrap();
    let svg = String::from_utf8(read(0)).unwrap();
    assert!(svg.starts_with("<svg width=\"85.0") && !svg.contains("<text"), "{}", &svg[..120]);
    assert!(read(1).starts_with(b"%PDF") && read(2).starts_with(b"\x89PNG"));
    let png_width = u32::from_be_bytes(read(2)[16..20].try_into().unwrap());
    assert_eq!(png_width, (85.0_f64 / 25.4 * 300.0).round() as u32);
    // 300 dots per inch are 300 / 0.0254 dots per metre.
    let density = read(2).windows(4).position(|chunk| chunk == b"pHYs").map(|at| read(2)[at + 4..at + 13].to_vec()).unwrap();
    assert_eq!(density, [&11811_u32.to_be_bytes()[..], &11811_u32.to_be_bytes(), &[1]].concat());
}

#[test]
fn an_image_alone_is_known_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("curves.csv"), format!("{HEADER}a,0,0,0,0,0,0,0,2,\na,0,1,5,0,0,100,0,1,\n")).unwrap();
    let drawn = draw_all(folder.path(), &[figure("x = \"rounds\"\ny = \"loss\"\nname = \"größer\"")], &|_| false).unwrap();
    drawn[..2].iter().for_each(|path| std::fs::remove_file(path).unwrap());
    let copy = drawn[2].with_file_name("copy.png");
    std::fs::copy(&drawn[2], &copy).unwrap();
    assert!(drew(&drawn[2]) && !drew(&copy), "a copy under another name is the reader's own");
    remove_others(folder.path(), &[]).unwrap();
    assert!(!drawn[2].exists() && copy.exists());
}

#[test]
fn figures_no_longer_asked_for_go_and_a_reader_s_own_stay() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("curves.csv"), format!("{HEADER}a,0,0,0,0,0,0,0,2,\na,0,1,5,0,0,100,0,1,\n")).unwrap();
    draw_all(folder.path(), &[figure("x = \"rounds\"\ny = \"loss\"\nname = \"old\"")], &|_| false).unwrap();
    let figures = folder.path().join("figures");
    std::fs::copy(figures.join("old.svg"), figures.join("edited.svg")).unwrap();
    std::fs::write(figures.join("own.png"), "").unwrap();
    let drawn = draw_all(folder.path(), &[figure("x = \"rounds\"\ny = \"loss\"\nname = \"new\"")], &|_| false).unwrap();
    assert!(folder.path().join("figures/old.svg").is_file(), "nothing goes unless it is asked for");
    remove_others(folder.path(), &drawn).unwrap();
    let entries = std::fs::read_dir(&figures).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    assert_eq!(names, ["edited.svg", "new.pdf", "new.png", "new.svg", "own.png"]);
}

#[test]
fn the_same_curves_give_the_same_bytes() {
    let (curves, spec) = (sweep(), figure("x = \"seconds\"\ny = \"loss\"\nfacet = \"alpha\""));
    let folder = tempfile::tempdir().unwrap();
    let draw = || {
        let paths = plots(&curves, None, &spec).unwrap()[0].1.draw().unwrap().write(folder.path(), "f").unwrap();
        paths.iter().map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>()
    };
    for (first, second) in draw().into_iter().zip(draw()) {
        assert!(first == second, "{}", String::from_utf8_lossy(&first[..200]));
    }
}

#[test]
fn a_sweep_that_is_not_shown_becomes_one_figure_for_each_cell() {
    let curves = sweep();
    let stems = |keys: &str| svgs(&curves, &figure(keys)).into_iter().map(|(stem, _)| stem).collect::<Vec<_>>();
    assert_eq!(stems("x = \"rounds\"\ny = \"loss\""), ["loss-rounds-alpha-0.1", "loss-rounds-alpha-1"]);
    assert_eq!(stems("x = \"rounds\"\ny = \"loss\"\nfacet = \"alpha\""), ["loss-rounds"]);
    assert_eq!(stems("x = \"alpha\"\ny = \"loss\"\nname = \"Über all/α\""), ["Über-all-α"]);
    assert_eq!(stems("x = \"rounds\"\ny = \"loss\"\nwhere = { alpha = 1 }"), ["loss-rounds"]);
}

#[test]
fn defaults_follow_what_was_recorded() {
    let specs = defaults(&sweep());
    assert_eq!(
        specs.iter().map(|s| (s.y.as_str(), s.x.as_str())).collect::<Vec<_>>()[..3],
        [("loss", "rounds"), ("loss", "seconds"), ("loss", "uplink-bits")]
    );
    assert_eq!(specs[0].facet.as_deref(), Some("problem.alpha"));
    assert!(defaults(&parse(HEADER)).is_empty());
}

#[test]
fn a_method_keeps_its_look_in_every_figure() {
    let labels: Vec<String> = (0..14).map(|i| format!("m{i}")).collect();
    let look = |chosen: &[&str]| {
        let chosen: Vec<String> = chosen.iter().map(|&s| s.to_owned()).collect();
        looks(&labels, &chosen).into_iter().map(|(i, _)| i).collect::<Vec<_>>()
    };
    assert_eq!(look(&["m4", "m2"]), [4, 2]);
    // m1 and m13 share a colour, so two alone get the first two.
    assert_eq!(look(&["m1", "m13"]), [0, 1]);
}

#[test]
fn figures_that_cannot_be_drawn_are_refused_at_the_key() {
    let names = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
    let (labels, metrics, keys) = (names(&["a", "b"]), names(&["loss"]), names(&["problem.alpha"]));
    for (extra, path) in [
        ("x = \"time\"\ny = \"loss\"", "x"),
        ("x = \"rounds\"\ny = \"gap\"", "y"),
        ("x = \"rounds\"\ny = \"loss\"\nfacet = \"beta\"", "facet"),
        ("x = \"alpha\"\ny = \"loss\"\nfacet = \"alpha\"", "facet"),
        ("x = \"rounds\"\ny = \"loss\"\nmethods = [\"a\", \"c\"]", "methods.1"),
        ("x = \"rounds\"\ny = \"loss\"\nlimits-y = [1.0, 1.0]", "limits-y"),
        ("x = \"rounds\"\ny = \"loss\"\nlimits-x = [0.0, 1.0]\nscale-x = \"log\"", "limits-x"),
        ("x = \"rounds\"\ny = \"loss\"\nline = [{ y = 1.0 }, { label = \"nowhere\" }]", "line.1"),
        ("x = \"rounds\"\ny = \"loss\"\nline = [{ x = 1.0, y = 1.0 }]", "line.0"),
        ("x = \"rounds\"\ny = \"loss\"\nwhere = { beta = 1 }", "where.beta"),
    ] {
        assert_eq!(figure(extra).validate(&labels, &metrics, &keys).expect_err(extra).path.join("."), path, "{extra}");
    }
    assert_eq!(figure("x = \"alpha\"\ny = \"loss\"\nmethods = [\"b\"]").validate(&labels, &metrics, &keys), Ok(()));
    assert!(toml::from_str::<FigureSpec>("x = \"rounds\"\ny = \"loss\"\nscale = \"log\"").is_err());
    let windows = names(&["window.seconds", "stop.rounds"]);
    for key in ["window.seconds", "seconds"] {
        let panels = figure(&format!("x = \"seconds\"\ny = \"loss\"\nfacet = \"{key}\""));
        assert_eq!(panels.validate(&labels, &metrics, &windows), Ok(()), "an axis is no key");
    }
    for (extra, path) in
        [("name = \"a\\nb\"", "name"), ("title = \"a\\tb\"", "title"), ("line = [{ y = 1, label = \"\\r\" }]", "line.0.label")]
    {
        let fault = figure(&format!("x = \"rounds\"\ny = \"loss\"\n{extra}")).validate(&labels, &metrics, &keys).unwrap_err();
        assert_eq!(fault.path.join("."), path);
    }
}

#[test]
fn figures_have_files_of_their_own() {
    let of = |names: &[&str]| {
        let spec = |name: &&str| FigureSpec { name: Some((*name).to_owned()), ..FigureSpec::new("rounds", "loss") };
        distinct(&names.iter().map(spec).collect::<Vec<_>>())
    };
    assert_eq!(of(&["a", "b"]), Ok(()));
    assert_eq!(of(&["a", "b", "A!"]).unwrap_err().path, ["figure", "2", "name"]);
    let unnamed = [FigureSpec::new("rounds", "loss"), FigureSpec::new("rounds", "loss")];
    assert_eq!(distinct(&unnamed).unwrap_err().path, ["figure", "1"]);
}

#[test]
fn a_figure_survives_its_own_toml() {
    let spec = figure(
        "x = \"seconds\"\ny = \"gap\"\nband = \"interval\"\nfacet = \"alpha\"\nscale-y = \"log\"\nwidth = \"wide\"\nlimits-x = [0.0, 600.0]\n\
         line = [{ y = 0.97, label = \"theory\" }]\nwhere = { alpha = 0.1 }",
    );
    assert_eq!(toml::from_str::<FigureSpec>(&toml::to_string(&spec).unwrap()).unwrap(), spec);
}

#[test]
fn more_methods_than_looks_and_long_labels_still_fit() {
    let mut file = HEADER.to_owned();
    for method in 0..20 {
        for t in 0..5 {
            writeln!(
                file,
                "a method with a very long label that says all of its options no. {method},0,{t},{t},0,0,{t},0,{},",
                method + t
            )
            .unwrap();
        }
    }
    for width in ["column", "wide"] {
        let spec = figure(&format!(
            "x = \"rounds\"\ny = \"loss\"\nwidth = \"{width}\"\nline = [{{ y = 3.0, label = \"theory\" }}, {{ x = 2.0 }}]"
        ));
        let svg = &svgs(&parse(&file), &spec)[0].1;
        assert!(svg.contains("<path") && !svg.contains("NaN"));
    }
}

/// The vertical extents of a panel over one curve of `gap`.
fn extent(values: &[f64]) -> (f64, f64) {
    let rows: String = values.iter().enumerate().map(|(t, v)| format!("a,0,{t},{t},0,0,0,0,{v},\n")).collect();
    let curves = parse(&format!("{HEADER}{rows}").replace("loss", "gap"));
    let spec = figure("x = \"rounds\"\ny = \"gap\"\nscale-y = \"log\"");
    let cell = Cell::default();
    let series = series::against_axis(&curves, &spec, crate::record::axis::Axis::Rounds, &cell, &[(0, "a")]);
    let (_, lo, hi) = limits::vertical(&series.iter().collect::<Vec<_>>(), spec.scale_y, true);
    (lo, hi)
}

#[test]
fn a_start_at_the_optimum_does_not_stretch_the_axis() {
    for start in [0.0, 1e-30] {
        let (lo, hi) = extent(&[start, 1e-3, 2e-3, 1e-2]);
        assert!(lo > 1e-4 && lo <= 1e-3 && (1e-2..1e-1).contains(&hi), "{lo} {hi}");
    }
    let (lo, _) = extent(&[1.0, 1e-3, 1e-9]);
    assert!(lo <= 1e-9);
}

/// The vertical extents of a panel over the final losses of a sweep whose runs start at 1.
fn extent_of_finals(finals: &[f64]) -> (f64, f64) {
    let row = |(i, v): (usize, &f64)| format!("{i},a,0,0,0,0,0,0,0,1,\n{i},a,0,1,1,0,0,0,0,{v},\n");
    let rows: String = finals.iter().enumerate().map(row).collect();
    let curves = parse(&format!("lr,{HEADER}{rows}"));
    let cells: Vec<(f64, &Cell)> = (0..).map(f64::from).zip(curves.cells()).collect();
    let series = series::against_key(&curves, &figure("x = \"lr\"\ny = \"loss\""), &cells, &[(0, "a")]);
    let (_, lo, hi) = limits::vertical(&series.iter().collect::<Vec<_>>(), None, true);
    (lo, hi)
}

#[test]
fn a_value_that_has_blown_up_leaves_the_others_their_axis() {
    for blown in [&[1e80][..], &[1e30, 1e60, 1e80]] {
        let (lo, hi) = extent_of_finals(&[&[0.2, 0.1], blown].concat());
        assert!((0.05..0.1).contains(&lo) && (0.2..0.3).contains(&hi), "{lo} {hi}");
    }
    // What is merely worse than the start is compared.
    assert!(extent_of_finals(&[0.1, 1e3]).1 > 1e3);
}

#[test]
fn a_lone_curve_that_diverges_is_seen_to_rise() {
    let extent = |values: &str| {
        let rows: String = values.split(' ').enumerate().map(|(t, v)| format!("a,0,{t},{t},0,0,0,0,{v},\n")).collect();
        let (curves, cell, spec) = (parse(&format!("{HEADER}{rows}")), Cell::default(), figure("x = \"rounds\"\ny = \"loss\""));
        let series = series::against_axis(&curves, &spec, crate::record::axis::Axis::Rounds, &cell, &[(0, "a")]);
        assert!(series[0].diverged);
        let (_, lo, hi) = limits::vertical(&series.iter().collect::<Vec<_>>(), None, true);
        (lo, hi)
    };
    for values in ["1 25 625 inf", "1 2 4 8 16 inf"] {
        let (lo, hi) = extent(values);
        assert!(lo <= 1.0 && (8.0..11.0).contains(&hi), "{lo} {hi}");
    }
}

#[test]
fn words_of_a_line_have_room_above_it() {
    let top = |kind, line| limits::above_labels(kind, 1.0, 100.0, std::iter::once(line));
    assert_eq!((top(ScaleKind::Linear, 80.0), top(ScaleKind::Log, 50.0), top(ScaleKind::Log, 1e3)), (100.0, 100.0, 100.0));
    // The line keeps to nine tenths of the height.
    approx::assert_relative_eq!(top(ScaleKind::Linear, 91.0), 101.0, epsilon = 1e-12);
    approx::assert_relative_eq!(top(ScaleKind::Log, 1e2_f64.powf(0.99)), 1e2_f64.powf(1.1), epsilon = 1e-9);
}

#[test]
fn bars_stand_at_values_of_a_key_and_nowhere_else() {
    let bars = figure("x = \"alpha\"\ny = \"loss\"\nkind = \"bars\"");
    let drawn = &svgs(&sweep(), &bars)[0].1;
    assert!(drawn.contains("<path") && !drawn.contains("NaN"));
    let names = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
    let refused = figure("x = \"rounds\"\ny = \"loss\"\nkind = \"bars\"").validate(&names(&["a"]), &names(&["loss"]), &[]);
    assert_eq!(refused.expect_err("rounds are no key").path.join("."), "kind");
}

#[test]
fn a_label_of_several_lines_stands_once_in_the_legend() {
    let spec = figure(
        "x = \"rounds\"\ny = \"loss\"\nline = [{ y = 1.0, label = \"theory\" }, { y = 2.0, label = \"theory\" }, { y = 3.0, label = \"other\" }]",
    );
    assert_eq!(reference::legend_labels(&spec.line), ["theory"]);
}

#[test]
fn a_curve_of_reference_passes_through_its_places_and_stands_in_the_legend() {
    let line =
        |points: &str| figure(&format!("x = \"alpha\"\ny = \"loss\"\nline = [{{ points = {points}, label = \"theory\" }}]"));
    let spec = line("[[0.1, 2.0], [0.5, 1.0], [1.0, 1.5]]");
    assert_eq!(reference::legend_labels(&spec.line), ["theory"]);
    let drawn = &svgs(&sweep(), &spec)[0].1;
    let without = &svgs(&sweep(), &figure("x = \"alpha\"\ny = \"loss\""))[0].1;
    assert!(drawn.matches("<path").count() > without.matches("<path").count() && !drawn.contains("NaN"));
    let panel = Panel {
        area: Area { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 },
        x: Scale { kind: ScaleKind::Linear, lo: 0.0, hi: 1.0, start: 0.0, end: 100.0 },
        y: Scale { kind: ScaleKind::Linear, lo: 0.0, hi: 2.0, start: 100.0, end: 0.0 },
        x_ticks: Ticks { major: Vec::new(), minor: Vec::new() },
        y_ticks: Ticks { major: Vec::new(), minor: Vec::new() },
        labelled: (true, true),
    };
    assert_eq!(panel.reference(&spec.line[0], 1.0), [[(10.0, 0.0), (50.0, 50.0), (100.0, 25.0)]]);
    let names = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
    let fault = line("[[0.1, 2.0]]").validate(&names(&["a"]), &names(&["loss"]), &names(&["alpha"]));
    assert_eq!(fault.expect_err("one place is no line").path.join("."), "line.0");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// No values, however odd, make a figure fail or put something at no place.
    #[test]
    fn any_values_can_be_drawn(
        rows in prop::collection::vec((0.0..1e3_f64, prop::num::f64::ANY), 1..30),
        log_x in any::<bool>(),
        log_y in any::<bool>(),
        key in any::<bool>(),
        plain in any::<bool>(),
    ) {
        let mut rows = rows;
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut file = format!("beta,{HEADER}");
        for (i, (x, y)) in rows.iter().enumerate() {
            writeln!(file, "{},a,{},{i},{x},0,0,{i},0,{y},", i / 10, i % 2).unwrap();
        }
        let kind = |log| Some(if log { ScaleKind::Log } else { ScaleKind::Linear });
        let x = if key { "beta" } else { "seconds" };
        let facet = (!key).then(|| "beta".to_owned());
        let other = if key { Kind::Bars } else { Kind::Steps };
        let kind_of = if plain { Kind::Lines } else { other };
        for (_, svg) in svgs(&parse(&file), &FigureSpec { kind: kind_of, scale_x: kind(log_x), scale_y: kind(log_y), facet, ..FigureSpec::new(x, "loss") }) {
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf"));
        }
    }
}

#[test]
fn a_predicted_value_is_a_dashed_line_of_the_methods_colour() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "a,0,0,0,0,0,0,0,2,\na,0,1,5,0,0,100,0,1,\nb,0,0,0,0,0,0,0,2,\nb,0,1,5,0,0,100,0,1.5,\n";
    std::fs::write(folder.path().join("curves.csv"), format!("{HEADER}{rows}")).unwrap();
    let spec = figure("x = \"rounds\"\ny = \"loss\"\nstationary-point = true");
    assert!(
        draw_all(folder.path(), std::slice::from_ref(&spec), &|_| false)
            .unwrap_err()
            .to_string()
            .contains("predictions cannot be read")
    );
    let predicted = "method,seed,loss,accuracy\nb,0,1.5,\nb,1,1.6,\nb,2,7,\n";
    std::fs::write(folder.path().join("predicted.csv"), predicted).unwrap();
    draw_all(folder.path(), std::slice::from_ref(&spec), &|_| false).unwrap();
    let (curves, predicted) = (parse(&format!("{HEADER}{rows}")), predicted::read(&folder.path().join("predicted.csv")).unwrap());
    let plot = plots(&curves, Some(&predicted), &spec).unwrap().remove(0).1;
    let found: Vec<Option<f64>> = plot.panels[0].1.iter().map(|series| series.predicted).collect();
    assert_eq!(found, [None, Some(1.6)]);
    let dashes = |plot: &Plot<'_>| plot.draw().unwrap().svg().matches("stroke=\"#d55e00\" stroke-width=\"16\"").count();
    assert!(dashes(&plot) > 20, "{} dashes", dashes(&plot));
    assert_eq!(dashes(&plots(&curves, None, &spec).unwrap()[0].1), 0, "nothing is drawn that is not predicted");
}

/// The streams of a PDF, inflated where they are deflated.
fn streams(pdf: &[u8]) -> Vec<String> {
    let find = |from: usize, word: &[u8]| pdf[from..].windows(word.len()).position(|w| w == word).map(|at| from + at);
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(start) = find(at, b"stream\n") {
        let end = find(start, b"endstream").unwrap();
        let mut text = Vec::new();
        let inflated = flate2::read::ZlibDecoder::new(&pdf[start + 7..end]).read_to_end(&mut text).is_ok();
        found.push(String::from_utf8_lossy(if inflated { &text } else { &pdf[start + 7..end] }).into_owned());
        at = end + 9;
    }
    found
}

#[test]
fn text_in_a_pdf_can_be_selected_and_its_bytes_are_the_same_every_time() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("curves.csv"), format!("{HEADER}fedavg,0,0,0,0,0,0,0,2,0.5\nfedavg,0,1,1,1,1,1,1,1,0.5\n"))
        .unwrap();
    let spec = FigureSpec { title: Some("Quixotic jazz".into()), ..FigureSpec::new("rounds", "loss") };
    let draw = || {
        let _ = draw_all(folder.path(), std::slice::from_ref(&spec), &|_| false).unwrap();
        std::fs::read(folder.path().join("figures/loss-rounds.pdf")).unwrap()
    };
    let pdf = draw();
    assert_eq!(pdf, draw());
    // A reader finds letters by the table from glyphs to Unicode that comes with the font.
    let tables: Vec<String> = streams(&pdf).into_iter().filter(|text| text.contains("beginbfchar")).collect();
    for letter in "Quixotic jazz".chars().filter(|letter| *letter != ' ') {
        let code = format!("<{:04x}>", u32::from(letter));
        assert!(tables.iter().any(|table| table.to_lowercase().contains(&code)), "{letter}: {tables:?}");
    }
}
