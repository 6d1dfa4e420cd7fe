//! The same work in Python and in Node: one row is read during init, one for every event.
//!
//! Their SDKs are pinned in `xtask/peers` and installed once below the target folder. They are given every advantage:
//! Python finds its bytecode compiled (a zip on Lambda has none) and no site to search, neither runs AWS's own runtime
//! client, and Node is also measured bundled into one minified file, as its users are told to deploy it.

use super::Function;
use super::stub::Row;
use crate::{root, run as succeed, target};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The peers that could be installed, and why others could not.
pub(super) fn all(row: Option<&Row>) -> (Vec<Function>, Vec<String>) {
    let (mut peers, mut faults) = (Vec::new(), Vec::new());
    for installed in [python(row).map(|peer| vec![peer]), node(row)] {
        match installed {
            Ok(found) => peers.extend(found),
            Err(fault) => faults.push(fault),
        }
    }
    (peers, faults)
}

fn python(row: Option<&Row>) -> Result<Function, String> {
    let (pinned, home) = folders("python")?;
    let (venv, package) = (home.join("venv"), home.join("package"));
    let python = venv.join("bin/python");
    let requirements = pinned.join("requirements.txt");
    once(&home, &[&requirements], || {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]);
        pip.args(["--only-binary", ":all:", "--target"]).arg(&package).arg("--requirement").arg(&requirements);
        succeed(&mut pip)
    })?;
    copy(&pinned, "bootstrap.py", &package)?;
    // The interpreter itself: what `python3` names may be a script that looks for it first.
    let program = said(Command::new(&python).args(["-c", "import os, sys; print(os.path.realpath(sys.executable))"]))?;
    let version = said(Command::new(&python).args(["-c", "import platform; print(platform.python_version())"]))?;
    let mut peer = peer(&format!("Python {version}, boto3"), program, &package, "bootstrap.py", row);
    // Nothing that is installed on this machine besides: it would be searched, and may run code at every start.
    peer.args.insert(0, "-S".to_owned());
    Ok(peer)
}

fn node(row: Option<&Row>) -> Result<Vec<Function>, String> {
    let (pinned, home) = folders("node")?;
    let (tools, package, bundled) = (home.join("tools"), home.join("package"), home.join("bundled"));
    let files = [".npmrc", "package.json", "package-lock.json"];
    let lock = files.map(|file| pinned.join(file));
    once(&home, &lock.each_ref().map(PathBuf::as_path), || {
        // With the bundler, and without: what is deployed has none.
        for (folder, without) in [(&tools, None), (&package, Some("--omit=dev"))] {
            fs::create_dir_all(folder).map_err(|e| e.to_string())?;
            files.iter().try_for_each(|file| copy(&pinned, file, folder))?;
            let mut npm = Command::new("npm");
            succeed(npm.args(["ci", "--ignore-scripts", "--loglevel=error"]).args(without).current_dir(folder))?;
        }
        Ok(())
    })?;
    for folder in [&tools, &package] {
        copy(&pinned, "index.js", folder)?;
    }
    let mut bundle = Command::new(tools.join("node_modules/.bin/esbuild"));
    bundle.args(["index.js", "--bundle", "--minify", "--platform=node", "--target=node20", "--log-level=warning"]);
    succeed(bundle.arg(format!("--outfile={}", bundled.join("index.js").display())).current_dir(&tools))?;
    let program = said(Command::new("node").args(["-p", "process.execPath"]))?;
    let version = said(Command::new("node").args(["-p", "process.versions.node"]))?;
    Ok(vec![
        peer(&format!("Node {version}, AWS SDK"), program.clone(), &package, "index.js", row),
        peer(&format!("Node {version}, bundled"), program, &bundled, "index.js", row),
    ])
}

/// Where a peer's files are, and where it is installed.
fn folders(name: &str) -> Result<(PathBuf, PathBuf), String> {
    let home = target().join("lambda-peers").join(name);
    fs::create_dir_all(&home).and_then(|()| home.canonicalize()).map_or_else(
        |e| Err(format!("{}: {e}", home.display())),
        |home| Ok((root().join("xtask/peers").join(name), home)),
    )
}

/// Installs anew if the pinned files are other ones than those it was last done for.
fn once(home: &Path, pinned: &[&Path], install: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let read = |path: &&Path| fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()));
    let wanted = pinned.iter().map(read).collect::<Result<String, String>>()?;
    let stamp = home.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    let fault = |e: std::io::Error| format!("{}: {e}", home.display());
    fs::remove_dir_all(home).and_then(|()| fs::create_dir_all(home)).map_err(fault)?;
    install()?;
    fs::write(&stamp, wanted).map_err(fault)
}

fn copy(from: &Path, file: &str, to: &Path) -> Result<(), String> {
    fs::copy(from.join(file), to.join(file)).map(drop).map_err(|e| format!("{}: {e}", from.join(file).display()))
}

fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if text.is_empty() { Err(format!("{command:?} says nothing")) } else { Ok(text) }
}

fn peer(name: &str, program: String, package: &Path, main: &str, row: Option<&Row>) -> Function {
    let key = |part: fn(&Row) -> &String| row.map_or_else(|| "-".to_owned(), |row| part(row).clone());
    Function {
        name: name.to_owned(),
        program: program.into(),
        args: vec![package.join(main).display().to_string()],
        environment: vec![("ROW_PK".to_owned(), key(|row| &row.pk)), ("ROW_SK".to_owned(), key(|row| &row.sk))],
        package: package.to_path_buf(),
        events: vec![json!({ "v": 1, "id": "bench" })],
    }
}
