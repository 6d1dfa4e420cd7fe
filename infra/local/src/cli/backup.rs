//! `backup` and `restore`: a desk's data as a folder with a list of its files and their hashes.

use super::Where;
use super::access::Access;
use super::print::say;
use crate::desk::wiring::Desk;
use crate::embedded::queue::Queue;
use crate::folder::{self, read_run};
use crate::private;
use anyhow::{Context, bail};
use api::auth::{self, Guard, Token};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// The folder to make; it must not exist yet
    to: PathBuf,
    #[command(flatten)]
    at: Where,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    /// The backup
    from: PathBuf,
    /// The data folder to make; it must not exist yet
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
}

/// What a backup holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    /// The version of the data folder's layout.
    schema: u32,
    /// Each file and its SHA-256.
    files: BTreeMap<String, String>,
}

const FILES: [&str; 4] = ["market.db", "money.db", "queue.db", "run.json"];
const MANIFEST: &str = "backup.json";

/// What the backup route of a running desk works with.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) desk: Arc<Desk>,
    pub(super) folder: PathBuf,
}

/// The route by which a running desk copies itself, between two instants of its market.
pub(super) fn router(deps: Route, token: &str) -> Router {
    let guard = Guard::Token(Token::new(token));
    let guard = axum::middleware::from_fn_with_state(guard, auth::guard);
    Router::new().route("/v1/backup", post(back_up_here)).route_layer(guard).with_state(deps)
}

async fn back_up_here(State(deps): State<Route>) -> (axum::http::StatusCode, Json<Value>) {
    let to = deps.folder.join(format!("backup-{}", folder::random_hex()));
    match copy(&deps.desk, &deps.folder, &to) {
        Ok(()) => (axum::http::StatusCode::OK, Json(json!({"folder": to}))),
        Err(error) => {
            let problem = json!({"type": "desk/unavailable", "title": "backup failed", "status": 503, "detail": format!("{error:#}")});
            (axum::http::StatusCode::SERVICE_UNAVAILABLE, Json(problem))
        }
    }
}

/// Copies the books and queues of an open desk, and lists what was copied.
fn copy(desk: &Desk, folder: &Path, to: &Path) -> anyhow::Result<()> {
    private::folder(to).with_context(|| format!("{}: can't be made", to.display()))?;
    desk.store.table().backup_to(to)?;
    desk.queues.queue().backup_to(&to.join("queue.db"))?;
    fs::copy(folder.join("run.json"), to.join("run.json"))?;
    let mut files = BTreeMap::new();
    for name in FILES {
        files.insert(name.to_owned(), hash(&to.join(name))?);
    }
    let manifest = Manifest { schema: folder::SCHEMA, files };
    folder::write_whole(&to.join(MANIFEST), serde_json::to_string_pretty(&manifest)?.as_bytes(), true)?;
    closed(to)
}

/// Closes a copy to others, as the desk's folder is.
fn closed(folder: &Path) -> anyhow::Result<()> {
    private::close(folder)
        .map_err(|(path, error)| anyhow::anyhow!("{}: can't be closed to others: {error}", path.display()))
}

fn hash(path: &Path) -> anyhow::Result<String> {
    let content = fs::read(path).with_context(|| format!("{}: can't be read", path.display()))?;
    Ok(Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect())
}

pub(super) async fn backup(arguments: &BackupArguments) -> anyhow::Result<()> {
    let to = &arguments.to;
    if to.exists() {
        bail!("{}: exists already; name a folder that does not", to.display());
    }
    let which = arguments.at.desk()?;
    let access = Access::to(&which).await?;
    match &access {
        Access::AtRest { desk, folder, .. } => {
            let done = copy(desk, folder.path(), to);
            if done.is_err() {
                let _ = fs::remove_dir_all(to);
            }
            done?;
        }
        Access::Running { .. } => {
            let made = access.post("/v1/backup", &json!({})).await?;
            let made =
                made.get("folder").and_then(Value::as_str).context("the desk did not say where its backup is")?;
            move_folder(Path::new(made), to)?;
        }
    }
    if arguments.at.json {
        say(&serde_json::to_string(&which.named(json!({"backup": to})))?);
    } else {
        which.tell(false);
        say(&format!(
            "backed up to {}; `ballast restore {} --data-dir DIR` brings it back",
            to.display(),
            to.display()
        ));
    }
    Ok(())
}

/// Moves a folder, by copying where it lies on another disk.
fn move_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    if let Some(parent) = to.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    if fs::rename(from, to).is_ok() {
        return Ok(());
    }
    private::folder(to)?;
    for name in FILES.iter().chain([&MANIFEST]) {
        fs::copy(from.join(name), to.join(name))
            .with_context(|| format!("{}: can't be copied", to.join(name).display()))?;
    }
    Ok(fs::remove_dir_all(from)?)
}

pub(super) fn restore(arguments: &RestoreArguments) -> anyhow::Result<()> {
    let (from, to) = (&arguments.from, &arguments.data_dir);
    if to.exists() && fs::read_dir(to).map_or(true, |mut found| found.next().is_some()) {
        bail!("{}: is not empty; name a folder that is, or does not exist", to.display());
    }
    let text = fs::read_to_string(from.join(MANIFEST))
        .with_context(|| format!("{}: is no backup (it has no {MANIFEST})", from.display()))?;
    let manifest: Manifest =
        serde_json::from_str(&text).with_context(|| format!("{}: its {MANIFEST} is damaged", from.display()))?;
    if manifest.schema > folder::SCHEMA {
        bail!("{}: made by a newer desk (layout {}); restore it with that one", from.display(), manifest.schema);
    }
    read_run(from)?;
    for name in FILES {
        let listed = manifest.files.get(name).with_context(|| format!("{}: {name} is not listed", from.display()))?;
        if *listed != hash(&from.join(name))? {
            bail!("{}: {name} is not the file that was backed up; use another backup", from.display());
        }
    }
    // Beside its place first, so that a copy that breaks off leaves no half a desk.
    let beside = to.with_extension("restoring");
    let _ = fs::remove_dir_all(&beside);
    private::folder(&beside).with_context(|| format!("{}: can't be made", beside.display()))?;
    for name in FILES {
        fs::copy(from.join(name), beside.join(name)).with_context(|| format!("{}: can't be copied", name))?;
    }
    Queue::open(&beside.join("queue.db"))?;
    closed(&beside)?;
    if to.exists() {
        fs::remove_dir(to)?;
    }
    fs::rename(&beside, to).with_context(|| format!("{}: can't be put in its place", to.display()))?;
    say(&format!("restored to {}; `ballast doctor --data-dir {}` checks it", to.display(), to.display()));
    Ok(())
}
