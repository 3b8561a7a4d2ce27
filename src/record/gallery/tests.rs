use super::*;

fn put(root: &Path, name: &str, content: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn results_are_found_at_any_depth_and_told_in_order() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "papers/late/manifest.toml", "title = \"Late | results\"\n");
    put(root.path(), "early/manifest.toml", "title = \"Early\"\nseeds = 3\n");
    put(root.path(), "early/figures/loss.png", "");
    put(root.path(), "early/figures/accuracy.png", "");
    put(root.path(), "early/figures/loss.svg", "");
    put(
        root.path(),
        "early/claims.csv",
        "text,source,cell,measured,required,holds,note\n\
         faster,Someone 2020,alpha = 0.1,2.03125,ratio ≥ 2,true,\n\
         better,own,,0.5,≥ 0.9,false,\n\
         flat,own,,,flat in n,,only one value\n",
    );
    put(root.path(), "open/manifest.toml", "title = \"Open\"\n");
    put(
        root.path(),
        "open/claims.csv",
        "text,source,cell,measured,measured_low,measured_high,required,holds,note\n\
         faster,own,,2.5,1.5,3,ratio ≥ 2,undecided,a note\n",
    );
    let found = exhibits(root.path()).unwrap();
    assert_eq!(found.iter().map(|exhibit| exhibit.folder.as_str()).collect::<Vec<_>>(), ["early", "open", "papers/late"]);
    assert_eq!(found[0].figures, ["accuracy.png", "loss.png"]);
    assert_eq!(found[0].claims[0].measured, Some(2.03125));
    let page = page(&found);
    for line in [
        "| [Early](early/) | 1 of 3 |",
        "| [Late \\| results](papers/late/) | 0 of 0 |",
        "| [Open](open/) | 0 of 1, 1 undecided |",
        "| own | faster; a note | 2.50 (1.50–3.00) | ratio ≥ 2 | undecided |",
        "| Someone 2020 | faster (alpha = 0.1) | 2.03 | ratio ≥ 2 | yes |",
        "| own | better | 0.500 | ≥ 0.9 | **no** |",
        "| own | flat; only one value | – | flat in n | unknown |",
        "<a href=\"early/figures/loss.png\"><img src=\"early/figures/loss.png\" width=\"270\" alt=\"loss\"></a>",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
    assert!(!page.contains("svg"));
}

#[test]
fn what_a_run_writes_can_be_read() {
    let verdict = claim::Verdict {
        text: "a, \"b\"".into(),
        source: None,
        cell: Default::default(),
        measured: Some(f64::INFINITY),
        range: None,
        required: "≤ 1".into(),
        answer: Answer::Fails,
        note: None,
    };
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("claims.csv");
    claim::write(std::slice::from_ref(&verdict), fs::File::create(&path).unwrap()).unwrap();
    let read = claims(&path).unwrap();
    assert_eq!((read[0].text.as_str(), read[0].measured, read[0].holds), ("a, \"b\"", Some(f64::INFINITY), Answer::Fails));
    assert_eq!((read[0].source.as_str(), read[0].note.as_str()), ("", ""));
}

#[test]
fn nothing_to_show_is_told() {
    let root = tempfile::tempdir().unwrap();
    assert!(exhibits(root.path()).unwrap_err().message.contains("holds no results"));
    put(root.path(), "a/manifest.toml", "titel = 1");
    assert!(exhibits(root.path()).unwrap_err().message.contains("not a manifest"));
}

#[cfg(unix)]
#[test]
fn links_are_followed_once() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "a/manifest.toml", "title = \"A\"\n");
    put(root.path(), "b/notes.txt", "");
    for (name, to) in [("a-again", "a"), ("b/up", ""), ("b/side", "b"), ("self", "")] {
        std::os::unix::fs::symlink(root.path().join(to), root.path().join(name)).unwrap();
    }
    let folders: Vec<String> = exhibits(root.path()).unwrap().into_iter().map(|exhibit| exhibit.folder).collect();
    assert_eq!(folders, ["a"]);
}
