//! An order, from the desk's question to the signed request.

use crate::table::Row;
use crate::timing::cost;
use desk::time::Timestamp;
use rust_decimal::Decimal;
use std::hint::black_box;
use venue::protocol::call::{OrderKind, TimeInForce};
use venue::protocol::model::Side;
use venue::protocol::{Credentials, Instrument, Moment, NewOrder, Product};
use venue::registry::adapter;

/// How many requests are built in a batch, and how many batches are timed.
const BATCH: u64 = 50;
const BATCHES: u64 = 8_000;
/// Venues and what a symbol looks like there.
const VENUES: [(&str, &str); 4] =
    [("binance", "BTCUSDT"), ("okx", "BTC-USDT"), ("bybit", "BTCUSDT"), ("kraken", "XBTUSDT")];

/// The figures.
pub(crate) fn rows() -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (venue, _) in VENUES {
        let protocol = adapter(venue).ok_or("no such venue")?.protocol;
        let credentials = credentials(venue)?;
        let orders: Vec<NewOrder> = (0..100).map(|turn| limit_order(venue, turn)).collect::<Result<_, _>>()?;
        let mut orders = orders.iter().cycle();
        let work = |batch: u64| -> Result<(), String> {
            for (turn, order) in (0..BATCH).zip(&mut orders) {
                let nonce = batch * BATCH + turn;
                let moment = Moment { now: Timestamp::from_ms(1_700_000_000_000), nonce, window_ms: 5_000 };
                let ask = protocol.place(black_box(order)).map_err(|e| e.to_string())?;
                let request = protocol.sign(ask.request, Some(&credentials), moment).map_err(|e| e.to_string())?;
                black_box(request);
            }
            Ok(())
        };
        let row = Row::new(format!("order: build and sign, {venue}"), cost(BATCH, BATCHES, work)?);
        rows.push(row.goal(2_000));
    }
    Ok(rows)
}

/// Keys that nobody has, of the usual length.
pub(crate) fn credentials(venue: &'static str) -> Result<Credentials, String> {
    // Kraken's secrets are base64.
    let secret = match venue {
        "kraken" => "c2VjcmV0".repeat(10) + "c2VjcmV0c2VjcmU=",
        _ => "NobodyHasThisSecret0123456789".repeat(3).chars().take(64).collect(),
    };
    let passphrase = (venue == "okx").then(|| "nobody".to_owned());
    Credentials::new(venue, "NobodyHasThisKey0123456789".repeat(2), secret, passphrase).map_err(|e| e.to_string())
}

/// A limit order; its price differs with its turn.
pub(crate) fn limit_order(venue: &str, turn: u64) -> Result<NewOrder, String> {
    let symbol = VENUES.iter().find(|(known, _)| *known == venue).map_or("BTCUSDT", |(_, symbol)| *symbol);
    let mut instrument = Instrument::named(Product::Spot, symbol, "BTC", "USDT", None);
    (instrument.tick, instrument.lot) = (Some(Decimal::new(1, 2)), Some(Decimal::new(1, 5)));
    let mut order = NewOrder::plain(&instrument, Side::Buy, OrderKind::Limit);
    let cents = i64::try_from(turn % 100).map_err(|e| e.to_string())?;
    order.price = Some(Decimal::new(3_000_000 + cents, 2));
    order.quantity = Some(Decimal::new(3_333, 5));
    order.time_in_force = Some(TimeInForce::Gtc);
    order.client_id = Some("0123456789abcdef0123456789abcdef".to_owned());
    Ok(order)
}
