//! Which desk a verb means: the one that is named; else the one that runs; else the one that was begun last.
//!
//! Several may lie below one `ballast-data`, and the one that was begun last need not be the one that trades. So what runs is
//! told by the locks of the folders, which end with their processes, and every verb names the desk that it speaks of.
//!
//! What is not seen: a desk that was begun in another working folder. It is named with `--data-dir`.

use super::print::say;
use crate::folder::{self, Endpoint, Folder, read_run};
use crate::private;
use anyhow::bail;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder that was used last, and those that were named with `--data-dir` and lie elsewhere, one a line.
const CURRENT: &str = "current";
const ELSEWHERE: &str = "elsewhere";

/// A desk that a verb speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Which {
    /// Its data folder.
    pub(super) folder: PathBuf,
    account: String,
    /// Its market, in words.
    market: String,
    /// The process, if it runs.
    pid: Option<u32>,
}

impl Which {
    /// The desk of a folder. One that can't be read has no market to name; opening it says why.
    fn at(folder: &Path) -> Self {
        let run = read_run(folder).ok().flatten();
        let (account, market) = run.map_or_else(
            || ("-".to_owned(), "nothing that can be read".to_owned()),
            |run| (run.config.account.to_string(), run.market),
        );
        let pid = folder::running(folder).map(|(Endpoint { pid, .. }, _)| pid);
        Self { folder: folder.to_owned(), account, market, pid }
    }

    /// Finds the desk that is named, or the one that is meant below `base`.
    ///
    /// # Errors
    /// In words: there is none, or several run.
    pub(super) fn find(named: Option<&Path>, base: &Path) -> anyhow::Result<Self> {
        if let Some(named) = named {
            return Ok(Self::at(named));
        }
        let running: Vec<Self> = known(base).iter().map(|folder| Self::at(folder)).filter(Self::runs).collect();
        match (running.as_slice(), last_used(base)) {
            ([only], _) => Ok(only.clone()),
            ([], Some(last)) => Ok(Self::at(&last)),
            ([], None) => {
                bail!("there is no desk here yet: begin one with `ballast up`, or name its folder with --data-dir")
            }
            (several, _) => {
                let named = |one: &Self| format!("{} ({})", one.folder.display(), one.market);
                let all: Vec<String> = several.iter().map(named).collect();
                bail!("{} desks run here: {}. Say which one is meant with --data-dir DIR", all.len(), all.join("; "))
            }
        }
    }

    /// Whether it runs at the moment.
    pub(super) const fn runs(&self) -> bool {
        self.pid.is_some()
    }

    /// What it is, and whether it runs.
    pub(super) fn line(&self) -> String {
        let Self { folder, account, market, pid } = self;
        let state = pid.map_or_else(|| "not running".to_owned(), |pid| format!("running, process {pid}"));
        format!("{}, account {account}: {market} ({state})", folder.display())
    }

    /// Names it: where an answer is one JSON object that object does, so nothing is said.
    pub(super) fn tell(&self, as_json: bool) {
        if !as_json {
            say(&format!("desk       {}", self.line()));
        }
    }

    /// An answer that names the desk it is of. A list has no place for it: there the error stream does.
    pub(super) fn named(&self, mut answer: Value) -> Value {
        let Self { folder, account, market, pid } = self;
        match answer.as_object_mut() {
            Some(object) => {
                let desk = json!({"folder": folder, "account": account, "market": market, "running": pid.is_some()});
                object.insert("desk".to_owned(), desk);
            }
            None => eprintln!("desk       {}", self.line()),
        }
        answer
    }
}

/// The folder that was used last.
fn last_used(base: &Path) -> Option<PathBuf> {
    let named = fs::read_to_string(base.join(CURRENT)).ok()?;
    Some(PathBuf::from(named.trim()))
}

/// All folders of desks that were begun here, each once.
fn known(base: &Path) -> Vec<PathBuf> {
    let below = fs::read_dir(base).into_iter().flatten().flatten().map(|entry| entry.path());
    let elsewhere = fs::read_to_string(base.join(ELSEWHERE)).unwrap_or_default();
    let elsewhere: Vec<PathBuf> = elsewhere.lines().map(PathBuf::from).collect();
    let all = below.chain(elsewhere).chain(last_used(base)).filter(|folder| folder.join("run.json").is_file());
    let each_once: BTreeSet<PathBuf> = all.filter_map(|folder| fs::canonicalize(folder).ok()).collect();
    each_once.into_iter().collect()
}

/// Makes a folder the one that verbs look at when none is named and none runs.
///
/// # Errors
/// If the working folder can't be told. What can't be written down is no reason not to trade.
pub(super) fn remember(folder: &Path, base: &Path) -> anyhow::Result<()> {
    let absolute = std::path::absolute(folder)?;
    let write = || -> std::io::Result<()> {
        private::folder(base)?;
        fs::write(base.join(CURRENT), absolute.to_string_lossy().as_bytes())?;
        if !absolute.starts_with(std::path::absolute(base)?) {
            let text = fs::read_to_string(base.join(ELSEWHERE)).unwrap_or_default();
            // Those that are gone are forgotten.
            let mut all: BTreeSet<&str> = text.lines().filter(|line| Path::new(line).is_dir()).collect();
            let this = absolute.to_string_lossy();
            all.insert(&this);
            fs::write(base.join(ELSEWHERE), all.into_iter().collect::<Vec<_>>().join("\n"))?;
        }
        Ok(())
    };
    write().ok();
    Ok(())
}

/// Closes a data folder to others, or warns: a desk that can't is told of, and trades.
pub(super) fn close_to_others(folder: &Folder) {
    if let Err(error) = folder.close_to_others() {
        eprintln!("WARNING  other users of this machine can read the desk's data: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::{Run, SCHEMA};
    use boot::config::DeskConfig;

    fn config() -> DeskConfig {
        serde_json::from_str(include_str!("../../../desk.json")).unwrap()
    }

    /// A desk begun in a folder; it runs for as long as what is returned lives, if it serves.
    fn begun(folder: &Path, base: &Path, serves: bool) -> Folder {
        let market = format!("market of {}", folder.file_name().unwrap().to_string_lossy());
        let run = Run { schema: SCHEMA, fingerprint: market.clone(), market, config: config() };
        let open = Folder::open(folder, run).unwrap();
        remember(folder, base).unwrap();
        if serves {
            open.token().unwrap();
            open.announce(1).unwrap();
        }
        open
    }

    #[test]
    fn the_desk_that_runs_is_meant_though_another_was_begun_later_and_two_have_to_be_told_apart() {
        let place = tempfile::tempdir().unwrap();
        let base = place.path().join("ballast-data");
        let meant = |named: Option<&Path>| Which::find(named, &base);
        assert!(meant(None).unwrap_err().to_string().contains("no desk here yet"));
        let (old, outside, new) = (base.join("old"), place.path().join("outside"), base.join("new"));
        drop(begun(&old, &base, true));
        let runs = begun(&outside, &base, true);
        drop(begun(&new, &base, true));
        let found = meant(None).unwrap();
        assert!(found.runs() && found.folder.ends_with("outside"), "{found:?}");
        let line = found.line();
        assert!(
            line.contains("market of outside") && line.contains("account main") && line.contains("running, process")
        );
        let named = meant(Some(&new)).unwrap();
        assert!(!named.runs() && named.line().ends_with("(not running)"), "{}", named.line());
        let second = begun(&old, &base, true);
        let said = meant(None).unwrap_err().to_string();
        for part in ["2 desks run here", "market of outside", "market of old", "--data-dir"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("market of new"), "{said}");
        drop((runs, second));
        let last = meant(None).unwrap();
        assert!(!last.runs() && last.folder.ends_with("old"), "the one that was begun last: {last:?}");
    }

    #[test]
    fn a_verb_that_has_a_resting_desk_open_is_no_desk_that_runs() {
        let place = tempfile::tempdir().unwrap();
        let (base, folder) = (place.path().join("ballast-data"), place.path().join("ballast-data/one"));
        // Killed: where it served still lies there, with its process.
        drop(begun(&folder, &base, true));
        let text = r#"{"port":1,"pid":4294967295}"#;
        fs::write(folder.join("endpoint.json"), text).unwrap();
        let _looks = Folder::existing(&folder).unwrap();
        assert!(!Which::find(None, &base).unwrap().runs());
    }

    #[test]
    fn an_answer_names_its_desk() {
        let place = tempfile::tempdir().unwrap();
        let base = place.path().join("ballast-data");
        let _runs = begun(&base.join("one"), &base, true);
        let answer = Which::find(None, &base).unwrap().named(json!({"cash": "1"}));
        assert_eq!((&answer["cash"], &answer["desk"]["running"]), (&json!("1"), &json!(true)));
        assert_eq!(answer["desk"]["market"], "market of one");
    }
}
