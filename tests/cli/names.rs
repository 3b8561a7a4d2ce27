//! Titles, labels, claims and folders of any name do no harm.

use std::{fs, path::Path};

use crate::program::{fedfleet, run, succeed, table, told};

/// A scenario with this title, this label of its method and this claim.
fn scenario(folder: &Path, title: &str, label: &str, claim: &str) -> std::path::PathBuf {
    let path = folder.join("s.toml");
    let text = format!(
        "title = {title:?}\nseeds = 1\nstop.rounds = 2\nproblem.objective = {{ quadratic = {{ generate = {{ dimension = 2 }} }} }}\n\
         fleet.clients = 3\nfederated.local = {{ steps = 1, lr = 0.1 }}\nrecord = {{ models = true, states = true, iterates = true }}\n\
         [[method]]\nname = 'scaffold'\nlabel = {label:?}\n[[method]]\nname = 'fedavg'\n\
         [[claim]]\ntext = {claim:?}\nmetric = 'loss'\nbetter = {label:?}\nworse = 'fedavg'\n[[figure]]\nx = 'rounds'\ny = 'loss'\n"
    );
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn labels_that_are_too_long_for_a_file_are_cut_in_its_name_only() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("o");
    // 240 bytes each, alike in all but the last letter.
    for label in ["日".repeat(80), "é".repeat(400)] {
        run(&scenario(folder.path(), "long", &label, "c"), &out, &["--overwrite"]);
        for kind in ["models", "iterates", "states"] {
            let rows = table(&out.join(kind).join("index.csv"));
            assert!(rows.iter().any(|row| row["method"] == label));
            assert!(rows.iter().all(|row| out.join(kind).join(&row["file"]).is_file() && row["file"].len() < 100), "{rows:?}");
        }
    }
}

#[test]
fn characters_that_turn_the_direction_of_writing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let turned = "a\u{202e}b";
    for (title, label, claim) in [(turned, "a", "c"), ("t", turned, "c"), ("t", "a", turned)] {
        let path = scenario(folder.path(), "t", "a", "c");
        let text = fs::read_to_string(&path).unwrap();
        let [title, label, claim] = [title, label, claim].map(|text| format!("'{text}'"));
        let text = text.replace("\"t\"", &title).replace("\"a\"", &label).replace("\"c\"", &claim);
        assert_eq!(text.matches('\u{202e}').count(), if label.contains('\u{202e}') { 2 } else { 1 });
        fs::write(&path, text).unwrap();
        let told = told(fedfleet(["check".as_ref(), path.as_os_str()]));
        assert!(told.starts_with("exit code 2") && !told.contains('\u{202e}'), "{told}");
    }
}

#[cfg(unix)]
#[test]
fn the_gallery_prints_no_name_of_a_folder_raw() {
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("g\u{1b}[31m");
    run(&scenario(folder.path(), "t", "a", "c"), &all.join("o"), &[]);
    let gallery = || told(fedfleet(["gallery".as_ref(), all.as_os_str()]));
    let printed = gallery();
    assert!(
        printed.starts_with("exit code 0") && printed.contains("g\\u{1b}[31m/README.md") && !printed.contains('\u{1b}'),
        "{printed}"
    );
    fs::write(all.join("README.md"), "mine").unwrap();
    let refused = gallery();
    assert!(refused.starts_with("exit code 1") && !refused.contains('\u{1b}'), "{refused}");
}

#[test]
fn pages_show_titles_claims_and_folders_and_act_on_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (title, claim) = ("A](http://evil) <img src=x onerror=alert(1)>", "| <script>alert(1)</script> `x` [y](z)");
    run(&scenario(folder, title, "scaffold", claim), &folder.join("g/a b)(<x>&'y"), &[]);
    let _ = succeed(fedfleet(["gallery".as_ref(), folder.join("g").as_os_str()]));
    let page = fs::read_to_string(folder.join("g/README.md")).unwrap();
    let bare = page.replace("\\]", "").replace("\\[", "").replace("\\`", "");
    for acting in ["<img src=x", "<script>", "](http://evil)", "[y](z)", "(a b)(", "\"a b)(<x>"] {
        assert!(!bare.contains(acting), "{acting} is in\n{page}");
    }
    // What is linked to is there.
    let target = page.split("<img src=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let bytes = |text: &str| {
        let mut out = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((&first, tail)) = rest.split_first() {
            if first == b'%' {
                out.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
                rest = &tail[2..];
            } else {
                out.push(first);
                rest = tail;
            }
        }
        String::from_utf8(out).unwrap()
    };
    let decoded = bytes(&target.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'"));
    assert!(folder.join("g").join(&decoded).is_file(), "{target}");
}

#[test]
fn names_of_files_never_reach_the_terminal_raw() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.toml");
    fs::write(folder.path().join("bad\u{1b}[31m.csv"), "a,label\nnan,x\n1,y\n").unwrap();
    let text = "stop.rounds = 1\nproblem = { objective = 'softmax', data = { csv = \"bad\\u001b[31m.csv\" } }\nfleet.clients = 1\n\
                federated.local.lr = 0.1\n[[method]]\nname = 'fedavg'\n";
    fs::write(&path, text).unwrap();
    for verb in ["check", "run"] {
        let told = told(fedfleet([verb.as_ref(), path.as_os_str()]));
        assert!(told.starts_with("exit code 2") && !told.contains('\u{1b}') && told.contains("bad"), "{told:?}");
    }
}
