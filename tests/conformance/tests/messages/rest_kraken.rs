//! Every sample answer of Kraken's REST services, spot and futures, is read, and every published signature made.

use crate::support::{folder, recorded};
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use venue::kraken::{Kraken, KrakenFutures};
use venue::protocol::call::{BarPrice, BarQuery, OrderFilter, OrderKind};
use venue::protocol::model::{Liquidity, OrderState, Side};
use venue::protocol::{
    Ask, Auth, Body, Credentials, EndpointClass, HistoryQuery, Instrument, Markets, MarketsQuery, Moment, NewOrder,
    OrderRef, OrdersQuery, Params, Product, Protocol, Range, Reply, Scope, Unsigned,
};

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn spot(symbol: &str, wsname: &str, base: &str, quote: &str) -> Instrument {
    let mut instrument = Instrument::named(Product::Spot, symbol, base, quote, None);
    instrument.aliases = vec![wsname.to_owned()];
    instrument.tick = Some(d("0.1"));
    instrument.lot = Some(d("0.00000001"));
    instrument
}

fn markets() -> Markets {
    let inverse = |symbol, base| Instrument::named(Product::Inverse, symbol, base, "USD", Some(base));
    Markets::new([
        spot("XBTUSDT", "XBT/USDT", "BTC", "USDT"),
        spot("ETHUSDT", "ETH/USDT", "ETH", "USDT"),
        spot("XXBTZUSD", "XBT/USD", "BTC", "USD"),
        inverse("PI_XBTUSD", "BTC"),
        inverse("PI_ETHUSD", "ETH"),
        Instrument::named(Product::Linear, "PF_XBTUSD", "BTC", "USD", Some("USD")),
        Instrument::named(Product::Linear, "PF_ETHUSD", "ETH", "USD", Some("USD")),
    ])
}

/// The sample answers, and which of them have been read.
struct Samples {
    folder: PathBuf,
    markets: Markets,
    read: BTreeSet<String>,
}

impl Samples {
    fn reply(&mut self, file: &str) -> Reply {
        self.read.insert(file.to_owned());
        Reply::new(200, std::fs::read(self.folder.join(file)).unwrap())
    }

    fn read<T>(&mut self, file: &str, ask: Ask<T>) -> T {
        let reply = self.reply(file);
        ask.read(&reply, &self.markets).unwrap_or_else(|fault| panic!("{file}: {fault}"))
    }

    fn market(&self, name: &str) -> Instrument {
        self.markets.get(name).unwrap().clone()
    }

    /// The bodies of a recorded session's answers.
    fn recorded(&mut self, file: &str) -> Vec<Reply> {
        self.read.insert(file.to_owned());
        let answers = recorded(&self.folder.join(file), "http_response");
        answers.into_iter().map(|body| Reply::new(200, body)).collect()
    }

    fn all_are_read(&self) {
        let files = std::fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().file_name());
        let unread: Vec<_> = files.filter(|name| !self.read.contains(name.to_str().unwrap())).collect();
        assert!(unread.is_empty(), "nobody reads {unread:?}");
    }
}

fn all() -> Scope {
    Scope::default()
}

fn limit(market: &Instrument) -> NewOrder {
    let mut order = NewOrder::plain(market, Side::Buy, OrderKind::Limit);
    order.quantity = Some(d("0.01"));
    order.price = Some(d("50000"));
    order
}

fn by_id(id: &str) -> OrderRef {
    OrderRef { id: Some(id.to_owned()), ..OrderRef::default() }
}

fn filtered(filter: OrderFilter) -> OrdersQuery {
    OrdersQuery { filter, ..OrdersQuery::default() }
}

fn minutes(price: BarPrice) -> BarQuery {
    BarQuery { interval: "1m".parse().unwrap(), range: Range::default(), price }
}

#[test]
fn every_sample_answer_is_read() {
    let Some(folder) = folder("rest/kraken") else { return };
    let mut samples = Samples { folder, markets: markets(), read: BTreeSet::new() };
    spot_market_data(&mut samples);
    spot_account(&mut samples);
    futures(&mut samples);
    samples.all_are_read();
}

fn spot_market_data(s: &mut Samples) {
    let (venue, btc) = (Kraken, s.market("BTC/USDT"));
    let time = s.read("nautilus__http_server_time.json", venue.server_time().unwrap());
    assert_eq!(time.ms(), 1_762_820_224_000);
    assert!(s.read("nautilus__http_system_status.json", venue.health().unwrap()).trading);
    let pairs = s.read("nautilus__http_asset_pairs.json", venue.instruments(Product::Spot).unwrap());
    let pair = pairs.iter().find(|pair| pair.symbol == "XBTUSDT").unwrap();
    assert_eq!((pair.name.as_str(), pair.aliases.as_slice()), ("BTC/USDT", ["XBT/USDT".to_owned()].as_slice()));
    assert_eq!((pair.tick, pair.lot, pair.max_leverage), (Some(d("0.1")), Some(d("0.00000001")), Some(d("10"))));
    for reply in s.recorded("cryptofeed__KRAKEN.0.jsonl.gz") {
        let pairs = venue.instruments(Product::Spot).unwrap().read(&reply, &s.markets).unwrap();
        assert!(pairs.len() > 100, "{}", pairs.len());
        assert!(
            pairs.iter().all(|pair| !pair.name.contains("XBT") && !pair.name.contains("XDG") && pair.tick.is_some())
        );
        assert!(pairs.iter().any(|pair| pair.base == "BTC") && pairs.iter().any(|pair| pair.quote == "USD"));
    }
    let ticker = s.read("nautilus__http_ticker.json", venue.ticker(&btc, &all()).unwrap());
    assert_eq!((ticker.bid, ticker.ask, ticker.last), (Some(d("105944.2")), Some(d("105944.3")), Some(d("105899.4"))));
    assert_eq!(ticker.base_volume, Some(d("163.28908096")), "the last 24 hours, not today");
    let book = s.read("nautilus__http_order_book.json", venue.order_book(&btc, None, &all()).unwrap());
    assert_eq!((book.bids.len(), book.asks.len()), (5, 5));
    assert!(book.bids[0].price < book.asks[0].price && book.bids[0].price > book.bids[1].price);
    let bars = s.read("nautilus__http_ohlc.json", venue.bars(&btc, &minutes(BarPrice::Trade), &all()).unwrap());
    assert_eq!(bars.len(), 721, "the last one is still forming");
    assert!(bars.windows(2).all(|w| w[1].open_time.ms() - w[0].open_time.ms() == 60_000));
}

fn spot_account(s: &mut Samples) {
    let (venue, btc) = (Kraken, s.market("BTC/USDT"));
    let placed = s.read("nautilus__http_add_order_spot.json", venue.place(&limit(&s.market("BTC/USD"))).unwrap());
    assert_eq!(placed.id.as_deref(), Some("OUF4EM-FRGI2-MQMWZD"));
    assert_eq!((placed.side, placed.kind, placed.price), (Some(Side::Buy), Some(OrderKind::Limit), Some(d("50000"))));
    s.read("nautilus__http_cancel_order_spot.json", venue.cancel(&by_id("OUF4EM-FRGI2-MQMWZD")).unwrap());
    let open = s.read("nautilus__http_open_orders.json", venue.orders(&filtered(OrderFilter::Open)).unwrap());
    assert_eq!(open.iter().map(|o| o.state).collect::<Vec<_>>(), [Some(OrderState::Open); 2]);
    assert_eq!((open[1].kind, open[1].trigger_price), (Some(OrderKind::Market), Some(d("1800"))), "a stop-loss");
    let closed = s.read("nautilus__http_closed_orders.json", venue.orders(&filtered(OrderFilter::Closed)).unwrap());
    assert_eq!(closed.iter().map(|o| o.state).collect::<Vec<_>>(), [Some(OrderState::Closed); 2]);
    assert_eq!((closed[1].price, closed[1].average), (None, Some(d("1850"))), "a market order has no limit");
    let trades = s.read("nautilus__http_trades_history.json", venue.own_trades(&HistoryQuery::default()).unwrap());
    assert_eq!(
        trades.iter().map(|t| t.liquidity).collect::<Vec<_>>(),
        [Some(Liquidity::Maker), Some(Liquidity::Taker)]
    );
    assert_eq!(trades[0].market, btc.name);
    let positions =
        s.read("nautilus__http_spot_open_positions.json", venue.positions(&MarketsQuery::default()).unwrap());
    assert_eq!((positions[0].market.as_str(), positions[0].quantity), ("BTC/USD", Some(d("0.5"))));
    assert_eq!(positions[0].entry_price, Some(d("100000")));
    // Two answers the desk has no question for: plain balances (it asks for the extended ones, which tell what is bound in
    // orders), and the sums of a margin account.
    let plain = s.reply("nautilus__http_spot_balance.json");
    assert!(
        venue.balances(&all()).unwrap().read(&plain, &s.markets).is_err(),
        "balances without what is bound are none"
    );
    let sums = s.reply("nautilus__http_spot_trade_balance.json");
    assert!(venue.balances(&all()).unwrap().read(&sums, &s.markets).is_err());
}

fn futures(s: &mut Samples) {
    let (venue, btc) = (KrakenFutures, s.market("BTC/USD:BTC"));
    for (file, price) in [("trade", BarPrice::Trade), ("mark", BarPrice::Mark)] {
        let file = format!("nautilus__http_futures_candles_{file}.json");
        let bars = s.read(&file, venue.bars(&btc, &minutes(price), &all()).unwrap());
        assert_eq!(bars.len(), 3);
        assert_eq!(bars[0].open_time.ms(), 1_731_715_200_000);
    }
    let fills = s.read("nautilus__http_futures_fills.json", venue.own_trades(&HistoryQuery::default()).unwrap());
    assert_eq!(
        fills[0].fee.as_ref().map(|fee| (fee.cost, fee.currency.as_deref())),
        Some((d("0.00008957"), Some("BTC")))
    );
    assert_eq!(fills[1].client_id.as_deref(), Some("my-order-ref-456"));
    let query = HistoryQuery { instrument: Some(btc.clone()), ..HistoryQuery::default() };
    let rates = s.read("nautilus__http_futures_historical_funding_rates.json", venue.funding_history(&query).unwrap());
    assert_eq!(
        rates.iter().map(|rate| rate.rate).collect::<Vec<_>>(),
        [Some(d("0.00015")), Some(d("-0.00005")), Some(d("0.0001"))]
    );
    for file in ["nautilus__http_futures_instruments.json", "nautilus__http_futures_instrument_no_fee_schedule.json"] {
        let linear = s.read(file, venue.instruments(Product::Linear).unwrap());
        let eth = linear.iter().find(|i| i.symbol == "PF_ETHUSD").unwrap();
        assert_eq!((eth.name.as_str(), eth.lot, eth.tick), ("ETH/USD:USD", Some(d("0.001")), Some(d("0.1"))));
        assert_eq!(eth.max_leverage, Some(d("50")));
        s.read(file, venue.leverage_tiers(&MarketsQuery::default()).unwrap());
    }
    let inverse = s.read("nautilus__http_futures_instruments.json", venue.instruments(Product::Inverse).unwrap());
    assert!(inverse.iter().any(|i| i.name == "BTC/USD:BTC" && i.lot == Some(Decimal::ONE)));
    let open = s.read("nautilus__http_futures_open_orders.json", venue.orders(&filtered(OrderFilter::Open)).unwrap());
    assert_eq!(open.len(), 3);
    let part = open.iter().find(|o| o.client_id.as_deref() == Some("my-client-order-123")).unwrap();
    assert_eq!((part.quantity.map(|q| q.value()), part.filled.map(|q| q.value())), (Some(d("7000")), Some(d("2000"))));
    assert_eq!(open.iter().filter(|o| o.trigger_price.is_some()).count(), 1);
    let book = s.read("nautilus__http_futures_orderbook.json", venue.order_book(&btc, None, &all()).unwrap());
    assert_eq!((book.bids[0].price.value(), book.asks[0].price.value()), (d("105900"), d("105950")));
    let btc_usd = s.market("BTC/USD:USD");
    let trades = s.read(
        "nautilus__http_futures_public_executions.json",
        venue.trades(&btc_usd, &Range::default(), &all()).unwrap(),
    );
    assert!(trades.len() > 1 && trades.windows(2).all(|w| w[0].at <= w[1].at));
    assert_eq!(trades.last().unwrap().side, Some(Side::Sell), "the taker's side");
    let sent = s.read("nautilus__http_send_order_futures.json", venue.place(&limit(&btc_usd)).unwrap());
    assert_eq!(sent.id.as_deref(), Some("c8a35168-8d52-4609-944f-3f32bb0d5c77"));
    assert_eq!((sent.client_id.as_deref(), sent.state), (Some("test-order-001"), Some(OrderState::Open)));
    // A log in a form that neither version of the history service documents: it is refused, not guessed at.
    let events = s.reply("nautilus__http_futures_order_events.json");
    assert!(venue.orders(&filtered(OrderFilter::Closed)).unwrap().read(&events, &s.markets).is_err());
}

#[test]
fn a_recorded_list_of_contracts_is_read() {
    let Some(folder) = folder("rest/krakenfutures") else { return };
    let mut samples = Samples { folder, markets: markets(), read: BTreeSet::new() };
    for reply in samples.recorded("cryptofeed__KRAKEN_FUTURES.0.jsonl.gz") {
        let inverse = KrakenFutures.instruments(Product::Inverse).unwrap().read(&reply, &samples.markets).unwrap();
        assert!(inverse.iter().any(|i| i.name == "BTC/USD:BTC"));
        assert!(inverse.iter().any(|i| i.expiry.is_some() && i.name.contains('-')), "dated contracts have their day");
    }
    samples.all_are_read();
}

#[test]
fn every_published_signature_is_made() {
    let Some(folder) = folder("") else { return };
    let text = std::fs::read(folder.join("signatures.json")).unwrap();
    let all: Value = serde_json::from_slice(&text).unwrap();
    let mut made = 0;
    for vector in all["vectors"].as_array().unwrap() {
        let (venue, inputs) = (vector["exchange"].as_str().unwrap(), &vector["inputs"]);
        let text = |name: &str| inputs[name].as_str().unwrap_or_default().to_owned();
        let spot = match venue {
            "kraken" => true,
            // The optional nonce of futures is not sent.
            "krakenfutures" if text("nonce").is_empty() => false,
            _ => continue,
        };
        let params = text("post_data").split('&').filter_map(|pair| pair.split_once('=')).fold(
            Params::new(),
            |all, (name, value)| if spot && name == "nonce" { all } else { all.with(name.to_owned(), value) },
        );
        let body = Body::Form(params.clone());
        let mut unsigned = Unsigned::post("any", text("path"), body, EndpointClass::Account);
        if !spot {
            (unsigned.body, unsigned.query) = (Body::None, params);
        }
        assert_eq!(unsigned.auth, Auth::Signed);
        let credentials = Credentials::new("kraken", "key".into(), text("secret"), None).unwrap();
        let now = desk::time::Timestamp::from_ms(1_700_000_000_000);
        let moment = Moment { now, nonce: text("nonce").parse().unwrap_or_default(), window_ms: 5000 };
        let venue: &dyn Protocol = if spot { &Kraken } else { &KrakenFutures };
        let request = venue.sign(unsigned, Some(&credentials), moment).unwrap();
        let header = if spot { "API-Sign" } else { "Authent" };
        assert_eq!(request.header_value(header), vector["expected_signature"].as_str(), "{}", vector["name"]);
        made += 1;
    }
    assert!(made >= 4, "only {made} signatures were made");
}
