//! `ballast keys`: the exchanges' keys, several labelled configurations a venue, sealed in a file.
//!
//! 1. A key comes from the terminal (not shown), from lines of standard input, or from the environment; never from an
//!    argument, which others on the machine could see.
//! 2. It is kept only after the venue has told what it may do, and that was admitted. Without asking (`--offline`) it is
//!    kept inactive, and activating it asks.
//! 3. What is printed has passed through [`online`], which hides the credentials even where a server repeats them.

mod ask;
mod forget;
mod online;

pub(super) use online::{Line, Reached, access, at, fault_words, reach};

use super::print::{print_json, say, table};
use crate::in_use::{User, user};
use crate::keyring::{Keyring, PASSPHRASE, entries};
use anyhow::bail;
use boot::WallClock;
use clap::{Args, Subcommand};
use desk::port::Clock;
use online::Verdict;
use serde_json::{Value, json};
use std::path::PathBuf;
use venue::keys::{Configuration, Entry, Env, SealedBy, Settings, base_url};
use venue::registry::{adapter, names};
use zeroize::Zeroizing;

/// What sealing protects against, told by `ballast keys --help`.
const HELP: &str = "\
Keys are kept in ballast-keys/keys.json (or --keys-dir), readable by their owner only. Label, venue and the first four
characters of a key are readable in it; the rest is sealed with AES-256-GCM.

With BALLAST_KEYS_PASSPHRASE set, the sealing key is derived from it (PBKDF2-HMAC-SHA256, 600,000 rounds): whoever gets
the folder, a backup or the disk still has to guess the passphrase. Whoever can read the environment of your processes
knows it.

Without it, the sealing key is a random file, master.key, beside keys.json. That protects a copy of keys.json alone: in a
repository, a mail, a log. It does not protect against anybody who gets the whole folder, nor against root or another
program of yours.

Neither protects while the desk uses the keys: then they are in its memory. Make keys at the venue that can't withdraw,
and that are good for this machine's address only.";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct KeysArguments {
    #[command(subcommand)]
    verb: KeysVerb,
}

/// Where the keys are, and how to answer.
#[derive(Debug, Clone, Args)]
pub(super) struct KeysAt {
    /// The folder of the keys
    #[arg(long, value_name = "DIR", default_value = "ballast-keys")]
    pub(super) keys_dir: PathBuf,
}

#[derive(Debug, Clone, Args)]
struct Common {
    #[command(flatten)]
    at: KeysAt,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Args)]
struct Named {
    /// The configuration's label
    label: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Args)]
struct Checked {
    #[command(flatten)]
    named: Named,
    /// Take it that the key may do what it should, and not what it should not, where the venue does not tell
    #[arg(long)]
    accept_unknown_permissions: bool,
}

#[derive(Debug, Subcommand)]
enum KeysVerb {
    /// Add a key: checked at the venue, then sealed. Key, secret and passphrase are asked for without showing them; where
    /// standard input is no terminal they are read from it, a line each; line breaks inside are written \n
    Add(Box<AddArguments>),
    /// The configurations, never their secrets
    List(Common),
    /// Preflight for trading live: server, clock, permissions, balances, order limits, and an order that is only checked
    Check(Checked),
    /// Put a configuration to use, after asking the venue what its key may do
    Activate(Checked),
    /// Take a configuration out of use
    Deactivate(Named),
    /// Forget a configuration. The key itself has to be deleted at the venue
    Remove(Named),
}

#[derive(Debug, Args)]
struct AddArguments {
    /// Which venue; see `ballast venues`
    venue: String,
    /// A name of your own for it, unique: "Main Account"
    #[arg(long)]
    label: String,
    /// Orders may go to the venue. Without it they stay on paper, and the key only reads
    #[arg(long, conflicts_with = "test")]
    live: bool,
    /// The key belongs to the venue's test network
    #[arg(long)]
    test: bool,
    /// A server instead of the venue's own: https://…, or http:// on this machine
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Read them from BALLAST_VENUE_KEY, BALLAST_VENUE_SECRET and BALLAST_VENUE_PASSPHRASE
    #[arg(long)]
    from_env: bool,
    /// Don't ask the venue; the key is kept inactive and unchecked
    #[arg(long)]
    offline: bool,
    /// Take it that the key may do what it should, and not what it should not, where the venue does not tell
    #[arg(long)]
    accept_unknown_permissions: bool,
    #[command(flatten)]
    common: Common,
}

/// The passphrase, if there is one.
pub(super) fn passphrase() -> anyhow::Result<Option<Zeroizing<String>>> {
    let Some(found) = std::env::var_os(PASSPHRASE) else { return Ok(None) };
    // The system's words about it would repeat it.
    let text = found.into_string().map_err(|_| anyhow::anyhow!("{PASSPHRASE} is no UTF-8 text"))?;
    if text.trim().is_empty() {
        bail!("{PASSPHRASE} is empty: give a passphrase, or unset it");
    }
    Ok(Some(Zeroizing::new(text)))
}

impl KeysAt {
    /// The keys, opened.
    pub(super) fn open(&self) -> anyhow::Result<Keyring> {
        Ok(Keyring::open(&self.keys_dir, passphrase()?.as_ref().map(|phrase| phrase.as_str()))?)
    }

    /// The keys of a folder that has some.
    pub(super) fn existing(&self) -> anyhow::Result<Keyring> {
        if entries(&self.keys_dir)?.is_none() {
            let folder = self.keys_dir.display();
            bail!(
                "{folder}: there are no keys here; add one with `ballast keys add`, or name a folder with --keys-dir"
            );
        }
        self.open()
    }
}

pub(super) async fn keys(arguments: &KeysArguments) -> anyhow::Result<()> {
    match &arguments.verb {
        KeysVerb::Add(arguments) => add(arguments).await,
        KeysVerb::List(common) => list(common),
        KeysVerb::Check(arguments) => check(arguments).await,
        KeysVerb::Activate(arguments) => activate(arguments).await,
        KeysVerb::Deactivate(named) => deactivate(named),
        KeysVerb::Remove(named) => forget::remove(named),
    }
}

async fn add(arguments: &AddArguments) -> anyhow::Result<()> {
    let unknown = || anyhow::anyhow!("there is no venue {:?}; there are {}", cut(&arguments.venue), names().join(", "));
    let capabilities = adapter(&arguments.venue).ok_or_else(unknown)?.protocol.capabilities();
    let alone = capabilities.test_origins == capabilities.origins && capabilities.demo_header.is_none();
    if arguments.test && (capabilities.test_origins.is_empty() || alone) {
        bail!("{} has no test network that is known here by its address; leave --test away", capabilities.name);
    }
    let base_url = arguments.base_url.as_deref().map(base_url).transpose()?;
    // Before anybody types a secret in vain. The keys are not held open while people type and venues answer.
    arguments.common.at.open()?.free(&arguments.label)?;
    let credentials = ask::credentials(capabilities, arguments.from_env)?;
    let env = if arguments.live { Env::Live } else { Env::Paper };
    let settings = Settings { env, active: false, test: arguments.test, base_url, checked_at: None };
    let label = arguments.label.clone();
    let mut configuration = Configuration { label, venue: capabilities.venue, credentials, settings };
    let mut lines = Vec::new();
    if !arguments.offline {
        let exchange = reach(&configuration)?;
        lines = online::admission(&exchange, &configuration, env, arguments.accept_unknown_permissions).await;
        if failed(&lines) == 0 {
            configuration.settings.active = true;
            configuration.settings.checked_at = Some(WallClock.now());
        }
    }
    let saved = failed(&lines) == 0;
    if saved {
        arguments.common.at.open()?.add(&configuration)?;
    }
    tell(&configuration, &lines, arguments.common.json, &[("saved", saved.into())])?;
    if !saved {
        bail!("{:?} was not saved: {}", configuration.label, first_fault(&lines));
    }
    if !arguments.common.json {
        let how =
            if arguments.offline { "inactive and unchecked; `ballast keys activate` asks the venue" } else { "active" };
        say(&format!("saved {:?}, {how}", configuration.label));
    }
    Ok(())
}

/// A text of somebody else's, short enough to be repeated.
fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

fn failed(lines: &[Line]) -> usize {
    lines.iter().filter(|line| line.verdict == Verdict::Failed).count()
}

/// Whether live trading could begin with a configuration: what was looked at, line by line. The venue's markets are loaded.
pub(super) async fn preflight(exchange: &Reached, configuration: &Configuration, accept: bool) -> Vec<Line> {
    online::preflight(exchange, configuration, Env::Live, accept).await
}

/// The first check that failed, in words.
pub(super) fn first_failed(lines: &[Line]) -> Option<String> {
    (failed(lines) > 0).then(|| first_fault(lines))
}

fn first_fault(lines: &[Line]) -> String {
    let fault = lines.iter().find(|line| line.verdict == Verdict::Failed);
    fault.map(|line| format!("{}: {}", line.what, line.found)).unwrap_or_default()
}

/// What of a configuration may be shown.
fn shown(configuration: &Configuration) -> Value {
    let Configuration { label, venue, credentials, settings } = configuration;
    let prefix: String = credentials.key().chars().take(4).collect();
    json!({
        "label": label, "venue": venue, "key_prefix": prefix, "env": settings.env, "active": settings.active,
        "test": settings.test, "base_url": settings.base_url, "checked_at": settings.checked_at,
    })
}

/// Prints what was looked at: a line each, or one object with what else there is to say.
fn tell(configuration: &Configuration, lines: &[Line], as_json: bool, more: &[(&str, Value)]) -> anyhow::Result<()> {
    if !as_json {
        for line in lines {
            say(&line.text());
        }
        return Ok(());
    }
    let mut object = shown(configuration);
    if let Some(fields) = object.as_object_mut() {
        fields.insert("checks".to_owned(), lines.iter().map(Line::json).collect());
        fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
    print_json(&object)
}

fn list(common: &Common) -> anyhow::Result<()> {
    let (sealed_by, found) = entries(&common.at.keys_dir)?.unwrap_or((SealedBy::MasterKey, Vec::new()));
    if found.is_empty() && !common.json {
        say("no keys; add one with `ballast keys add VENUE --label NAME`");
        return Ok(());
    }
    // Without the passphrase, what is readable without it.
    let sealed = sealed_by == SealedBy::Passphrase && passphrase()?.is_none();
    if sealed || found.is_empty() {
        return list_sealed(&found, common.json);
    }
    let all = common.at.existing()?.all()?;
    if common.json {
        return print_json(&json!({ "keys": all.iter().map(shown).collect::<Vec<_>>(), "sealed": false }));
    }
    table(&["label", "venue", "key", "orders", "state", "checked", "server"], &all.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

fn list_sealed(found: &[Entry], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let row = |entry: &Entry| json!({ "label": entry.label, "venue": entry.venue, "key_prefix": entry.key_prefix });
        let rows: Vec<Value> = found.iter().map(row).collect();
        return print_json(&json!({ "keys": rows, "sealed": !found.is_empty() }));
    }
    let cells = |entry: &Entry| vec![entry.label.clone(), entry.venue.clone(), format!("{}…", entry.key_prefix)];
    table(&["label", "venue", "key"], &found.iter().map(cells).collect::<Vec<_>>());
    say(&format!("the rest is sealed: give the passphrase in {PASSPHRASE}"));
    Ok(())
}

fn row(configuration: &Configuration) -> Vec<String> {
    let Configuration { label, venue, credentials, settings } = configuration;
    let prefix: String = credentials.key().chars().take(4).collect();
    let env = match settings.env {
        Env::Paper => "paper",
        Env::Live => "live",
    };
    let usual = if settings.test { "test network" } else { "its own" };
    vec![
        label.clone(),
        (*venue).to_owned(),
        format!("{prefix}…"),
        env.to_owned(),
        (if settings.active { "active" } else { "inactive" }).to_owned(),
        settings.checked_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
        settings.base_url.clone().unwrap_or_else(|| usual.to_owned()),
    ]
}

async fn check(arguments: &Checked) -> anyhow::Result<()> {
    let Named { label, common } = &arguments.named;
    let configuration = common.at.existing()?.get(label)?;
    let exchange = reach(&configuration)?;
    let (label, env) = (&configuration.label, configuration.settings.env);
    let lines = online::preflight(&exchange, &configuration, env, arguments.accept_unknown_permissions).await;
    let faults = failed(&lines);
    tell(&configuration, &lines, common.json, &[("ok", (faults == 0).into())])?;
    let what = match env {
        Env::Live => "live trading",
        Env::Paper => "reading",
    };
    if faults > 0 {
        bail!("{label:?} is not ready for {what}: {faults} of {} checks failed", lines.len());
    }
    if !common.json && env == Env::Paper {
        say(&format!("{label:?} is good for reading; for live orders add the key under another label, with --live"));
    }
    Ok(())
}

async fn activate(arguments: &Checked) -> anyhow::Result<()> {
    let Named { label, common } = &arguments.named;
    let mut configuration = common.at.existing()?.get(label)?;
    let exchange = reach(&configuration)?;
    let env = configuration.settings.env;
    let lines = online::admission(&exchange, &configuration, env, arguments.accept_unknown_permissions).await;
    let admitted = failed(&lines) == 0;
    if admitted {
        configuration.settings.active = true;
        configuration.settings.checked_at = Some(WallClock.now());
        common.at.existing()?.replace(&configuration)?;
    }
    tell(&configuration, &lines, common.json, &[])?;
    if !admitted {
        bail!("{:?} was not activated: {}", configuration.label, first_fault(&lines));
    }
    if !common.json {
        say(&format!("{:?} is active", configuration.label));
    }
    Ok(())
}

fn deactivate(named: &Named) -> anyhow::Result<()> {
    let mut keyring = named.common.at.existing()?;
    let mut configuration = keyring.get(&named.label)?;
    configuration.settings.active = false;
    keyring.replace(&configuration)?;
    let user = user(&named.common.at.keys_dir, &configuration);
    if named.common.json {
        let mut object = shown(&configuration);
        if let Some(fields) = object.as_object_mut() {
            fields.insert("in_use_by".to_owned(), serde_json::to_value(&user)?);
        }
        return print_json(&object);
    }
    say(&format!("{:?} is inactive", configuration.label));
    still_trading(user);
    Ok(())
}

/// A desk has its key in memory, whatever becomes of the file.
fn still_trading(user: Option<User>) {
    if let Some(user) = user {
        say(&format!(
            "a desk goes on trading with this key until it is stopped ({user}): `ballast kill --data-dir {}`, or Ctrl-C there",
            user.folder.display()
        ));
    }
}
