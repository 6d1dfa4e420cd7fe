//! `deploy`, `destroy`, `cost` and `doctor --cloud`, with tools in the place of the real ones that only write down what
//! they are asked to do.

use crate::binary::{ballast, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A project folder as far as deploying looks at it, and tools that note how they are called.
struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stage = Self { folder };
        std::fs::create_dir_all(stage.path("cdk")).unwrap();
        std::fs::create_dir_all(stage.path("infra")).unwrap();
        std::fs::create_dir_all(stage.path("bin")).unwrap();
        std::fs::write(stage.path("cdk/cdk.json"), "{}").unwrap();
        let desk = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/desk.json");
        std::fs::copy(desk, stage.path("infra/desk.json")).unwrap();
        for tool in ["cargo", "npm", "npx"] {
            stage.tool(tool, "");
        }
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A tool that notes its words and then does what `then` says.
    fn tool(&self, name: &str, then: &str) {
        let log = self.path("calls");
        let script = format!("#!/bin/sh\necho \"{name} $*\" >> {}\n{then}\n", log.display());
        let path = self.path("bin").join(name);
        std::fs::write(&path, script).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn run(&self, words: &[&str], answer: &str) -> Output {
        self.run_in(self.folder.path(), words, answer)
    }

    fn run_in(&self, folder: &Path, words: &[&str], answer: &str) -> Output {
        let mut command: Command = ballast();
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        command.args(words).current_dir(folder).env("PATH", path);
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// What the tools were asked to do, each call cut to its first words.
    fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        text.lines().map(|line| line.split(' ').take(3).collect::<Vec<_>>().join(" ")).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const SHOWN: [&str; 3] = ["cargo xtask package", "npm ci --no-audit", "npx cdk diff"];

#[test]
fn deploying_shows_what_who_and_how_much_and_does_nothing_unless_the_desk_is_named() {
    let stage = Stage::new();
    for (answer, flags) in [("yes\n", &[][..]), ("", &[]), ("test-desk\n", &["--dry-run"])] {
        let _ = std::fs::remove_file(stage.path("calls"));
        let output = stage.run(&[&["deploy", "--name", "test-desk"], flags].concat(), answer);
        let said = text(&output.stdout);
        assert!(said.contains("PAPER trading of BTCUSDT 1h, ETHUSDT 1h"), "{said}");
        assert!(said.contains("CDKToolkit") && said.contains("Nobody will be told"), "{said}");
        assert!(said.contains("together") && !said.contains("4/4"), "{said}");
        assert_eq!(stage.calls(), SHOWN);
    }
    let _ = std::fs::remove_file(stage.path("calls"));
    let output = stage.run(&["deploy", "--name", "test-desk"], "test-desk\n");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(stage.calls(), [&SHOWN[..], &["npx cdk bootstrap", "npx cdk deploy"]].concat());
    let all = std::fs::read_to_string(stage.path("calls")).unwrap();
    assert!(all.contains("deploy --all --require-approval never -c desk=test-desk -c code="), "{all}");
    assert!(all.contains("-c dataStaleSeconds=7500"), "two bars of an hour and five minutes: {all}");
}

#[test]
fn a_configuration_that_can_not_be_used_is_refused_before_anything_is_built() {
    let stage = Stage::new();
    let good = std::fs::read_to_string(stage.path("infra/desk.json")).unwrap();
    for (from, to, says) in [
        ("\"cash\": \"100000\"", "\"cash\": \"0\"", "cash: 0 must be greater than zero"),
        ("\"venue\": \"paper\"", "\"venue\": \"binance\"", "trades on `paper` only"),
        ("\"venue\"", "\"live\": { \"keys\": \"main\" }, \"venue\"", "the venue is \"paper\""),
        ("\"venue\": \"paper\"", "\"venue\": \"ftx\", \"live\": { \"keys\": \"main\" }", "no spot markets here"),
        ("\"venue\": \"paper\"", "\"venue\": \"binance\", \"live\": { \"keys\": \"main\" }", "say so with --live"),
        ("\"venue\": \"paper\"", "\"venue\": \"coinbase\", \"live\": { \"keys\": \"main\" }", "this venue has none"),
        ("\"venue\": \"paper\"", "\"venue\": \"kraken\", \"live\": { \"keys\": \"main\" }", "trade it on one machine"),
        ("\"account\"", "\"acount\"", "unknown field `acount`"),
        ("\"1h\"", "\"7m\"", "has no 7m bars"),
    ] {
        assert!(good.contains(from));
        std::fs::write(stage.path("infra/desk.json"), good.replace(from, to)).unwrap();
        let output = stage.run(&["deploy", "--yes"], "");
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.contains(says), "{said}");
        assert_eq!(stage.calls(), Vec::<String>::new());
    }
    let real = good.replace("\"venue\": \"paper\"", "\"venue\": \"binance\", \"live\": { \"keys\": \"main\" }");
    std::fs::write(stage.path("infra/desk.json"), real).unwrap();
    let said = text(&stage.run(&["deploy", "--live"], "no\n").stdout);
    assert!(said.contains("LIVE TRADING WITH REAL MONEY at binance, by the keys \"main\""), "{said}");
    let _ = std::fs::remove_file(stage.path("calls"));
    let elsewhere = tempfile::tempdir().unwrap();
    let said = text(&stage.run_in(elsewhere.path(), &["deploy"], "").stderr);
    assert!(said.contains("not the project's folder"), "{said}");
    std::fs::write(stage.path("infra/desk.json"), good).unwrap();
    for name in ["My Desk", "a", "a--b", "this-name-is-longer-than-twenty"] {
        let said = text(&stage.run(&["deploy", "--name", name], "").stderr);
        assert!(said.contains("small letters"), "{said}");
    }
    for (setting, says) in [
        ("desk=other", "name the desk with --name"),
        ("code=placeholder", "code is no setting"),
        ("alarmMail=a@b", "alarmMail is no setting"),
        ("nonsense", "write it as name=value"),
    ] {
        let said = text(&stage.run(&["deploy", "--yes", "-c", setting], "").stderr);
        assert!(said.contains(says), "{said}");
    }
    assert_eq!(stage.calls(), Vec::<String>::new());
}

#[test]
fn a_tool_that_fails_ends_the_deployment() {
    let stage = Stage::new();
    stage.tool("npx", "exit 3");
    let output = stage.run(&["deploy", "--yes"], "");
    assert!(!output.status.success() && text(&output.stderr).contains("`npx cdk diff"), "{}", text(&output.stderr));
    assert_eq!(stage.calls(), SHOWN);
}

#[test]
fn destroying_names_what_stays_and_leaves_the_data() {
    let stage = Stage::new();
    let output = stage.run(&["destroy"], "no\n");
    assert!(!output.status.success() && text(&output.stderr).contains("nothing was changed"));
    assert_eq!(stage.calls(), Vec::<String>::new());
    let output = stage.run(&["destroy"], "ballast\n");
    let said = text(&output.stdout);
    assert!(output.status.success() && said.contains("ballast-data") && said.contains("ballast/venue-keys"), "{said}");
    assert!(said.contains("CDKToolkit"), "{said}");
    let all = std::fs::read_to_string(stage.path("calls")).unwrap();
    let removed = all.lines().last().unwrap();
    assert!(removed.ends_with("ballast-observability ballast-api ballast-pipeline"), "{all}");
    assert!(!removed.contains("ballast-data"));
}

#[test]
fn the_account_is_examined_for_what_the_kill_switch_needs() {
    let stage = Stage::new();
    // Like the real one, it prints nothing where the answer is an empty object.
    let aws = |quota: u32, kept: &str, alarms: &str| {
        let script = format!(
            r#"case "$2" in
get-caller-identity) echo '{{"Account":"1","Arn":"arn:aws:iam::1:user/ann"}}' ;;
get-account-settings) echo '{{"AccountLimit":{{"ConcurrentExecutions":{quota}}}}}' ;;
get-function-concurrency) printf '%s' '{kept}' ;;
list-subscriptions) echo '["arn:aws:sns:eu-central-1:1:ballast-alarms"]' ;;
describe-alarms) echo '{{"MetricAlarms":[{alarms}]}}' ;;
*) exit 9 ;;
esac"#
        );
        stage.tool("aws", &script);
        stage.run(&["doctor", "--cloud", "--json"], "")
    };
    let free = aws(1000, "{\"ReservedConcurrentExecutions\":2}", "");
    assert_eq!(json(&free)["faults"], 0);
    let none = aws(1000, "", "");
    assert!(!none.status.success() && text(&none.stdout).contains("reserveForKill=2"), "{}", text(&none.stdout));
    let small = aws(10, "", "");
    assert!(small.status.success() && text(&small.stdout).contains("too few"), "{}", text(&small.stdout));
    let ringing = aws(10, "", "{\"AlarmName\":\"ballast-data-stale\"}");
    assert!(!ringing.status.success() && text(&ringing.stdout).contains("ballast-data-stale"));
}

#[test]
fn the_cost_adds_up_and_idle_stays_below_five_dollars() {
    let stage = Stage::new();
    let costs = json(&stage.run(&["cost", "--json"], ""));
    let total = |of: &str| costs[of]["total"].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    assert!(total("idle") <= rust_decimal::Decimal::from(5) && total("trading") > total("idle"), "{costs}");
    let lines = costs["idle"]["lines"].as_array().unwrap().iter();
    let sum: rust_decimal::Decimal =
        lines.map(|line| line["cost"].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap()).sum();
    assert_eq!(sum, total("idle"));
    let said = text(&stage.run(&["cost"], "").stdout);
    assert!(said.contains("What would break 5 USD idle first"), "{said}");
    assert!(!stage.run(&["cost", "--trades-per-minute=-1"], "").status.success());
}
