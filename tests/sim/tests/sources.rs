//! What would make two runs of one seed differ is banned from the decision path, the simulator included.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn nothing_on_the_decision_path_takes_time_chance_or_order_from_where_it_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    let folders = ["shared/desk/src", "shared/store/src/verbs", "tests/sim/src"];
    folders.iter().for_each(|folder| sources(&root.join(folder), &mut files));
    for function in ["signal-inference", "risk-validation", "order-placement", "fill-booking", "reconciliation"] {
        sources(&root.join("functions").join(function).join("src"), &mut files);
    }
    assert!(files.len() > 60);
    let banned =
        ["SystemTime", "Instant::now", "rand::", "getrandom", "HashMap", "HashSet", "select!", "spawn_blocking"];
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in code.filter(|(_, line)| !line.contains("// sim-ok: ")) {
            for word in banned {
                assert!(!line.contains(word), "{}:{}: {word}", file.display(), number + 1);
            }
        }
    }
}
