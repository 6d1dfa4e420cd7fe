//! Binance's REST answers: every body of an endpoint the adapter speaks is read by the question that asks for it; every
//! other body stands in a table here, with its reason.

mod questions;

use crate::support::{files, folder, name, text};
use How::{Fault, Not, Read};
use questions::{
    account, algo_orders, all_canceled, all_orders, amended, canceled, coinm_info, contract_account, funding,
    funding_history, hedged, index_bars, mark_bars, market, oco, open_interest, open_orders, own_trades, placed,
    positions, replaced, settings, spot_bars, spot_book, spot_fees, spot_info, spot_order, spot_quotes, spot_tickers,
    spot_trades, tested, time, usdm_book, usdm_fee, usdm_info, usdm_order, usdm_orders, usdm_quotes, usdm_tickers,
    usdm_trades,
};
use serde_json::Value;
use std::collections::BTreeSet;
use venue::protocol::{Markets, Meaning, Product, ReadFault, Reply};

/// What is to be done with a body: read it (by which question), or nothing (why).
enum How {
    /// Read, and so many rows come out.
    Read(fn(&Reply, &Markets) -> Result<usize, ReadFault>, usize),
    /// An error of this meaning, to whoever asked for an order.
    Fault(Meaning),
    /// Not spoken, and why.
    Not(&'static str),
}

/// Any number of rows.
const ANY: usize = usize::MAX;

const OTHER_PRICE: &str = "the desk takes prices from trades, quotes and bars";
const STATISTICS: &str = "statistics of other people's positions are no input of the desk";
const LISTS: &str = "of order lists only OCO is placed, and its orders are looked up one by one";
const RULES: &str = "execution rules and reference prices concern the venue's own checks";

fn markets() -> Markets {
    let spot = ["BTCUSDT", "ETHUSDT", "BNBBTC", "LTCBTC", "ETHBTC"].map(|symbol| market(Product::Spot, symbol));
    let linear = ["BTCUSDT", "ETHUSDT"].map(|symbol| market(Product::Linear, symbol));
    Markets::new(spot.into_iter().chain(linear))
}

const FILES: [(&str, How); 61] = [
    ("cryptofeed__BINANCE.0.jsonl.gz", Read(spot_info, 1695)),
    ("cryptofeed__BINANCE_DELIVERY.0.jsonl.gz", Read(coinm_info, 36)),
    ("cryptofeed__BINANCE_FUTURES.0.jsonl.gz", Read(usdm_info, 122)),
    ("nautilus__futures__http_json__account_info_v2.json", Read(contract_account, 1)),
    ("nautilus__futures__http_json__balance.json", Not("the account endpoint tells the same, and the margins with it")),
    ("nautilus__futures__http_json__open_algo_orders.json", Read(algo_orders, 1)),
    ("nautilus__futures__http_json__order_response.json", Read(usdm_order, 1)),
    ("nautilus__futures__http_json__position_risk.json", Read(positions, 1)),
    ("nautilus__spot__http_json__account_response.json", Read(account, 2)),
    ("nautilus__spot__http_json__account_trades_response.json", Read(own_trades, 1)),
    ("nautilus__spot__http_json__all_orders_response.json", Read(all_orders, 1)),
    ("nautilus__spot__http_json__avg_price_response.json", Not(OTHER_PRICE)),
    ("nautilus__spot__http_json__book_ticker_response.json", Read(spot_quotes, 1)),
    ("nautilus__spot__http_json__cancel_open_orders_response.json", Read(all_canceled, 4)),
    ("nautilus__spot__http_json__cancel_order_response.json", Read(canceled, 1)),
    ("nautilus__spot__http_json__depth_response.json", Read(spot_book, 1)),
    ("nautilus__spot__http_json__exchange_info_response.json", Read(spot_info, 1)),
    ("nautilus__spot__http_json__klines_response.json", Read(spot_bars, 1)),
    ("nautilus__spot__http_json__new_order_full_response.json", Read(placed, 5)),
    ("nautilus__spot__http_json__open_orders_response.json", Read(open_orders, 1)),
    ("nautilus__spot__http_json__order_response.json", Read(spot_order, 1)),
    (
        "nautilus__spot__http_json__ping_response.json",
        Not("the server's time is asked instead: it tells more for the same weight"),
    ),
    ("nautilus__spot__http_json__server_time_response.json", Read(time, 1)),
    ("nautilus__spot__http_json__ticker_24hr_response.json", Read(spot_tickers, 1)),
    ("nautilus__spot__http_json__ticker_price_response.json", Not(OTHER_PRICE)),
    ("nautilus__spot__http_json__trades_response.json", Read(spot_trades, 1)),
    ("nautilus_py__http_futures_account_orders.json", Read(usdm_orders, 1)),
    ("nautilus_py__http_futures_account_position_side_dual.json", Read(hedged, 1)),
    ("nautilus_py__http_futures_account_positions_hedge.json", Read(positions, 2)),
    ("nautilus_py__http_futures_account_positions_one_way.json", Read(positions, 0)),
    ("nautilus_py__http_futures_account_symbol_config.json", Read(settings, 2)),
    ("nautilus_py__http_futures_market_agg_trades.json", Read(usdm_trades, 1)),
    (
        "nautilus_py__http_futures_market_asset_index.json",
        Not("indices of assets as collateral are no input of the desk"),
    ),
    ("nautilus_py__http_futures_market_blvt_nav_kline.json", Not("leveraged tokens are retired")),
    ("nautilus_py__http_futures_market_book_ticker.json", Read(usdm_quotes, 1)),
    (
        "nautilus_py__http_futures_market_continuous_klines.json",
        Not("bars over changing contracts: bars of one contract are read"),
    ),
    ("nautilus_py__http_futures_market_depth.json", Read(usdm_book, 1)),
    ("nautilus_py__http_futures_market_exchange_info.json", Read(usdm_info, 3)),
    ("nautilus_py__http_futures_market_funding_rate.json", Read(funding_history, 2)),
    ("nautilus_py__http_futures_market_global_long_short_account_ratio.json", Not(STATISTICS)),
    ("nautilus_py__http_futures_market_historical_trades.json", Read(usdm_trades, 1)),
    ("nautilus_py__http_futures_market_index_info.json", Not("what an index is made of is no input of the desk")),
    ("nautilus_py__http_futures_market_index_price_klines.json", Read(index_bars, 1)),
    ("nautilus_py__http_futures_market_mark_price_klines.json", Read(mark_bars, 1)),
    ("nautilus_py__http_futures_market_open_interest.json", Read(open_interest, 1)),
    ("nautilus_py__http_futures_market_premium_index.json", Read(funding, 1)),
    ("nautilus_py__http_futures_market_taker_long_short_ratio.json", Not(STATISTICS)),
    ("nautilus_py__http_futures_market_ticker_24hr.json", Read(usdm_tickers, 1)),
    ("nautilus_py__http_futures_market_top_long_short_account_ratio.json", Not(STATISTICS)),
    ("nautilus_py__http_futures_market_top_long_short_position_ratio.json", Not(STATISTICS)),
    ("nautilus_py__http_futures_wallet_commission_rate_ethusdt.json", Read(usdm_fee, 1)),
    ("nautilus_py__http_spot_market_agg_trades.json", Read(spot_trades, 10)),
    ("nautilus_py__http_spot_market_avg_price.json", Not(OTHER_PRICE)),
    ("nautilus_py__http_spot_market_book_ticker.json", Read(spot_quotes, 1)),
    ("nautilus_py__http_spot_market_exchange_info.json", Read(spot_info, 2)),
    ("nautilus_py__http_spot_market_historical_trades.json", Read(spot_trades, 10)),
    ("nautilus_py__http_spot_market_ticker_price.json", Not(OTHER_PRICE)),
    ("nautilus_py__http_spot_market_time.json", Read(time, 1)),
    ("nautilus_py__http_spot_wallet_account.json", Read(account, 2)),
    ("nautilus_py__http_wallet_trading_fees.json", Read(spot_fees, 2)),
    ("official_docs__rest-api.json", Not("its examples have a table of their own")),
];

/// The examples of the venue's own documents, by their numbers there.
const EXAMPLES: [(u64, How); 52] = [
    (0, Fault(Meaning::Refusal)),
    (22, Read(spot_info, 1)),
    (24, Not(RULES)),
    (26, Read(spot_book, 1)),
    (28, Read(spot_trades, 1)),
    (30, Read(spot_trades, 1)),
    (32, Read(spot_trades, 1)),
    (34, Read(spot_trades, 1)),
    (36, Read(spot_bars, 1)),
    (38, Not("bars bent for charts are no bars")),
    (40, Not(OTHER_PRICE)),
    (43, Read(spot_tickers, 1)),
    (44, Read(spot_tickers, 1)),
    (47, Read(spot_tickers, 1)),
    (49, Read(spot_tickers, 1)),
    (53, Not(OTHER_PRICE)),
    (55, Read(spot_quotes, 1)),
    (59, Read(spot_tickers, 2)),
    (61, Read(spot_tickers, 2)),
    (63, Not(RULES)),
    (64, Not(RULES)),
    (67, Fault(Meaning::Refusal)),
    (73, Read(placed, 5)),
    (75, Read(tested, 1)),
    (78, Read(canceled, 1)),
    (79, Fault(Meaning::Refusal)),
    (80, Fault(Meaning::Refusal)),
    (82, Read(all_canceled, 4)),
    (84, Read(replaced, 1)),
    (85, Fault(Meaning::Refusal)),
    (87, Fault(Meaning::Unclear)),
    (89, Fault(Meaning::RateLimit)),
    (90, Fault(Meaning::Unclear)),
    (92, Read(amended, 1)),
    (93, Read(amended, 1)),
    (95, Read(oco, 1)),
    (97, Read(oco, 1)),
    (99, Not(LISTS)),
    (101, Not(LISTS)),
    (103, Not(LISTS)),
    (109, Read(placed, 1)),
    (111, Read(tested, 1)),
    (112, Read(tested, 1)),
    (114, Read(account, 2)),
    (120, Read(all_orders, 1)),
    (124, Not(LISTS)),
    (126, Not(LISTS)),
    (
        132,
        Not(
            "the desk prevents trades with itself by the order's mode and does not read the list of what was prevented",
        ),
    ),
    (134, Not("allocations of routed orders: the order tells of them")),
    (136, Not("the wallet's endpoint tells the rates of all markets at once")),
    (138, Not("the order itself tells what it has become")),
    (140, Not("filters of all markets come with the list of markets")),
];

/// Bodies that came later, by parts of their names; the first row all of whose parts are there counts.
const LATER_FILES: [(&[&str], How); 46] = [
    (&["DELIVERY"], Read(coinm_info, ANY)),
    (&["FUTURES"], Read(usdm_info, ANY)),
    (&["cryptofeed__BINANCE"], Read(spot_info, ANY)),
    (&["futures", "exchange_info"], Read(usdm_info, ANY)),
    (&["exchange_info"], Read(spot_info, ANY)),
    (&["ratio"], Not(STATISTICS)),
    (&["avg_price"], Not(OTHER_PRICE)),
    (&["ticker_price"], Not(OTHER_PRICE)),
    (&["ping"], Not("the server's time is asked instead: it tells more for the same weight")),
    (&["blvt"], Not("leveraged tokens are retired")),
    (&["continuous"], Not("bars over changing contracts: bars of one contract are read")),
    (&["listen_key"], Not("keys of streams are read by the streams")),
    (&["asset_index"], Not("indices of assets as collateral are no input of the desk")),
    (&["index_info"], Not("what an index is made of is no input of the desk")),
    (&["server_time"], Read(time, ANY)),
    (&["market_time"], Read(time, ANY)),
    (&["futures", "depth"], Read(usdm_book, ANY)),
    (&["depth"], Read(spot_book, ANY)),
    (&["account_trades"], Read(own_trades, ANY)),
    (&["futures", "agg_trades"], Read(usdm_trades, ANY)),
    (&["futures", "market", "trades"], Read(usdm_trades, ANY)),
    (&["trades"], Read(spot_trades, ANY)),
    (&["mark_price_klines"], Read(mark_bars, ANY)),
    (&["index_price_klines"], Read(index_bars, ANY)),
    (&["klines"], Read(spot_bars, ANY)),
    (&["futures", "book_ticker"], Read(usdm_quotes, ANY)),
    (&["book_ticker"], Read(spot_quotes, ANY)),
    (&["futures", "ticker"], Read(usdm_tickers, ANY)),
    (&["ticker"], Read(spot_tickers, ANY)),
    (&["funding_rate"], Read(funding_history, ANY)),
    (&["premium_index"], Read(funding, ANY)),
    (&["open_interest"], Read(open_interest, ANY)),
    (&["position_side"], Read(hedged, ANY)),
    (&["symbol_config"], Read(settings, ANY)),
    (&["position"], Read(positions, ANY)),
    (&["algo"], Read(algo_orders, ANY)),
    (&["futures", "account_info"], Read(contract_account, ANY)),
    (&["futures", "order"], Read(usdm_orders, ANY)),
    (&["cancel_open"], Read(all_canceled, ANY)),
    (&["cancel_order"], Read(canceled, ANY)),
    (&["new_order"], Read(placed, ANY)),
    (&["trading_fees"], Read(spot_fees, ANY)),
    (&["commission_rate"], Read(usdm_fee, ANY)),
    (&["balance"], Not("the account endpoint tells the same, and the margins with it")),
    (&["order"], Read(open_orders, ANY)),
    (&["account"], Read(account, ANY)),
];

/// Examples of the documents that came later, by how their sections begin.
const LATER_EXAMPLES: [(&str, How); 29] = [
    ("Test connectivity", Not("the server's time is asked instead: it tells more for the same weight")),
    ("Check server time", Read(time, ANY)),
    ("Exchange information", Read(spot_info, ANY)),
    ("Query Execution Rules", Not(RULES)),
    ("Query Reference Price", Not(RULES)),
    ("Order book", Read(spot_book, ANY)),
    ("Recent trades", Read(spot_trades, ANY)),
    ("Old trade", Read(spot_trades, ANY)),
    ("Historical Block", Read(spot_trades, ANY)),
    ("Compressed", Read(spot_trades, ANY)),
    ("Kline", Read(spot_bars, ANY)),
    ("24hr", Read(spot_tickers, ANY)),
    ("Trading Day", Read(spot_tickers, ANY)),
    ("Rolling window", Read(spot_tickers, ANY)),
    ("Symbol order book", Read(spot_quotes, ANY)),
    ("Symbol price", Not(OTHER_PRICE)),
    ("New order (", Read(placed, ANY)),
    ("New order using", Read(placed, ANY)),
    ("Test new order", Read(tested, ANY)),
    ("Query order (", Read(spot_order, ANY)),
    ("Cancel order (", Read(canceled, ANY)),
    ("Cancel All", Read(all_canceled, ANY)),
    ("Cancel an Existing", Read(replaced, ANY)),
    ("Order Amend", Read(amended, ANY)),
    ("Current open orders", Read(open_orders, ANY)),
    ("All orders", Read(all_orders, ANY)),
    ("Account information", Read(account, ANY)),
    ("Account trade list", Read(own_trades, ANY)),
    ("", Not("order lists but OCO, counts of orders, prevented matches and filters are not spoken")),
];

fn later_file(name: &str) -> Option<&'static How> {
    LATER_FILES.iter().find(|(parts, _)| parts.iter().all(|part| name.contains(part))).map(|(_, how)| how)
}

fn holds(what: &str, how: &How, status: u16, body: &str) -> Option<String> {
    let (reply, markets) = (Reply::new(status, body), markets());
    match how {
        Read(read, rows) => match read(&reply, &markets) {
            Ok(found) if found == *rows || *rows == ANY => None,
            Ok(found) => Some(format!("{what}: {found} rows, not {rows}")),
            Err(fault) => Some(format!("{what}: {fault}")),
        },
        Fault(meaning) => match spot_order(&reply, &markets) {
            Err(fault) if fault.meaning() == *meaning => None,
            other => Some(format!("{what}: {other:?}, not {meaning:?}")),
        },
        Not(why) => why.is_empty().then(|| format!("{what}: no reason")),
    }
}

#[test]
fn every_body_is_read_or_has_a_reason_not_to_be() {
    let Some(folder) = folder("rest") else { return };
    let (mut faults, mut seen, mut read) = (Vec::new(), BTreeSet::new(), 0);
    for venue in ["binance", "binance_usdm", "binance_coinm"] {
        for path in files(&folder.join(venue)) {
            let name = name(&path);
            let listed = FILES.iter().find(|(known, _)| *known == name);
            let Some(how) = listed.map(|(_, how)| how).or_else(|| later_file(&name)) else {
                faults.push(format!("{name} stands in no table"));
                continue;
            };
            seen.extend(listed.map(|(known, _)| *known));
            read += usize::from(!matches!(how, Not(_)));
            let text = text(&path);
            if name.ends_with(".jsonl.gz") {
                for line in text.lines() {
                    let row: Value = serde_json::from_str(line).unwrap();
                    faults.extend(holds(&name, how, 200, row["raw"].as_str().unwrap()));
                }
            } else {
                faults.extend(holds(&name, how, 200, &text));
            }
        }
    }
    for (name, _) in FILES.iter().filter(|(name, _)| !seen.contains(name)) {
        println!("not in this test data: {name}");
    }
    println!("{read} bodies read");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_documented_example_is_read_or_has_a_reason_not_to_be() {
    let Some(folder) = folder("rest") else { return };
    let text = text(&folder.join("binance/official_docs__rest-api.json"));
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut faults = Vec::new();
    for row in &rows {
        let (index, section) = (row["index"].as_u64().unwrap(), row["section"].as_str().unwrap());
        let what = format!("{index} {section}");
        let body = row["message"].to_string();
        // An error comes with a status of one.
        let status = if row["message"].get("code").is_some() { 400 } else { 200 };
        match EXAMPLES.iter().find(|(known, _)| *known == index) {
            Some((_, how)) => faults.extend(holds(&what, how, status, &body)),
            None if status == 400 => {
                let fault = spot_order(&Reply::new(400, body), &markets());
                faults.extend(fault.is_ok().then(|| format!("{what}: an error is taken for an answer")));
            }
            None => {
                let later = LATER_EXAMPLES.iter().find(|(begin, _)| section.starts_with(begin));
                faults.extend(later.and_then(|(_, how)| holds(&what, how, 200, &body)));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_page_and_no_scrap_is_taken_for_an_answer() {
    let reads = FILES.iter().map(|(_, how)| how).chain(EXAMPLES.iter().map(|(_, how)| how));
    for how in reads {
        let Read(read, _) = how else { continue };
        for (status, body) in [
            (502, "<html><body>Bad Gateway</body></html>"),
            (403, "<html>WAF</html>"),
            (200, "<html></html>"),
            (200, ""),
            (200, "[[[["),
            (200, "\"x\""),
            (400, r#"{"code":-1000,"msg":"?"}"#),
            (200, r#"{"code":-1000,"msg":"?"}"#),
            (503, "{}"),
        ] {
            let reply = Reply::new(status, body);
            let fault = read(&reply, &markets()).expect_err(body);
            assert_eq!(fault.meaning(), Meaning::Unclear, "status {status}, {body}");
        }
    }
}

#[test]
fn a_body_that_breaks_off_is_never_taken_for_an_answer() {
    let Some(folder) = folder("rest") else { return };
    for (name, how) in &FILES {
        let path = folder.join("binance").join(name);
        let Read(read, _) = how else { continue };
        if name.ends_with(".gz") || !path.is_file() {
            continue;
        }
        let text = text(&path);
        let body = text.trim_end();
        for part in 1..40 {
            let cut = body.len() * part / 40;
            let piece: String = body.chars().take(cut).collect();
            if piece.len() < body.len() {
                assert!(read(&Reply::new(200, piece), &markets()).is_err(), "{name}, {cut} bytes of {}", body.len());
            }
        }
    }
}
