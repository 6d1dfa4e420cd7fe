use super::*;
use crate::protocol::call::{AccountSystem, OrderKind};
use crate::protocol::model::Side;
use crate::protocol::{
    BarQuery, Built, HistoryQuery, Instrument, Markets, MarketsQuery, Meaning, NewOrder, OrderRef, OrdersQuery, Range,
    ReadFault, Reply, Scope,
};
use desk::time::Interval;

/// Reads a reply and forgets the answer.
type Reading = Box<dyn Fn(&Reply) -> Result<(), ReadFault>>;

fn reading<T: 'static>(built: Built<T>) -> Reading {
    let ask = built.unwrap();
    Box::new(move |reply| ask.read(reply, &Markets::default()).map(|_| ()))
}

/// Every question whose answer is more than "done", in each account system.
fn questions() -> Vec<Reading> {
    let spot = Instrument::named(Product::Spot, "BTC-USDT", "BTC", "USDT", None);
    let linear = Instrument::named(Product::Linear, "XBTUSDTM", "BTC", "USDT", Some("USDT"));
    let mut all: Vec<Reading> = vec![
        reading(KuCoin.server_time()),
        reading(KuCoin.health()),
        reading(KuCoin.instruments(Product::Spot)),
        reading(KuCoin.instruments(Product::Linear)),
        reading(KuCoin.currencies()),
        reading(KuCoin.key_permissions()),
        reading(KuCoin.fee_rates(&Scope::default())),
    ];
    for account in [AccountSystem::Classic, AccountSystem::HighFrequency, AccountSystem::Unified] {
        let scope = Scope { account, ..Scope::default() };
        for market in [&spot, &linear] {
            let asked = MarketsQuery { instruments: vec![market.clone()], scope: scope.clone() };
            let past = HistoryQuery { instrument: Some(market.clone()), scope: scope.clone(), ..Default::default() };
            let open = OrdersQuery { instrument: Some(market.clone()), scope: scope.clone(), ..Default::default() };
            let known = OrderRef {
                id: Some("7".into()),
                instrument: Some(market.clone()),
                scope: scope.clone(),
                ..Default::default()
            };
            let bars = BarQuery { interval: Interval::MINUTE, range: Range::default(), price: Default::default() };
            let order = NewOrder {
                quantity: Some(rust_decimal::Decimal::ONE),
                account,
                ..NewOrder::plain(market, Side::Buy, OrderKind::Market)
            };
            all.extend([
                reading(KuCoin.ticker(market, &scope)),
                reading(KuCoin.tickers(&asked)),
                reading(KuCoin.best_quotes(&asked)),
                reading(KuCoin.order_book(market, None, &scope)),
                reading(KuCoin.bars(market, &bars, &scope)),
                reading(KuCoin.trades(market, &Range::default(), &scope)),
                reading(KuCoin.balances(&Scope { product: Some(market.product), ..scope.clone() })),
                reading(KuCoin.place(&order)),
                reading(KuCoin.place_many(std::slice::from_ref(&order))),
                reading(KuCoin.cancel(&known)),
                reading(KuCoin.order(&known)),
                reading(KuCoin.orders(&open)),
                reading(KuCoin.own_trades(&past)),
                reading(KuCoin.fee_rate(market, &scope)),
                reading(KuCoin.movements(&past)),
            ]);
        }
        let past = HistoryQuery { instrument: Some(linear.clone()), scope: scope.clone(), ..Default::default() };
        all.extend([
            reading(KuCoin.funding(&linear, &scope)),
            reading(KuCoin.funding_history(&past)),
            reading(KuCoin.funding_payments(&past)),
            reading(KuCoin.open_interest(&linear, &scope)),
            reading(KuCoin.market_leverage_tiers(&linear, &scope)),
            reading(KuCoin.leverage(&linear, &scope)),
            reading(KuCoin.margin_mode(&linear, &scope)),
            reading(KuCoin.position(&linear, &scope)),
            reading(KuCoin.positions_history(&past)),
        ]);
    }
    all
}

#[test]
fn no_error_page_and_no_garbage_is_taken_for_an_answer() {
    let html = "<html><body>Bad Gateway</body></html>";
    let garbage = [
        (502, html),
        (403, html),
        (200, html),
        (200, ""),
        (200, "{"),
        (200, "null"),
        (200, "[]"),
        (200, "{}"),
        (200, r#"{"code":"200000","data":"#),
        (200, r#"{"code":"200000","data":{"items":[{"id":{}}]}}"#),
        (200, r#"{"code":"200000","data":"x"}"#),
        (200, r#"{"code":"200000","data":[1,"x",null]}"#),
        (200, r#"{"code":"500000","msg":"Internal Server Error"}"#),
        (500, r#"{"code":"200000","data":[]}"#),
    ];
    for (at, read) in questions().iter().enumerate() {
        for (status, body) in garbage {
            assert!(read(&Reply::new(status, body)).is_err(), "question {at} believes {status} {body}");
        }
        let busy = Reply::new(429, r#"{"code":"429000","msg":"Too many requests"}"#);
        assert_eq!(read(&busy).unwrap_err().meaning(), Meaning::RateLimit);
        assert_eq!(read(&Reply::new(502, html)).unwrap_err().meaning(), Meaning::Unclear);
    }
}
