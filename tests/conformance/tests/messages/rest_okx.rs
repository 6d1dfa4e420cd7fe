//! OKX's answers: every sample body is read by the question it answers, or listed here with a reason; and each of them,
//! broken in several ways, is never taken for something it is not.

use crate::support::{files, folder, name, text};
use desk::time::Interval;
use serde_json::Value;
use venue::okx::Okx;
use venue::protocol::call::{BarPrice, BarQuery, OrderClass, OrderFilter, OrderKind};
use venue::protocol::model::Side;
use venue::protocol::{
    Built, HistoryQuery, Instrument, Markets, MarketsQuery, NewOrder, OrderRef, OrdersQuery, Product, Protocol, Range,
    ReadFault, Reply, Scope,
};

fn swap() -> Instrument {
    Instrument::named(Product::Linear, "BTC-USDT-SWAP", "BTC", "USDT", Some("USDT"))
}

fn algo() -> OrderRef {
    let scope = Scope { class: OrderClass::Trigger, ..Scope::default() };
    OrderRef { id: Some("12345".into()), instrument: Some(swap()), scope, client_id: None }
}

fn order() -> NewOrder {
    NewOrder {
        quantity: Some(1.into()),
        client_id: Some("a1".into()),
        ..NewOrder::plain(&swap(), Side::Buy, OrderKind::Market)
    }
}

/// How many rows were read, or why none was.
type Read = Result<usize, ReadFault>;

fn many<T>(ask: Built<Vec<T>>, reply: &Reply) -> Read {
    ask.unwrap().read(reply, &Markets::default()).map(|rows| rows.len())
}

fn one<T>(ask: Built<T>, reply: &Reply) -> Read {
    ask.unwrap().read(reply, &Markets::default()).map(|_| 1)
}

/// Reads a body by the question it answers; `None` for one that is listed.
fn answer(file: &str, reply: &Reply) -> Option<Read> {
    let scope = Scope::default();
    let part = file.trim_start_matches("nautilus__http_").trim_end_matches(".json");
    let ended = |class| OrdersQuery {
        filter: OrderFilter::Closed,
        scope: Scope { class, ..Scope::default() },
        ..OrdersQuery::default()
    };
    Some(match part {
        "cancel_algo_order_response" => one(Okx.cancel(&algo()), reply),
        "place_algo_order_response" | "place_algo_order_rejected" | "place_order_response" => {
            one(Okx.place(&order()), reply)
        }
        "balance_detail_new_fields" | "balance_detail_old_fields" | "get_account_balance" => {
            one(Okx.balances(&scope), reply)
        }
        "get_account_positions-history" => many(Okx.positions_history(&HistoryQuery::default()), reply),
        "get_funding_rate_history" => {
            let query = HistoryQuery { instrument: Some(swap()), ..HistoryQuery::default() };
            many(Okx.funding_history(&query), reply)
        }
        "get_instruments_option" => many(Okx.instruments(Product::Option), reply),
        "get_instruments_spot" => many(Okx.instruments(Product::Spot), reply),
        "get_instruments_swap" => many(Okx.instruments(Product::Inverse), reply),
        "get_mark_price" => one(Okx.mark_price(&swap(), &scope), reply),
        "get_order_book" => one(Okx.order_book(&swap(), None, &scope), reply),
        "get_orders_algo_history" => many(Okx.orders(&ended(OrderClass::Trigger)), reply),
        "get_orders_history" => many(Okx.orders(&ended(OrderClass::Plain)), reply),
        "get_position_tiers" => {
            let query = MarketsQuery { instruments: vec![swap()], ..MarketsQuery::default() };
            many(Okx.leverage_tiers(&query), reply)
        }
        "get_trade_fee_response" => one(Okx.fee_rate(&swap(), &scope), reply),
        "get_trades" => many(Okx.trades(&swap(), &Range::default(), &scope), reply),
        "set_position_mode_response" => one(Okx.set_position_mode(true, None, &scope), reply),
        "transaction_detail" => many(Okx.own_trades(&HistoryQuery::default()), reply),
        _ => return None,
    })
}

/// Bodies that are not read, each with its reason.
const NOT_READ: [(&str, &str); 5] = [
    ("nautilus__common_optional_string_to_u64.json", "numbers in three forms, of no endpoint"),
    ("nautilus__http_get_index_price.json", "the price of an index is not asked for by itself"),
    ("nautilus__http_get_option_summary.json", "options are not traded"),
    ("nautilus__http_get_spread_orders.json", "spreads are not traded"),
    ("nautilus__http_get_spread_trades.json", "spreads are not traded"),
];
/// A single row, without the envelope that was around it.
const BARE: [&str; 4] = [
    "nautilus__http_balance_detail_new_fields.json",
    "nautilus__http_balance_detail_old_fields.json",
    "nautilus__http_place_order_response.json",
    "nautilus__http_transaction_detail.json",
];

/// The body as the venue would send it.
fn enveloped(file: &str, text: &str) -> String {
    match file {
        _ if !BARE.contains(&file) => text.to_owned(),
        // Its time is no time in milliseconds, which is a stand-in of the sample's.
        _ if file.contains("balance_detail") => {
            let row = text.replace(r#""1234567890""#, r#""1700000000000""#);
            format!(r#"{{"code":"0","msg":"","data":[{{"uTime":"1700000000000","details":[{row}]}}]}}"#)
        }
        _ => format!(r#"{{"code":"0","msg":"","data":[{text}]}}"#),
    }
}

#[test]
fn every_body_is_read_or_listed_with_its_reason() {
    let Some(folder) = folder("") else { return };
    let (mut read, mut listed) = (0, 0);
    for path in files(&folder.join("rest/okx")).iter().filter(|path| name(path).ends_with(".json")) {
        let file = name(path);
        let reply = Reply::new(200, enveloped(&file, &text(path)));
        match answer(&file, &reply) {
            Some(Err(ReadFault::Api(error))) if file.contains("rejected") => assert_eq!(error.code, "51000"),
            Some(Ok(rows)) => {
                assert!(rows > 0, "{file}: nothing was read");
                read += 1;
            }
            Some(Err(fault)) => panic!("{file}: {fault}"),
            None => {
                assert!(NOT_READ.iter().any(|(known, _)| *known == file), "{file} is neither read nor listed");
                listed += 1;
            }
        }
    }
    println!("{read} bodies read, {listed} listed");
    assert_eq!(listed, NOT_READ.len());
}

#[test]
fn a_broken_body_is_a_fault_and_never_an_answer() {
    let Some(folder) = folder("") else { return };
    let mut tried = 0;
    for path in files(&folder.join("rest/okx")).iter().filter(|path| name(path).ends_with(".json")) {
        let file = name(path);
        let whole: Value = serde_json::from_str(&enveloped(&file, &text(path))).unwrap();
        let whole = whole.to_string();
        if answer(&file, &Reply::new(200, whole.as_str())).is_none() {
            continue;
        }
        let cut = (0..whole.len()).step_by((whole.len() / 23).max(1)).filter(|at| whole.is_char_boundary(*at));
        let mut broken: Vec<(u16, String)> = cut.map(|at| (200, whole[..at].to_owned())).collect();
        broken.push((
            200,
            whole.replace(r#""code":"0""#, r#""code":"50004""#).replace(r#""sCode":"0""#, r#""sCode":"50004""#),
        ));
        broken.push((502, "<html>Bad Gateway</html>".to_owned()));
        broken.push((403, "<html>Forbidden</html>".to_owned()));
        broken.push((503, String::new()));
        for (status, body) in broken {
            tried += 1;
            let read = answer(&file, &Reply::new(status, body.as_str()));
            let fault = read.unwrap_or(Ok(0)).expect_err(&format!("{file} ({status}): {body}"));
            let refused = file.contains("rejected") && body.contains("51000");
            assert!(refused || fault.meaning() == venue::protocol::Meaning::Unclear, "{file}: {fault}");
        }
    }
    println!("{tried} broken bodies refused");
    assert!(tried > 300);
}

#[test]
fn recorded_lists_of_instruments_are_read_whole() {
    let Some(folder) = folder("") else { return };
    let lists = text(&folder.join("rest/okx/cryptofeed__OKX.0.jsonl.gz"));
    let (mut all, mut rows) = (0, 0);
    for line in lists.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let body = row["raw"].as_str().unwrap();
        let parsed: Value = serde_json::from_str(body).unwrap();
        let listed = parsed["data"].as_array().unwrap();
        let reply = Reply::new(200, body);
        let read = |ask: Built<Vec<Instrument>>| ask.unwrap().read(&reply, &Markets::default()).unwrap();
        let products = [Product::Spot, Product::Linear, Product::Inverse, Product::Option];
        let instruments: Vec<Instrument> =
            products.into_iter().flat_map(|product| read(Okx.instruments(product))).collect();
        let whole = instruments.iter().filter(|i| i.tick.is_some() && i.lot.is_some() && i.min_quantity.is_some());
        assert_eq!(whole.count(), listed.len(), "each is of one product, with its filters");
        let contracts = instruments.iter().filter(|i| i.product.is_contract());
        assert!(contracts.clone().all(|i| i.contract_size.is_some() && i.settle.is_some()));
        let markets = Markets::new(instruments.iter().cloned());
        assert!(instruments.iter().all(|i| markets.get(&i.name).is_some_and(|known| known.symbol == i.symbol)));
        all += instruments.len();
        rows += 1;
    }
    println!("{all} instruments in {rows} lists");
    assert!(rows > 0 && all > 1000);
}

#[test]
fn bars_of_another_form_are_refused() {
    let query = BarQuery { interval: Interval::MINUTE, range: Range::default(), price: BarPrice::Trade };
    let read = |rows: &str| {
        let reply = Reply::new(200, format!(r#"{{"code":"0","data":[{rows}]}}"#));
        many(Okx.bars(&swap(), &query, &Scope::default()), &reply)
    };
    assert_eq!(read(r#"["1700000000000","2","3","1","2","10","0.1","2","1"]"#).unwrap(), 1);
    for bad in [
        r#"["1700000000","2","3","1","2","10","0.1","2","1"]"#,
        r#"["1700000000000","2","3","1"]"#,
        r#"["1700000000000","2","3","1","-2","10","0.1","2","1"]"#,
        r#"{"o":"2"}"#,
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}
