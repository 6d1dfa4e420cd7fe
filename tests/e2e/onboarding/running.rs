//! `ballast up --live` while it runs, the real binary: what it shows, what it refuses beside it, and what a kill leaves.

use super::command::LABEL;
use crate::keys::{Scene, everything, scene};
use serde_json::Value;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use venue_sim::faults::{Fault, Faults, Rule};

/// How long something may take that the exchange or the desk brings about.
const PATIENCE: Duration = Duration::from_secs(120);

/// A desk in the background, and what it has said so far.
struct Desk {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads on in the background.
fn listen(mut from: impl Read + Send + 'static, said: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            said.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..read]));
        }
    });
}

impl Desk {
    fn begin(scene: &Scene, label: &str) -> Self {
        let mut command = scene.command(&["up", "--live", label, "--symbol", "BTCUSDT", "--interval", "1s"]);
        command.args(["--risk", "reference", "--stake", "50", "--param", "fast=2", "--param", "slow=4", "--port", "0"]);
        command.args(["--untested-venue", "--confirm", label]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        listen(child.stdout.take().unwrap(), said.clone());
        listen(child.stderr.take().unwrap(), said.clone());
        let mut desk = Self { child, said };
        desk.wait("the desk to begin", |said| said.contains("look     ballast"));
        desk
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    fn wait(&mut self, what: &str, met: impl Fn(&str) -> bool) {
        let began = Instant::now();
        while !met(&self.said()) {
            assert!(self.child.try_wait().unwrap().is_none(), "the desk has ended: {}", self.said());
            assert!(began.elapsed() < PATIENCE, "waited in vain for {what}: {}", self.said());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits for a progress line of its own from now on.
    fn next_line(&mut self, what: &str, met: impl Fn(&str) -> bool) -> String {
        let before = self.said().lines().count();
        let fits = |line: &&str| line.contains("equity") && met(line);
        self.wait(what, |said| said.lines().skip(before).any(|line| fits(&line)));
        self.said().lines().skip(before).find(fits).unwrap().to_owned()
    }

    /// Stops it as Ctrl-C does.
    fn stop(mut self) {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "{}", self.said());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_desk_with_the_same_key_is_refused_and_a_key_put_aside_names_the_desk_that_has_it() {
    let scene = scene().await;
    assert!(scene.good(LABEL, &["--live"]).status.success());
    assert!(scene.good("again", &["--live"]).status.success());
    let desk = Desk::begin(&scene, LABEL);
    let second = |label: &str| {
        let mut up = scene.command(&["up", "--live", label, "--symbol", "BTCUSDT", "--data-dir", "elsewhere"]);
        scene.run(up.args(["--interval", "1s", "--bars", "1", "--until-end", "--untested-venue", "--confirm", label]))
    };
    for label in [LABEL, "again"] {
        let refused = second(label);
        scene.fails(&refused, "another desk trades with the key of");
        let (pid, text) = (format!("process {}, data in", desk.child.id()), everything(&refused));
        assert!(text.contains(&pid) && text.contains("Stop that one first"), "{text}");
        assert!(!scene.folder.path().join("elsewhere").exists());
    }
    let aside = scene.run(&mut scene.command(&["keys", "deactivate", LABEL]));
    assert!(everything(&aside).contains("a desk goes on trading with this key"), "{}", everything(&aside));
    assert_eq!(scene.json(&["keys", "remove", LABEL])["in_use_by"]["pid"], desk.child.id());
    desk.stop();
    assert!(scene.json(&["keys", "deactivate", "again"])["in_use_by"].is_null());
    assert!(scene.run(&mut scene.command(&["keys", "activate", "again"])).status.success());
    let free = second("again");
    assert!(free.status.success(), "{}", everything(&free));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_desk_shows_what_is_true_now_and_since_when_its_exchange_is_silent() {
    let scene = scene().await;
    assert!(scene.good(LABEL, &["--live"]).status.success());
    let mut desk = Desk::begin(&scene, LABEL);
    let line = desk.next_line("a line", |_| true);
    assert!(line.contains("(closes of ") && line.contains("  up 0:"), "{line}");
    assert!(!line.contains("bars/s") && !line.contains("CUT OFF"), "{line}");
    let silent = Rule::each("", "", Fault::Reset { acted: false });
    scene.sim.switch(Faults { rules: vec![silent], ..Faults::default() });
    let line = desk.next_line("the outage", |line| line.contains("CUT OFF"));
    assert!(line.contains("CUT OFF: no answer from the exchange since 20"), "{line}");
    let portfolio = scene.run(&mut scene.command(&["portfolio"]));
    assert!(
        everything(&portfolio).contains("CUT OFF    no answer from the exchange since"),
        "{}",
        everything(&portfolio)
    );
    let why = scene.json(&["portfolio"])["outage"]["why"].as_str().unwrap().to_owned();
    assert!(line.contains(&why), "{why}");
    scene.fails(&scene.run(&mut scene.command(&["doctor"])), "no answer from the exchange since");
    scene.sim.switch(Faults::default());
    desk.next_line("the exchange's return", |line| !line.contains("CUT OFF"));
    let portfolio = scene.run(&mut scene.command(&["portfolio"]));
    assert!(!everything(&portfolio).contains("CUT OFF"), "{}", everything(&portfolio));
    desk.stop();
}

impl Scene {
    /// Waits until the desk holds something.
    fn position(&self) {
        let began = Instant::now();
        let open = |positions: &Value| positions.as_array().unwrap().iter().any(|p| !p["opened_at"].is_null());
        while !open(&self.json(&["positions"])) {
            assert!(began.elapsed() < PATIENCE, "the strategy never bought");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_that_closes_positions_names_the_stops_that_gave_way_and_the_dust_and_is_remembered() {
    let scene = scene().await;
    assert!(scene.good(LABEL, &["--live"]).status.success());
    let desk = Desk::begin(&scene, LABEL);
    let mut text = String::new();
    for _ in 0..5 {
        scene.position();
        text = everything(&scene.run(&mut scene.command(&["kill", "--flatten", "--reason", "a test"])));
        if !text.contains("   0 orders that close positions") {
            break;
        }
        // The strategy or a stop was faster.
        for by in ["ann", "bob"] {
            scene.json(&["unkill", "--reason", "once more", "--by", by]);
        }
    }
    assert!(text.contains("   1 protective stops cancelled, each before its position was closed"), "{text}");
    assert!(text.contains(" BTC in BTCUSDT: less than a lot of 0.00001 BTC"), "the fee left a rest: {text}");
    desk.stop();
    let desk = Desk::begin(&scene, LABEL);
    let said = desk.said();
    let killed = said.find("KILLED   since").unwrap_or_else(|| panic!("it does not say so: {said}"));
    assert!(killed < said.find("market   ").unwrap() && said.contains("flatten (a test)"), "{said}");
    desk.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verb_speaks_of_the_desk_that_runs_though_another_was_begun_later() {
    let scene = scene().await;
    assert!(scene.good(LABEL, &["--live"]).status.success());
    let desk = Desk::begin(&scene, LABEL);
    scene.position();
    let paper = scene.run(&mut scene.command(&["up", "--bars", "3", "--until-end", "--json"]));
    assert!(paper.status.success(), "{}", everything(&paper));
    let portfolio = scene.json(&["portfolio"]);
    assert_eq!((&portfolio["mode"], &portfolio["desk"]["running"]), (&"live".into(), &true.into()), "{portfolio}");
    let runs = format!("running, process {}", desk.child.id());
    let killed = everything(&scene.run(&mut scene.command(&["kill", "--reason", "a test"])));
    for words in ["desk       ", LABEL, &runs, "KILLED (keep stops)", "the desk is running and sweeps on"] {
        assert!(killed.contains(words), "{words}: {killed}");
    }
    // A desk at work hides nothing of this.
    let health = scene.json(&["doctor"]);
    let detail = |check: &str| {
        let found = health["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == check);
        found.unwrap_or_else(|| panic!("{check}: {health}"))["detail"].as_str().unwrap().to_owned()
    };
    assert_eq!(detail("dead letters"), "none");
    assert!(detail("kill switch").contains("killed since") && detail("kill switch").contains("(a test)"), "{health}");
    let watch = scene.json(&["portfolio"])["watch"].clone();
    assert_eq!((&watch["killed"], &watch["dead_letters"]), (&true.into(), &0.into()), "{watch}");
    let held = watch["positions"].as_array().unwrap();
    assert!(held.iter().all(|held| held["bare"].is_null()), "each rests on its stop: {watch}");
    let stops = detail("stops");
    let shown = if held.is_empty() { "nothing is held" } else { " of BTCUSDT: 1 stops " };
    assert!(stops.contains(shown), "{stops}");
    desk.stop();
    // Now none runs, and the one that was begun last is meant: on paper.
    let killed = everything(&scene.run(&mut scene.command(&["kill"])));
    for words in ["simulated, seed 1", "(not running)", "NOT running: it sweeps on when it begins again"] {
        assert!(killed.contains(words), "{words}: {killed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_is_stopped_before_it_trades_says_so_and_ends_by_itself() {
    let scene = scene().await;
    assert!(scene.good(LABEL, &["--live"]).status.success());
    // Whatever it asks at the start is not answered.
    let silent = Rule::each("", "", Fault::RequestLost { hang_ms: 60_000 });
    scene.sim.switch(Faults { rules: vec![silent], ..Faults::default() });
    let mut command = scene.command(&["up", "--live", LABEL, "--symbol", "BTCUSDT", "--untested-venue"]);
    let child = command.args(["--confirm", LABEL]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let claims = |entry: &std::fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with("desk-") && std::fs::read_to_string(entry.path()).is_ok_and(|note| note.contains("pid"))
    };
    let keys = scene.folder.path().join("ballast-keys");
    let began = Instant::now();
    // It has its key: from long before that on it listens.
    while !std::fs::read_dir(&keys).unwrap().flatten().any(|entry| claims(&entry)) {
        assert!(began.elapsed() < PATIENCE, "it never began");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "it ended by itself: {:?}", output.status);
    assert!(everything(&output).contains("stopped before it began to trade: no order was placed"));
}
