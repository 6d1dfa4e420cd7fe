//! All trades of a stretch of time, out of lists that venues cut off: where a list begins at an instant, where it has the
//! latest of a stretch, where it is of all markets together.

use desk::fake::sample;
use desk::id::{Symbol, VenueId};
use desk::port::{Clock, ListTrades as _};
use desk::time::Timestamp;
use serde_json::{Value, json};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use venue::live::transport::SendFault;
use venue::live::{Access, Alone, Exchange, LiveSpot, Transport};
use venue::protocol::{Credentials, Instrument, Markets, Product, Reply, Request, Scope};
use venue::registry::adapter;

const HOUR_MS: i64 = 3_600_000;
const NOW_MS: i64 = 1_700_000_000_000;

/// A venue with trades at these instants, every third of them in another market at venues that list all together.
#[derive(Clone)]
struct Lists {
    venue: &'static str,
    at: Vec<i64>,
    asked: Arc<AtomicUsize>,
}

/// The time of the runtime, in which waiting takes none of ours.
struct Paused(tokio::time::Instant);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(NOW_MS + i64::try_from(self.0.elapsed().as_millis()).unwrap())
    }
}

/// A parameter of a request, wherever it stands.
fn parameter(request: &Request, name: &str) -> Option<i64> {
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').chain(request.body.split('&'));
    let (_, value) = pairs.filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name)?;
    Some(value.split('.').next().unwrap().parse().unwrap())
}

impl Lists {
    /// The latest `most` within the stretch asked for.
    fn latest(&self, from: i64, until: i64, most: usize) -> Vec<(usize, i64)> {
        let inside = self.at.iter().copied().enumerate().filter(|(_, at)| (from..=until).contains(at));
        let mut inside: Vec<(usize, i64)> = inside.collect();
        inside.reverse();
        inside.truncate(most);
        inside
    }

    fn binance(&self, request: &Request) -> Value {
        if request.target.starts_with("/api/v3/order") {
            return json!({"symbol": "BTCUSDT", "orderId": 9, "clientOrderId": "by-hand", "price": "1", "origQty": "1",
                "executedQty": "1", "cummulativeQuoteQty": "1", "status": "FILLED", "timeInForce": "GTC", "type": "LIMIT",
                "side": "BUY", "time": NOW_MS, "updateTime": NOW_MS});
        }
        let most = usize::try_from(parameter(request, "limit").unwrap()).unwrap();
        assert!(most <= 1000);
        let rows: Vec<(usize, i64)> = match parameter(request, "startTime") {
            Some(from) => self.at.iter().copied().enumerate().filter(|(_, at)| *at >= from).take(most).collect(),
            None => self.latest(0, NOW_MS, most),
        };
        rows.into_iter().map(|(id, at)| json!({"symbol": "BTCUSDT", "id": id, "orderId": 9, "price": "1", "qty": "1",
            "quoteQty": "1", "commission": "0", "commissionAsset": "USDT", "time": at, "isBuyer": true, "isMaker": false})).collect()
    }

    fn okx(&self, request: &Request) -> Value {
        let most = usize::try_from(parameter(request, "limit").unwrap()).unwrap();
        assert!(most <= 100, "the venue refuses more");
        let (from, until) = (parameter(request, "begin").unwrap_or(0), parameter(request, "end").unwrap_or(NOW_MS));
        let row = |(id, at): (usize, i64)| {
            json!({"instType": "SPOT", "instId": "BTC-USDT", "tradeId": id.to_string(),
            "ordId": "9", "clOrdId": "byhand", "billId": "1", "fillPx": "1", "fillSz": "1", "side": "buy", "posSide": "net",
            "execType": "T", "feeCcy": "USDT", "fee": "0", "ts": at.to_string()})
        };
        let rows: Vec<Value> = self.latest(from, until, most).into_iter().map(row).collect();
        json!({"code": "0", "msg": "", "data": rows})
    }

    fn kraken(&self, request: &Request) -> Value {
        if request.target.ends_with("QueryOrders") {
            return json!({"error": [], "result": {"O": {"status": "closed", "opentm": 1_700_000_000, "vol": "1", "vol_exec": "1", "cost": "1",
                "fee": "0", "price": "1", "descr": {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "1"}}}});
        }
        assert!(request.body.contains("consolidate_taker=false"), "trades of one taker would be told as one");
        let from = parameter(request, "start").map_or(0, |from| from * 1000);
        let until = parameter(request, "end").map_or(NOW_MS, |until| until * 1000 + 999);
        let row = |(id, at): (usize, i64)| {
            let pair = if self.is_foreign(id) { "XETHZUSD" } else { "XXBTZUSD" };
            let seconds = format!("{}.{:03}", at / 1000, at % 1000).parse::<f64>().unwrap();
            (
                id.to_string(),
                json!({"ordertxid": "O", "pair": pair, "time": seconds, "type": "buy", "ordertype": "limit",
                "price": "1", "cost": "1", "fee": "0", "vol": "1", "margin": "0", "misc": "", "maker": false}),
            )
        };
        let rows: serde_json::Map<String, Value> = self.latest(from, until, 50).into_iter().map(row).collect();
        json!({"error": [], "result": {"count": rows.len(), "trades": rows}})
    }

    fn is_foreign(&self, id: usize) -> bool {
        self.venue == "kraken" && id.is_multiple_of(3)
    }
}

impl Transport for Lists {
    async fn send(&self, _: &str, request: &Request, _: Duration) -> Result<Reply, SendFault> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let body = match self.venue {
            "binance" => self.binance(request),
            "okx" => self.okx(request),
            _ => self.kraken(request),
        };
        Ok(Reply::new(200, body.to_string()))
    }
}

fn markets(venue: &str) -> Markets {
    let (symbol, quote) = match venue {
        "okx" => ("BTC-USDT", "USDT"),
        "kraken" => ("XXBTZUSD", "USD"),
        _ => ("BTCUSDT", "USDT"),
    };
    let other = Instrument::named(Product::Spot, "XETHZUSD", "ETH", "USD", None);
    Markets::new([Instrument::named(Product::Spot, symbol, "BTC", quote, None), other])
}

/// What is told of a stretch, and what should have been; and how often the venue was asked.
async fn told(
    venue: &'static str,
    at: Vec<i64>,
    stretch: Range<i64>,
) -> (Result<Vec<usize>, String>, Vec<usize>, usize) {
    let lists = Lists { venue, at, asked: Arc::default() };
    let (key, secret, word) = ("a-key".to_owned(), "YS1zZWNyZXQ=".to_owned(), Some("a-word".to_owned()));
    let access = Access { credentials: Some(Credentials::new(venue, key, secret, word).unwrap()), ..Access::default() };
    let protocol = adapter(venue).unwrap().protocol;
    let clock = Paused(tokio::time::Instant::now());
    let exchange = Exchange::new(protocol, access, Alone::default(), clock, lists.clone(), 1, |_, _, _| {});
    exchange.set_markets(markets(venue));
    let name = if venue == "kraken" { "BTC/USD" } else { "BTC/USDT" };
    let symbol = Symbol::new(exchange.markets().get(name).unwrap().symbol.clone()).unwrap();
    let spot = LiveSpot::new(VenueId::new(venue).unwrap(), Arc::new(exchange), Scope::default());
    let wanted = Timestamp::from_ms(stretch.start)..Timestamp::from_ms(stretch.end);
    let fills = spot.trades(&sample::account(), &symbol, wanted).await;
    let ids = fills.map(|fills| fills.iter().map(|fill| fill.trade.as_str().parse().unwrap()).collect());
    let there = lists.at.iter().enumerate().filter(|(id, at)| stretch.contains(at) && !lists.is_foreign(*id));
    (ids.map_err(|e| e.to_string()), there.map(|(id, _)| id).collect(), lists.asked.load(Ordering::Relaxed))
}

/// Where lists differ, and how many trades one has at most.
const VENUES: [(&str, i64); 3] = [("binance", 1_000), ("okx", 100), ("kraken", 50)];

#[tokio::test(start_paused = true)]
async fn all_trades_of_a_stretch_are_told_however_few_come_at_once() {
    for (venue, most) in VENUES {
        // A busy hour with more than two lists of trades, and a few long before.
        let busy = (0..most * 5 / 2).map(|turn| NOW_MS - HOUR_MS + turn * (HOUR_MS / (most * 3)));
        let at: Vec<i64> = (0..40).map(|turn| NOW_MS - 3_000 * HOUR_MS + turn * 70 * HOUR_MS).chain(busy).collect();
        for stretch in
            [NOW_MS - 4_000 * HOUR_MS..NOW_MS, NOW_MS - HOUR_MS / 2..NOW_MS, NOW_MS - 2_900 * HOUR_MS..NOW_MS - HOUR_MS]
        {
            let (told, there, asked) = told(venue, at.clone(), stretch.clone()).await;
            assert_eq!(told.as_ref().map(Vec::len), Ok(there.len()), "{venue} {stretch:?}");
            assert!(told == Ok(there), "{venue} {stretch:?}: others than there are");
            assert!(asked < 50, "{venue} was asked {asked} times");
        }
    }
}

/// Not Kraken: so many questions in a row are more than its budget has.
#[tokio::test(start_paused = true)]
async fn what_can_not_be_told_whole_is_not_told() {
    for venue in ["binance", "okx"] {
        let (told, _, _) = told(venue, vec![NOW_MS - 60_000; 2_000], NOW_MS - HOUR_MS..NOW_MS).await;
        assert!(told.as_ref().is_err_and(|why| why.contains("at one instant")), "{venue}: {told:?}");
    }
}
