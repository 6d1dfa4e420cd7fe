use super::*;
use venue::keys::Settings;
use venue_sim::faults::{Faults, Venue};
use venue_sim::server::{Config, Sim, start};

async fn scene() -> (Sim, Configuration) {
    let sim = start(Config::lively(3)).await.unwrap();
    let credentials = Credentials::new("binance", "sim-key".into(), "sim-secret".into(), None).unwrap();
    let settings = Settings { base_url: Some(sim.url()), ..Settings::default() };
    (sim, Configuration { label: "one".into(), venue: "binance", credentials, settings })
}

async fn admitted(configuration: &Configuration, env: Env) -> Vec<Line> {
    admission(&reach(configuration).unwrap(), configuration, env, false).await
}

fn faults(lines: &[Line]) -> Vec<&'static str> {
    lines.iter().filter(|line| line.verdict == Verdict::Failed).map(|line| line.what).collect()
}

#[tokio::test]
async fn a_key_that_trades_and_can_not_withdraw_passes_every_check() {
    let (sim, configuration) = scene().await;
    let lines = preflight(&reach(&configuration).unwrap(), &configuration, Env::Live, false).await;
    let told: Vec<(&str, Verdict)> = lines.iter().map(|line| (line.what, line.verdict)).collect();
    let all = ["server", "clock", "permissions", "balances", "limits", "test order"];
    assert_eq!(told, all.map(|what| (what, Verdict::Ok)), "{lines:?}");
    let orders = sim.with(|exchange, _| {
        let account = exchange.keys.get("sim-key").unwrap().account;
        exchange.engine.all_orders(account, "BTCUSDT").count()
    });
    assert_eq!(orders, 0, "the test order was not placed");
}

#[tokio::test]
async fn a_key_that_may_withdraw_is_refused_and_one_that_may_not_trade_only_where_it_should() {
    let (sim, configuration) = scene().await;
    let key = |act: fn(&mut venue_sim::api::auth::Key)| {
        sim.with(|exchange, _| act(exchange.keys.get_mut("sim-key").unwrap()));
    };
    key(|key| key.trading = false);
    assert!(faults(&admitted(&configuration, Env::Paper).await).is_empty());
    assert_eq!(faults(&admitted(&configuration, Env::Live).await), ["permissions"]);
    key(|key| {
        key.trading = true;
        key.withdrawals = true;
    });
    for env in [Env::Paper, Env::Live] {
        let lines = admitted(&configuration, env).await;
        assert_eq!(faults(&lines), ["permissions"]);
        assert!(lines.iter().any(|line| line.text().contains("may withdraw")));
    }
}

#[tokio::test]
async fn a_key_for_reading_is_held_to_reading_alone() {
    let (sim, configuration) = scene().await;
    sim.with(|exchange, _| exchange.keys.get_mut("sim-key").unwrap().trading = false);
    let told = async |env| preflight(&reach(&configuration).unwrap(), &configuration, env, false).await;
    let lines = told(Env::Paper).await;
    assert!(faults(&lines).is_empty(), "{lines:?}");
    assert_eq!(lines.last().map(|line| (line.what, line.verdict)), Some(("test order", Verdict::Skipped)));
    assert!(faults(&told(Env::Live).await).contains(&"permissions"), "for live orders it would not do");
}

#[tokio::test]
async fn a_clock_that_is_off_and_a_server_that_is_away_are_told_apart() {
    let (sim, configuration) = scene().await;
    sim.switch(Faults { venue: Venue { clock_drift_ms: 900, ..Venue::default() }, ..Faults::default() });
    assert!(faults(&admitted(&configuration, Env::Paper).await).contains(&"clock"));
    let mut away = configuration;
    away.settings.base_url = Some("http://127.0.0.1:9".into());
    let lines = preflight(&reach(&away).unwrap(), &away, Env::Live, false).await;
    assert_eq!((lines.len(), faults(&lines)), (1, vec!["server"]));
    assert!(!lines[0].way_out.is_empty());
}

#[tokio::test]
async fn a_wrong_secret_fails_with_a_way_out_and_is_not_repeated() {
    let (_sim, mut configuration) = scene().await;
    configuration.credentials =
        Credentials::new("binance", "sim-key".into(), "canary-secret-8d1f".into(), None).unwrap();
    let lines = admitted(&configuration, Env::Paper).await;
    assert_eq!(faults(&lines), ["permissions", "balances"]);
    let told = lines.iter().map(|line| format!("{} {}", line.text(), line.json())).collect::<String>();
    assert!(told.contains("copied whole") && !told.contains("canary"), "{told}");
}

#[test]
fn what_a_server_repeats_of_the_credentials_is_hidden() {
    let credentials = Credentials::new("okx", "the-key".into(), "canary-1".into(), Some("canary-2".into())).unwrap();
    let fault =
        CallFault::Connectivity { venue: "okx".into(), reason: "echo the-key canary-1 canary-2".into(), unsent: false };
    assert_eq!(credentials.hidden_in(&fault.to_string()), "okx could not be reached: echo (hidden) (hidden) (hidden)");
}

#[test]
fn the_least_order_is_on_the_lot_and_above_the_smallest_notional() {
    let mut market = Instrument::named(Product::Spot, "BTCUSDT", "BTC", "USDT", None);
    let d = |text: &str| text.parse::<Decimal>().unwrap();
    market.lot = Some(d("0.00001"));
    market.min_notional = Some(d("5"));
    assert_eq!(least(&market, d("57000")), Some(d("0.0001")));
    market.min_quantity = Some(d("0.5"));
    assert_eq!(least(&market, d("57000")), Some(d("0.5")));
    market.lot = None;
    assert_eq!(least(&market, d("57000")), None);
}
