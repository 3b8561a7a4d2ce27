//! What is read from whole, torn and faulty files.

use super::*;

const HEADER: &str = "alpha,method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss,grad_norm,test_loss\n";

fn parse(rows: &str) -> Result<Curves, Invalid> {
    Curves::parse(format!("{HEADER}{rows}").as_bytes(), Path::new("curves.csv"))
}

fn sample() -> Curves {
    parse(concat!(
        "0.1,\"SCAFFOLD, buffered\",0,0,0,0,0,0,0,2.5,1,\n",
        "0.1,fedavg,0,0,0,0,0,0,0,2.5,,9\n",
        "0.1,\"SCAFFOLD, buffered\",0,5,2.5,10,100,640,320,1.25,0.5,\n",
        "0.1,fedavg,0,5,3,10,100,640,320,NaN,,8\n",
        "1,fedavg,0,0,0,0,0,0,0,inf,,\n",
    ))
    .unwrap()
}

#[test]
fn rows_are_grouped_by_cell_method_and_seed_in_file_order() {
    let curves = sample();
    assert_eq!(curves.keys, ["alpha"]);
    assert_eq!(curves.names(), ["loss", "grad-norm", "test-loss"]);
    assert_eq!(curves.methods(), ["SCAFFOLD, buffered", "fedavg"]);
    assert_eq!(curves.values("alpha"), ["0.1", "1"]);
    assert_eq!(curves.runs.len(), 3);
    assert_eq!(curves.runs[0].samples(Axis::Seconds, 0).collect::<Vec<_>>(), [(0.0, 2.5), (2.5, 1.25)]);
    assert_eq!(curves.runs[0].end(Axis::UplinkBits), 640.0);
    assert_eq!(curves.cells()[1].to_string(), "alpha = 1");
}

#[test]
fn empty_fields_are_not_recorded_and_infinities_are_divergence() {
    let curves = sample();
    assert_eq!(curves.metric("grad-norm"), Some(1));
    assert_eq!(curves.metric("accuracy"), None);
    assert_eq!(curves.runs[0].samples(Axis::Rounds, 2).count(), 0);
    assert_eq!(curves.runs.iter().map(|run| run.diverged).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(curves.runs[1].best(0, Better::Lower), Some(2.5));
}

#[test]
fn a_curve_is_a_step_function() {
    let run = &sample().runs[0];
    assert_eq!(run.at(Axis::Seconds, 0, -1.0), None);
    assert_eq!(run.at(Axis::Seconds, 0, 2.4999), Some(2.5));
    assert_eq!(run.at(Axis::Seconds, 0, 2.5), Some(1.25));
    assert_eq!(run.at(Axis::Seconds, 0, 1e9), Some(1.25));
    assert_eq!(run.at(Axis::Seconds, 2, 1e9), None);
}

#[test]
fn a_file_torn_at_any_byte_reads_as_its_whole_lines() {
    let rows = "0.1,\"a, b\",0,0,0,0,0,0,0,2.5,1,\n0.1,\"a, b\",0,1,1,1,1,1,1,1.5,1,3\n";
    let whole = format!("{HEADER}{rows}");
    for end in HEADER.len()..=whole.len() {
        let torn = Curves::parse(&whole.as_bytes()[..end], Path::new("t")).unwrap();
        let lines = whole[..end].matches('\n').count() - 1;
        assert_eq!(torn.runs.first().map_or(0, |run| run.axis(Axis::Rounds).len()), lines, "cut at byte {end}");
    }
}

#[test]
fn faults_name_the_place() {
    for (rows, place, words) in [
        ("0.1,a,0,0,0,0,0,0,0,x,,\n", "2:21 x", "`x` is not a number"),
        ("0.1,a,-1,0,0,0,0,0,0,1,,\n", "2:7 -1", "`-1` is not a seed"),
        ("0.1,a,0,0,,0,0,0,0,1,,\n", "2:11 ", "no value of `seconds`"),
        ("0.1,a,0,1,2,0,0,0,0,1,,\n0.1,a,0,2,1,0,0,0,0,1,,\n", "3:11 1", "`seconds` goes to 1 after 2"),
        ("0.1,a,0,0,0,0,0,0,0,1,,\n0.1,a,0,0\n", "3:1 0.1,a,0,0", "4 fields, expected 12"),
    ] {
        let fault = parse(rows).unwrap_err();
        assert!(fault.message.contains(words), "{}", fault.message);
        assert_eq!(fault.place(), place);
    }
    for header in ["", "round,loss\n", "method,seed,round,updates\n"] {
        assert!(Curves::parse(header.as_bytes(), Path::new("t")).is_err());
    }
    assert!(Curves::read(Path::new("/nonexistent/curves.csv")).unwrap_err().message.contains("cannot be read"));
}

#[test]
fn a_run_that_diverged_has_no_number_of_any_metric_from_there_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("curves.csv");
    let axes = "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits";
    let rows = "a,0,0,0,0,0,0,0,1,0.5,0,\na,0,1,1,0,0,0,0,NaN,0.9,7,\nb,0,0,0,0,0,0,0,1,0.5,0,\nb,0,1,1,0,0,0,0,1,0.9,7,\n";
    std::fs::write(&path, format!("{axes},loss,accuracy,energy,gap\n{rows}")).unwrap();
    let last = |run: &Run| [0, 1, 2, 3].map(|metric| run.last(metric).map(|value| value.to_string()));
    let number = |text: &str| Some(text.to_owned());
    let curves = Curves::read(&path).unwrap();
    let (a, b) = (&curves.runs[0], &curves.runs[1]);
    assert_eq!((a.diverged, last(a)), (true, [number("NaN"), number("NaN"), number("NaN"), None]));
    assert_eq!((b.diverged, last(b)), (false, [number("1"), number("0.9"), number("7"), None]));
    assert_eq!((a.best(1, Better::Higher), a.at(Axis::Seconds, 1, 0.5)), (Some(0.5), Some(0.5)));
    // What is known of the runs decides, whatever was recorded of them.
    let facts = "method,seed,outcome,sampled,server,at_work_mean,at_work_most\n\
                 a,0,finished,1 seconds,true,1,1\nb,0,diverged,1 seconds,true,1,1\n";
    std::fs::write(folder.path().join("runs.csv"), facts).unwrap();
    let curves = Curves::read(&path).unwrap();
    let (a, b) = (&curves.runs[0], &curves.runs[1]);
    assert_eq!((a.diverged, last(a)), (false, [number("NaN"), number("0.9"), number("7"), None]));
    assert_eq!((b.diverged, last(b)), (true, [number("NaN"), number("NaN"), number("NaN"), None]));
    std::fs::write(folder.path().join("runs.csv"), facts.replace("finished", "over")).unwrap();
    let fault = Curves::read(&path).unwrap_err();
    assert!(fault.file.as_ref().is_some_and(|file| file.path.ends_with("runs.csv")) && fault.place() == "2:5 over", "{fault:?}");
}

#[test]
fn a_run_is_cut_after_the_first_sample_at_a_place() {
    let file = "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss\n\
        a,0,0,0,0,0,0,0,4\na,0,2,5,2,2,2,2,3\na,0,4,9,4,4,4,4,2\na,0,6,9,6,6,6,6,inf\n";
    let curves = Curves::parse(file.as_bytes(), Path::new("t")).unwrap();
    for (x, rows, last, diverged) in [(0.0, 1, 4.0, false), (3.0, 3, 2.0, false), (4.0, 3, 2.0, false)] {
        let mut run = curves.runs[0].clone();
        run.cut(Axis::Rounds, x);
        assert_eq!((run.axis(Axis::Seconds).len(), run.last(0), run.diverged), (rows, Some(last), diverged), "{x}");
    }
    for x in [5.0, 6.0, 7.0] {
        let mut run = curves.runs[0].clone();
        run.cut(Axis::Rounds, x);
        assert!(run.diverged && run.axis(Axis::Rounds).len() == 4, "{x}");
    }
}
