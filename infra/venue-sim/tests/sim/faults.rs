//! Each switch over real HTTP: the fault happens, and the exchange's own books say what was done.

use crate::client::{KEY, Running, bid, code, dec};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use venue_sim::api::call::Method;
use venue_sim::faults::{ALWAYS, Fault, Faults, Rule, Venue};

const ORDER: &str = "/api/v3/order";

/// Posts an order under one fault: what came back, and how many orders the exchange has.
async fn under(fault: Fault) -> (reqwest::Result<(u16, String)>, usize, Running) {
    let running = Running::quiet().await;
    let name = fault.name();
    running.sim.script([Rule::once("POST", ORDER, fault)]);
    let answer = match running.place("faulty").await {
        Ok(response) => {
            let status = response.status().as_u16();
            response.text().await.map(|body| (status, body))
        }
        Err(error) => Err(error),
    };
    assert_eq!(running.fired(name), 1, "{name} did not fire");
    let orders = running.orders();
    let next = running.place("healthy").await.unwrap().status();
    assert_eq!(next, 200, "{name} was for one request only");
    running.sim.with(|exchange, _| exchange.engine.audit()).unwrap();
    (answer, orders, running)
}

#[tokio::test]
async fn a_lost_request_is_not_done_and_a_lost_response_is() {
    let (answer, orders, _) = under(Fault::RequestLost { hang_ms: 20 }).await;
    assert_eq!((answer.is_err(), orders), (true, 0));
    let (answer, orders, _) = under(Fault::ResponseLost { hang_ms: 20 }).await;
    assert_eq!((answer.is_err(), orders), (true, 1));
}

#[tokio::test]
async fn a_reset_comes_before_or_after_the_deed() {
    for acted in [false, true] {
        let (answer, orders, _) = under(Fault::Reset { acted }).await;
        assert_eq!((answer.is_err(), orders), (true, usize::from(acted)));
    }
}

#[tokio::test]
async fn five_hundreds_come_before_or_after_the_deed() {
    for acted in [false, true] {
        let (answer, orders, _) = under(Fault::Status { status: 504, acted }).await;
        assert_eq!((answer.unwrap(), orders), ((504, "{}".to_owned()), usize::from(acted)));
    }
}

#[tokio::test]
async fn unknown_outcomes_and_other_error_bodies_come_before_or_after_the_deed() {
    for (status, number, acted) in
        [(503, -1006, true), (503, -1007, true), (503, -1007, false), (200, -1, true), (400, -2010, true)]
    {
        let msg = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
            .to_owned();
        let (answer, orders, _) = under(Fault::Error { status, code: number, msg, acted }).await;
        let (got, body) = answer.unwrap();
        assert_eq!((got, orders), (status, usize::from(acted)));
        assert_eq!(code(&serde_json::from_str(&body).unwrap()), json!(number));
    }
}

#[tokio::test]
async fn gateways_answer_in_html() {
    for (status, acted) in [(403, false), (502, true)] {
        let (answer, orders, _) = under(Fault::Page { status, acted }).await;
        let (got, body) = answer.unwrap();
        assert_eq!((got, body.starts_with("<html>"), orders), (status, true, usize::from(acted)));
    }
}

#[tokio::test]
async fn a_body_may_be_no_json() {
    let (answer, orders, _) = under(Fault::Body { body: "{\"orderId\":".to_owned(), acted: true }).await;
    assert_eq!((answer.unwrap(), orders), ((200, "{\"orderId\":".to_owned()), 1));
}

#[tokio::test]
async fn a_body_may_stop_in_the_middle() {
    let (answer, orders, _) = under(Fault::Truncated {}).await;
    assert_eq!((answer.unwrap_err().is_timeout(), orders), (false, 1));
}

#[tokio::test]
async fn a_body_may_never_end() {
    let running = Running::quiet().await;
    running.sim.script([Rule::once("POST", ORDER, Fault::Endless {})]);
    let mut response = running.place("endless").await.unwrap();
    let mut bytes = 0;
    while bytes < 8 * 1024 * 1024 {
        bytes += response.chunk().await.unwrap().unwrap().len();
    }
    assert_eq!(running.orders(), 1);
}

#[tokio::test]
async fn a_redirect_points_elsewhere() {
    let running = Running::quiet().await;
    let fault = Fault::Redirect { status: 307, location: "http://127.0.0.1:1/".to_owned(), acted: false };
    running.sim.script([Rule::once("POST", ORDER, fault)]);
    let response = running.place("away").await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["location"]),
        (307, &"http://127.0.0.1:1/".parse().unwrap())
    );
    assert_eq!(running.orders(), 0);
}

#[tokio::test]
async fn limits_and_bans_can_be_had_without_reaching_them() {
    for (fault, status) in
        [(Fault::TooManyRequests { retry_after_s: 7 }, 429), (Fault::Banned { retry_after_s: 7 }, 418)]
    {
        let running = Running::quiet().await;
        running.sim.script([Rule::each("", "", fault)]);
        let response = running.send(Method::Get, "/api/v3/account", "").await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (status, &"7".parse().unwrap()));
        assert_eq!(code(&response.json().await.unwrap()), json!(-1003));
    }
}

#[tokio::test]
async fn a_late_request_is_done_inside_its_window_and_refused_behind_it() {
    for (fault, window, done) in [
        (Fault::DelayBefore { ms: 150 }, 5_000, true),
        (Fault::DelayBefore { ms: 150 }, 100, false),
        (Fault::DelayEngine { ms: 150 }, 5_000, true),
        (Fault::DelayEngine { ms: 150 }, 100, false),
        (Fault::DelayAfter { ms: 150 }, 100, true),
    ] {
        let running = Running::quiet().await;
        running.sim.script([Rule::once("POST", ORDER, fault.clone())]);
        let began = Instant::now();
        let (status, body) = running.json(Method::Post, ORDER, &format!("{}&recvWindow={window}", bid("late"))).await;
        assert!(began.elapsed() >= Duration::from_millis(150));
        assert_eq!((status == 200, running.orders()), (done, usize::from(done)), "{fault:?}: {body}");
        assert!(done || code(&body) == json!(-1021));
    }
}

#[tokio::test]
async fn a_client_that_gives_up_does_not_stop_a_request_under_way() {
    let running = Running::quiet().await;
    running.sim.script([Rule::once("POST", ORDER, Fault::DelayBefore { ms: 200 })]);
    let given_up = tokio::time::timeout(Duration::from_millis(50), running.place("given-up")).await;
    assert_eq!((given_up.is_err(), running.orders()), (true, 0));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(running.orders(), 1);
}

#[tokio::test]
async fn an_answer_may_be_about_another_order_or_be_tampered_with() {
    let running = Running::quiet().await;
    running.place("mine").await.unwrap();
    let look = "symbol=BTCUSDT&origClientOrderId=mine";
    running.sim.script([
        Rule::once("GET", ORDER, Fault::WrongOrder {}),
        Rule::once("GET", ORDER, Fault::Tamper { field: "executedQty".to_owned(), value: json!("99.00000000") }),
        Rule::once("GET", ORDER, Fault::Tamper { field: "orderId".to_owned(), value: Value::Null }),
    ]);
    let (_, wrong) = running.json(Method::Get, ORDER, look).await;
    assert_eq!(wrong["clientOrderId"], "somebody-elses-order");
    let (_, more) = running.json(Method::Get, ORDER, look).await;
    assert_eq!((&more["executedQty"], &more["clientOrderId"]), (&json!("99.00000000"), &json!("mine")));
    let (_, less) = running.json(Method::Get, ORDER, look).await;
    assert_eq!(less.get("orderId"), None);
    let (_, true_one) = running.json(Method::Get, ORDER, look).await;
    assert_eq!((&true_one["executedQty"], &true_one["orderId"]), (&json!("0.00000000"), &json!(1)));
}

#[tokio::test]
async fn an_accepted_order_may_be_rejected_afterwards() {
    let running = Running::quiet().await;
    running.sim.script([Rule::once("POST", ORDER, Fault::RejectAfterAck { delay_ms: 30 })]);
    let (_, body) = running.json(Method::Post, ORDER, &bid("changed-its-mind")).await;
    assert_eq!(body["status"], "NEW");
    tokio::time::sleep(Duration::from_millis(120)).await;
    let (_, body) = running.json(Method::Get, ORDER, "symbol=BTCUSDT&origClientOrderId=changed-its-mind").await;
    assert_eq!(body["status"], "REJECTED");
    running.sim.with(|exchange, _| exchange.engine.audit()).unwrap();
}

#[tokio::test]
async fn an_order_may_fill_just_before_its_cancel() {
    let running = Running::quiet().await;
    running.place("race").await.unwrap();
    running.sim.script([Rule::once("DELETE", ORDER, Fault::FillBeforeCancel {})]);
    let (status, body) = running.json(Method::Delete, ORDER, "symbol=BTCUSDT&origClientOrderId=race").await;
    assert_eq!((status, code(&body)), (400, json!(-2011)));
    let (_, body) = running.json(Method::Get, ORDER, "symbol=BTCUSDT&origClientOrderId=race").await;
    assert_eq!((&body["status"], &body["executedQty"]), (&json!("FILLED"), &json!("0.01000000")));
}

#[tokio::test]
async fn a_fresh_order_is_not_found_for_a_while() {
    let running = Running::quiet().await;
    running.sim.switch(Faults { venue: Venue { query_lag_ms: 200, ..Venue::default() }, ..Faults::default() });
    running.place("fresh").await.unwrap();
    let look = || running.json(Method::Get, ORDER, "symbol=BTCUSDT&origClientOrderId=fresh");
    assert_eq!(code(&look().await.1), json!(-2013));
    let (_, open) = running.json(Method::Get, "/api/v3/openOrders", "symbol=BTCUSDT").await;
    assert_eq!(open.as_array().unwrap().len(), 1, "lists have a switch of their own");
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(look().await.0, 200);
}

#[tokio::test]
async fn orders_and_fills_may_be_missing_from_lists_and_be_forgotten() {
    let running = Running::quiet().await;
    running.place("hidden").await.unwrap();
    running.admin("/sim/fill", json!({ "order_id": 1, "quantity": "0.004" })).await;
    let lists = ["/api/v3/openOrders", "/api/v3/allOrders", "/api/v3/myTrades"];
    for (venue, rows) in [
        (Venue::default(), 1),
        (Venue { lists_lag_ms: 60_000, ..Venue::default() }, 0),
        (Venue { empty_lists: true, ..Venue::default() }, 0),
    ] {
        running.sim.switch(Faults { venue, ..Faults::default() });
        for list in lists {
            let (_, body) = running.json(Method::Get, list, "symbol=BTCUSDT").await;
            assert_eq!(body.as_array().unwrap().len(), rows, "{list}");
        }
    }
    running.sim.switch(Faults { venue: Venue { forgets_orders: true, ..Venue::default() }, ..Faults::default() });
    assert_eq!(code(&running.json(Method::Get, ORDER, "symbol=BTCUSDT&orderId=1").await.1), json!(-2013));
}

#[tokio::test]
async fn the_exchanges_clock_may_be_wrong() {
    let running = Running::quiet().await;
    for drift in [86_400_000, -120_000] {
        running.sim.switch(Faults { venue: Venue { clock_drift_ms: drift, ..Venue::default() }, ..Faults::default() });
        let (_, body) = running.json(Method::Get, "/api/v3/time", "").await;
        assert_eq!(code(&body), json!(-1101), "a timestamp is not read there");
        let time: Value =
            running.http.get(format!("{}/api/v3/time", running.sim.url())).send().await.unwrap().json().await.unwrap();
        let off = time["serverTime"].as_i64().unwrap() - crate::client::wall();
        assert!((off - drift).abs() < 1_000, "{off}");
        assert_eq!(code(&running.json(Method::Get, "/api/v3/account", "").await.1), json!(-1021));
    }
}

#[tokio::test]
async fn maintenance_closes_everything() {
    let running = Running::quiet().await;
    running.sim.switch(Faults { venue: Venue { maintenance: true, ..Venue::default() }, ..Faults::default() });
    let (status, body) = running.json(Method::Get, "/api/v3/account", "").await;
    assert_eq!((status, code(&body)), (503, json!(-1016)));
    assert!(tokio_tungstenite::connect_async(format!("{}/ws/btcusdt@trade", running.sim.ws_url())).await.is_err());
    running.sim.switch(Faults::default());
    assert_eq!(running.json(Method::Get, "/api/v3/account", "").await.0, 200);
}

#[tokio::test]
async fn a_snapshot_may_be_old() {
    let running = Running::quiet().await;
    running.sim.switch(Faults { venue: Venue { snapshot_age_ms: 60_000, ..Venue::default() }, ..Faults::default() });
    let url = format!("{}/api/v3/depth?symbol=BTCUSDT", running.sim.url());
    let depth = || async { running.http.get(&url).send().await.unwrap().json::<Value>().await.unwrap() };
    let before = depth().await;
    running.place("later").await.unwrap();
    assert_eq!(depth().await, before);
    running.sim.switch(Faults::default());
    assert_ne!(depth().await, before);
}

#[tokio::test]
async fn rules_halts_keys_and_balances_change_while_it_runs() {
    let running = Running::quiet().await;
    running.admin("/sim/symbols", json!({ "symbol": "BTCUSDT", "tick": "0.1", "step": "0.001" })).await;
    let finer = bid("fine").replace("50000", "50000.01");
    assert_eq!(running.json(Method::Post, ORDER, &finer).await.1["msg"], "Filter failure: PRICE_FILTER");
    running.admin("/sim/symbols", json!({ "symbol": "BTCUSDT", "status": "HALT" })).await;
    assert_eq!(running.json(Method::Post, ORDER, &bid("halted")).await.1["msg"], "Market is closed.");
    running.admin("/sim/fund", json!({ "key": KEY, "asset": "BTC", "amount": "-9.5" })).await;
    let books: Value =
        running.http.get(format!("{}/sim/books", running.sim.url())).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&books["audit"], &books["accounts"][0]["balances"]["BTC"]["free"]),
        (&json!("ok"), &json!("0.50000000"))
    );
    running.admin("/sim/keys", json!({ "key": KEY, "withdrawals": true, "fee_asset": "BNB" })).await;
    assert_eq!(running.json(Method::Get, "/sapi/v1/account/apiRestrictions", "").await.1["enableWithdrawals"], true);
    running.admin("/sim/keys", json!({ "key": KEY, "revoked": true })).await;
    assert_eq!(running.json(Method::Get, "/api/v3/account", "").await.0, 401);
}

#[tokio::test]
async fn an_order_fills_in_parts_against_the_house() {
    let running = Running::quiet().await;
    running
        .admin("/sim/rest", json!({ "symbol": "BTCUSDT", "side": "SELL", "price": "50000", "quantity": "0.004" }))
        .await;
    let (_, body) = running.json(Method::Post, ORDER, &bid("parts")).await;
    assert_eq!((&body["status"], &body["executedQty"]), (&json!("PARTIALLY_FILLED"), &json!("0.00400000")));
    let id = body["orderId"].as_u64().unwrap();
    running.sim.with(|exchange, now| exchange.fill(id, dec("0.001"), now)).unwrap();
    let (_, body) = running.json(Method::Get, ORDER, &format!("symbol=BTCUSDT&orderId={id}")).await;
    assert_eq!(body["executedQty"], "0.00500000");
}

#[tokio::test]
async fn faults_are_switched_over_http_and_typing_errors_are_refused() {
    let running = Running::quiet().await;
    let faults = json!({ "seed": 3, "rules": [{ "method": "POST", "path": ORDER, "chance_ppm": 500_000, "fault": "status", "status": 502, "acted": true }] });
    let set = running.admin("/sim/faults", faults).await;
    assert_eq!(
        (&set["seed"], &set["rules"][0]["fault"], &set["venue"]["maintenance"]),
        (&json!(3), &json!("status"), &json!(false))
    );
    let mut statuses = Vec::new();
    for number in 0..20 {
        statuses.push(running.place(&format!("n{number}")).await.unwrap().status().as_u16());
    }
    let hits = statuses.iter().filter(|status| **status == 502).count();
    assert!((4..=16).contains(&hits), "{statuses:?}");
    assert_eq!((running.fired("status"), running.orders()), (hits as u64, 20));
    for bad in [
        json!({ "venu": {} }),
        json!({ "rules": [{ "fault": "gremlins" }] }),
        json!({ "rules": [{ "fault": "status", "status": 502, "acted": true, "chance": 1 }] }),
    ] {
        let response =
            running.http.post(format!("{}/sim/faults", running.sim.url())).body(bad.to_string()).send().await.unwrap();
        assert_eq!(response.status(), 400, "{bad}");
    }
    running.admin("/sim/script", json!([{ "fault": "page", "status": 403, "acted": false }])).await;
    let written = serde_json::to_value(running.sim.faults()).unwrap();
    assert_eq!(serde_json::from_value::<Faults>(written).unwrap(), running.sim.faults());
}

#[test]
fn the_same_seed_draws_the_same_faults_and_a_further_rule_moves_none() {
    use venue_sim::faults::Draws;
    let rule = |path: &str| Rule { chance_ppm: 300_000, ..Rule::each("POST", path, Fault::Truncated {}) };
    let draw = |seed: u64, rules: Vec<Rule>| {
        let mut draws = Draws::default();
        draws.switch(Faults { seed, rules, ..Faults::default() });
        (0..100).map(|_| draws.plan(Method::Post, ORDER).twist.is_some()).collect::<Vec<_>>()
    };
    let once = draw(1, vec![rule(ORDER)]);
    assert_eq!(once, draw(1, vec![rule(ORDER)]));
    assert_eq!(once, draw(1, vec![rule(ORDER), rule("/other")]));
    assert_ne!(once, draw(2, vec![rule(ORDER)]));
    let hits = once.iter().filter(|hit| **hit).count();
    assert!((15..=45).contains(&hits), "{hits}");
}

#[test]
fn rules_skip_and_stop() {
    use venue_sim::faults::Draws;
    let rule = Rule { skip: 2, times: Some(2), chance_ppm: ALWAYS, ..Rule::each("", "", Fault::Truncated {}) };
    let mut draws = Draws::default();
    draws.switch(Faults { rules: vec![rule], ..Faults::default() });
    let hits: Vec<bool> = (0..6).map(|_| draws.plan(Method::Get, "/x").twist.is_some()).collect();
    assert_eq!(hits, [false, false, true, true, false, false]);
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let mut config = venue_sim::server::Config::quiet();
    config.listen = "0.0.0.0:0".parse().unwrap();
    assert!(venue_sim::server::start(config).await.is_err());
}

#[tokio::test]
async fn a_stopped_exchange_answers_no_more_and_gives_its_state_back() {
    let running = Running::quiet().await;
    running.place("last").await.unwrap();
    let url = running.sim.url();
    let exchange = running.sim.shutdown().await;
    assert_eq!(exchange.engine.all_orders(exchange.keys[KEY].account, "BTCUSDT").count(), 1);
    assert!(running.http.get(format!("{url}/api/v3/ping")).send().await.is_err());
}
