//! Market data of the futures exchange.

use super::errors::{read, read_plain};
use super::raw;
use crate::kraken::assets::common;
use crate::kraken::shared::{self, merged, quotient};
use crate::protocol::call::{BarPrice, Extra};
use crate::protocol::model::{Bar, Funding, Level, LeverageTier, OpenInterest, OrderBook, PublicTrade, Ticker};
use crate::protocol::wire::{self, Num, Text};
use crate::protocol::{
    Ask, BarQuery, Built, CallError, HistoryQuery, Instrument, Markets, MarketsQuery, Params, Product, Range,
    ReadFault, Reply, Scope, Unsigned,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;

pub(super) const CONTRACTS: &[Product] = &[Product::Linear, Product::Inverse];
/// The lengths of bars, and how they are called.
const BARS: [(i64, &str); 9] = [
    (60_000, "1m"),
    (300_000, "5m"),
    (900_000, "15m"),
    (1_800_000, "30m"),
    (3_600_000, "1h"),
    (14_400_000, "4h"),
    (43_200_000, "12h"),
    (86_400_000, "1d"),
    (604_800_000, "1w"),
];
/// The most bars of one answer.
const BARS_MAX: u32 = 5000;

fn get<T>(
    path: impl Into<std::borrow::Cow<'static, str>>,
    query: Params,
    extra: &Extra,
    read: impl Fn(&Reply, &Markets) -> Result<T, ReadFault> + Send + Sync + 'static,
) -> Built<T> {
    Ok(Ask::new(Unsigned::public("futures", path, merged(query, extra, &[])), read))
}

/// The instant of a text, if there is one.
pub(super) fn instant(text: &Text) -> Result<Option<Timestamp>, String> {
    text.some().map(wire::rfc3339).transpose()
}

/// The instrument the venue calls `symbol`, in whatever case.
pub(super) fn market_of<'a>(markets: &'a Markets, symbol: &str) -> Option<&'a Instrument> {
    markets
        .of_symbol(symbol, CONTRACTS)
        .or_else(|| markets.of_symbol(&symbol.to_ascii_uppercase(), CONTRACTS))
        .or_else(|| markets.of_symbol(&symbol.to_ascii_lowercase(), CONTRACTS))
}

/// Its unified name, or the venue's own in upper case.
pub(super) fn name_of(markets: &Markets, symbol: &str) -> String {
    market_of(markets, symbol).map_or_else(|| symbol.to_ascii_uppercase(), |i| i.name.clone())
}

pub(super) fn server_time() -> Built<Timestamp> {
    // Every answer is stamped; the ticker of the busiest market is a short one.
    get("/derivatives/api/v3/tickers/PF_XBTUSD", Params::new(), &Extra::default(), |reply, _| {
        let told: raw::Stamped = read(reply)?;
        wire::rfc3339(&told.server_time.0).map_err(|e| ReadFault::parse(reply, e))
    })
}

pub(super) fn instruments(product: Product) -> Built<Vec<Instrument>> {
    if !CONTRACTS.contains(&product) {
        return Err(CallError::Unsupported { venue: "krakenfutures", what: format!("{product:?}") });
    }
    get("/derivatives/api/v3/instruments", Params::new(), &Extra::default(), move |reply, _| {
        let rows: raw::Instruments = read(reply)?;
        let all = rows.instruments.iter().map(|row| instrument(row).map_err(|e| ReadFault::parse(reply, e)));
        all.filter_map(Result::transpose).filter(|i| i.as_ref().map_or(true, |i| i.product == product)).collect()
    })
}

/// A contract; `None` for an index. `PF_XBTUSD` and `FF_XBTUSD_240628` are settled in dollars, `PI_` and `FI_` in the base
/// currency, `PV_` and `FV_` in the quote currency.
pub(super) fn instrument(row: &raw::Instrument) -> Result<Option<Instrument>, String> {
    let symbol = row.symbol.0.as_str();
    let upper = symbol.to_ascii_uppercase();
    let mut parts = upper.split('_');
    let (prefix, pair) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let product = match prefix {
        "PF" | "FF" | "PV" | "FV" => Product::Linear,
        "PI" | "FI" => Product::Inverse,
        _ if row.tradeable.0 == Some(true) && !row.kind.0.contains("index") => {
            return Err(format!("{symbol:?} is of no known kind"));
        }
        _ => return Ok(None),
    };
    let split = pair.len().checked_sub(3).filter(|at| *at > 0 && pair.is_char_boundary(*at));
    let (base, quote) = split.map(|at| pair.split_at(at)).ok_or_else(|| format!("{symbol:?} names no pair"))?;
    let base = row.base.some().map_or_else(|| common(base), common);
    let quote = row.quote.some().map_or_else(|| common(quote), common);
    let settle = if product == Product::Inverse { base.clone() } else { quote.clone() };
    let mut instrument = Instrument::named(product, symbol, &base, &quote, Some(&settle));
    if let Some(at) = instant(&row.last_trading_time)? {
        instrument = instrument.expiring(at);
    }
    instrument.active = row.tradeable.0.unwrap_or_default();
    instrument.tick = row.tick_size.nonzero();
    instrument.lot = Some(lot(row)?);
    instrument.min_quantity = instrument.lot;
    instrument.max_quantity = row.max_position_size.nonzero();
    instrument.contract_size = row.contract_size.0;
    let initial = row.margin_levels.iter().flatten().map(|level| level.initial_margin.0);
    instrument.max_leverage =
        initial.filter(|margin| !margin.is_zero()).min().and_then(|margin| quotient(Decimal::ONE, margin));
    Ok(Some(instrument))
}

/// The step of quantities: a number of decimals, or of zeros when it is negative.
fn lot(row: &raw::Instrument) -> Result<Decimal, String> {
    let Some(precision) = row.contract_value_trade_precision.0 else { return Ok(Decimal::ONE) };
    let fault = || format!("{precision} is no number of decimals");
    let precision = i32::try_from(precision).map_err(|_| fault())?;
    let step = match u32::try_from(precision) {
        Ok(decimals) => Decimal::try_from_i128_with_scale(1, decimals).ok(),
        Err(_) => {
            10_i128.checked_pow(precision.unsigned_abs()).and_then(|n| Decimal::try_from_i128_with_scale(n, 0).ok())
        }
    };
    step.ok_or_else(fault)
}

pub(super) fn leverage_tiers(wanted: Vec<String>, extra: &Extra) -> Built<Vec<LeverageTier>> {
    get("/derivatives/api/v3/instruments", Params::new(), extra, move |reply, markets| {
        let rows: raw::Instruments = read(reply)?;
        let mut tiers = Vec::new();
        for row in &rows.instruments {
            let market = name_of(markets, &row.symbol.0);
            let levels = row.margin_levels.as_deref().unwrap_or_default();
            if levels.is_empty() || !wanted.is_empty() && !wanted.contains(&market) {
                continue;
            }
            for (at, level) in levels.iter().enumerate() {
                let from = |level: &raw::MarginLevel| level.contracts.0.or(level.num_non_contract_units.0);
                tiers.push(LeverageTier {
                    market: market.clone(),
                    tier: Some(Decimal::from(at + 1)),
                    min_notional: from(level).map(|n| n.normalize()),
                    max_notional: levels.get(at + 1).and_then(from).map(|n| n.normalize()),
                    maintenance_rate: Some(level.maintenance_margin.0),
                    max_leverage: quotient(Decimal::ONE, level.initial_margin.0),
                });
            }
        }
        Ok(tiers)
    })
}

fn one_ticker<T: 'static>(
    market: &Instrument,
    scope: &Scope,
    turn: impl Fn(&raw::Ticker, &Markets) -> Result<T, String> + Send + Sync + 'static,
) -> Built<T> {
    let symbol = market.symbol.clone();
    get(format!("/derivatives/api/v3/tickers/{symbol}"), Params::new(), &scope.extra, move |reply, markets| {
        let told: raw::Tickers = read(reply)?;
        let rows = told.ticker.iter().chain(&told.tickers);
        let row = rows.into_iter().find(|row| row.symbol.0.eq_ignore_ascii_case(&symbol));
        let row = row.ok_or_else(|| ReadFault::parse(reply, format!("no ticker of {symbol}")))?;
        turn(row, markets).map_err(|e| ReadFault::parse(reply, e))
    })
}

fn all_tickers<T: 'static>(
    query: &MarketsQuery,
    turn: impl Fn(&raw::Ticker, &Markets) -> Result<Option<T>, String> + Send + Sync + 'static,
) -> Built<Vec<T>> {
    let wanted: Vec<String> = query.instruments.iter().map(|i| i.symbol.to_ascii_uppercase()).collect();
    get("/derivatives/api/v3/tickers", Params::new(), &query.scope.extra, move |reply, markets| {
        let told: raw::Tickers = read(reply)?;
        let rows =
            told.tickers.iter().filter(|row| wanted.is_empty() || wanted.contains(&row.symbol.0.to_ascii_uppercase()));
        rows.filter_map(|row| turn(row, markets).map_err(|e| ReadFault::parse(reply, e)).transpose()).collect()
    })
}

fn ticker_of(row: &raw::Ticker, markets: &Markets) -> Result<Ticker, String> {
    let market = market_of(markets, &row.symbol.0);
    let inverse =
        market.map_or_else(|| row.symbol.0.to_ascii_uppercase().starts_with("PI"), |i| i.product == Product::Inverse);
    Ok(Ticker {
        market: name_of(markets, &row.symbol.0),
        at: instant(&row.last_time)?,
        bid: row.bid.nonzero(),
        bid_quantity: row.bid_size.0,
        ask: row.ask.nonzero(),
        ask_quantity: row.ask_size.0,
        last: row.last.nonzero(),
        open: row.open.nonzero(),
        high: row.high.nonzero(),
        low: row.low.nonzero(),
        percentage: row.change.0,
        // Contracts of an inverse market are worth a dollar each.
        base_volume: row.volume.0.filter(|_| !inverse),
        quote_volume: if inverse { row.volume.0 } else { row.volume_quote.0 },
        mark: row.mark_price.nonzero(),
        index: row.index_price.nonzero(),
        ..Ticker::default()
    })
}

pub(super) fn ticker(market: &Instrument, scope: &Scope) -> Built<Ticker> {
    one_ticker(market, scope, ticker_of)
}

pub(super) fn tickers(query: &MarketsQuery) -> Built<Vec<Ticker>> {
    all_tickers(query, |row, markets| ticker_of(row, markets).map(Some))
}

/// The venue tells rates as amounts: of dollars a unit (linear), or of base currency a dollar (inverse). As a fraction of the
/// notional they are divided by the mark price, or multiplied with it.
fn relative(rate: Decimal, mark: Option<Decimal>, product: Product) -> Option<Decimal> {
    match product {
        Product::Inverse => rate.checked_mul(mark?).map(|rate| rate.normalize()),
        Product::Spot | Product::Linear | Product::Option => quotient(rate, mark?),
    }
}

fn funding_of(row: &raw::Ticker, markets: &Markets) -> Result<Option<Funding>, String> {
    let Some(rate) = row.funding_rate.0 else { return Ok(None) };
    let market = market_of(markets, &row.symbol.0);
    let product = market.map_or_else(
        || if row.symbol.0.to_ascii_uppercase().starts_with("PI") { Product::Inverse } else { Product::Linear },
        |i| i.product,
    );
    let mark = row.mark_price.nonzero();
    Ok(Some(Funding {
        market: name_of(markets, &row.symbol.0),
        at: instant(&row.last_time)?,
        rate: relative(rate, mark, product),
        next_rate: row.funding_rate_prediction.0.and_then(|rate| relative(rate, mark, product)),
        // Rates hold for an hour, and are paid without a pause.
        interval_hours: Some(1),
        mark,
        index: row.index_price.nonzero(),
        ..Funding::default()
    }))
}

pub(super) fn funding(market: &Instrument, scope: &Scope) -> Built<Funding> {
    one_ticker(market, scope, |row, markets| {
        funding_of(row, markets)?.ok_or_else(|| format!("{} has no funding rate", row.symbol.0))
    })
}

pub(super) fn fundings(query: &MarketsQuery) -> Built<Vec<Funding>> {
    all_tickers(query, funding_of)
}

pub(super) fn open_interests(query: &MarketsQuery) -> Built<Vec<OpenInterest>> {
    all_tickers(query, |row, markets| open_interest_of(row, markets).map(Some))
}

pub(super) fn open_interest(market: &Instrument, scope: &Scope) -> Built<OpenInterest> {
    one_ticker(market, scope, open_interest_of)
}

fn open_interest_of(row: &raw::Ticker, markets: &Markets) -> Result<OpenInterest, String> {
    let market = name_of(markets, &row.symbol.0);
    Ok(OpenInterest { market, amount: row.open_interest.0, value: None, at: instant(&row.last_time)? })
}

pub(super) fn order_book(market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
    let name = market.name.clone();
    let depth = depth.and_then(|depth| usize::try_from(depth).ok());
    let query = Params::new().with("symbol", &market.symbol);
    get("/derivatives/api/v3/orderbook", query, &scope.extra, move |reply, _| {
        let told: raw::OrderBook = read(reply)?;
        let parsed = |e: String| ReadFault::parse(reply, e);
        let side = |rows: &[Vec<Num>], rising: bool| -> Result<Vec<Level>, ReadFault> {
            let mut levels = rows.iter().map(|row| level(row)).collect::<Result<Vec<_>, _>>().map_err(parsed)?;
            levels.sort_by(|a, b| if rising { a.price.cmp(&b.price) } else { b.price.cmp(&a.price) });
            levels.truncate(depth.unwrap_or(levels.len()));
            Ok(levels)
        };
        Ok(OrderBook {
            market: name.clone(),
            at: instant(&told.server_time).map_err(parsed)?,
            sequence: None,
            bids: side(&told.order_book.bids, false)?,
            asks: side(&told.order_book.asks, true)?,
        })
    })
}

fn level(row: &[Num]) -> Result<Level, String> {
    let [price, quantity, ..] = row else { return Err("a level without price and quantity".to_owned()) };
    Ok(Level { price: wire::price(price.0)?, quantity: wire::quantity(quantity.0)? })
}

pub(super) fn bars(market: &Instrument, query: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
    let unsupported = |what: String| CallError::Unsupported { venue: "krakenfutures", what };
    let source = match query.price {
        BarPrice::Trade => "trade",
        BarPrice::Mark => "mark",
        BarPrice::Index => "spot",
        BarPrice::Premium => return Err(unsupported("bars of the premium".to_owned())),
    };
    let length = query.interval.ms();
    let name = BARS.iter().find(|(ms, _)| *ms == length).map(|(_, name)| *name);
    let name = name.ok_or_else(|| unsupported(format!("bars of {}", query.interval)))?;
    let range = query.range;
    let mut params = Params::new();
    match (range.since, range.until) {
        (Some(since), until) => {
            let from = shared::seconds_down(since);
            let count = i64::from(range.limit.unwrap_or(BARS_MAX).min(BARS_MAX));
            let end = from.saturating_add(count.saturating_mul(length / 1000)).saturating_sub(1);
            let to = until.map_or(end, |until| shared::seconds_up(until).min(end));
            params = params.with("from", from).with("to", to);
        }
        (None, Some(until)) => params = params.with("to", shared::seconds_up(until)).maybe("count", range.limit),
        (None, None) => params = params.maybe("count", range.limit),
    }
    let path = format!("/api/charts/v1/{source}/{}/{name}", market.symbol);
    get(path, params, &scope.extra, move |reply, _| {
        let told: raw::Candles = read_plain(reply)?;
        let bars = told.candles.iter().map(bar).collect::<Result<Vec<_>, _>>();
        bars.and_then(shared::in_order).map_err(|e| ReadFault::parse(reply, e))
    })
}

fn bar(row: &raw::Candle) -> Result<Bar, String> {
    let bar = Bar {
        open_time: row.time.0.ok_or("a bar without its time")?,
        open: wire::price(row.open.0)?,
        high: wire::price(row.high.0)?,
        low: wire::price(row.low.0)?,
        close: wire::price(row.close.0)?,
        volume: wire::quantity(row.volume.0.unwrap_or_default())?,
    };
    bar.believed()
}

pub(super) fn trades(market: &Instrument, range: &Range, scope: &Scope) -> Built<Vec<PublicTrade>> {
    let name = market.name.clone();
    let query = Params::new()
        .maybe("since", range.since.map(Timestamp::ms))
        .maybe("before", range.until.map(Timestamp::ms))
        .maybe("sort", range.since.map(|_| "asc"))
        .maybe("count", range.limit);
    let path = format!("/api/history/v3/market/{}/executions", market.symbol);
    get(path, query, &scope.extra, move |reply, _| {
        let told: raw::Elements<raw::PublicElement> = read_plain(reply)?;
        let rows = told.elements.iter().filter_map(|element| element.event.execution.as_ref());
        let trades = rows.map(|row| trade(&name, &row.execution)).collect::<Result<Vec<_>, _>>();
        let mut trades = trades.map_err(|e| ReadFault::parse(reply, e))?;
        trades.sort_by_key(|trade| trade.at);
        Ok(trades)
    })
}

fn trade(market: &str, row: &raw::Execution) -> Result<PublicTrade, String> {
    let direction = row.taker_order.as_ref().and_then(|order| order.direction.some());
    Ok(PublicTrade {
        market: market.to_owned(),
        id: row.uid.owned(),
        at: row.timestamp.0.ok_or("a trade without its time")?,
        side: direction.map(shared::side_of).transpose()?,
        price: wire::price(row.price.0)?,
        quantity: wire::quantity(row.quantity.0)?,
    })
}

pub(super) fn funding_history(query: &HistoryQuery) -> Built<Vec<Funding>> {
    let market = query.instrument.as_ref().ok_or_else(|| CallError::Invalid("of which market?".to_owned()))?;
    let (name, range) = (market.name.clone(), query.range);
    let params = Params::new().with("symbol", market.symbol.to_ascii_uppercase());
    get("/derivatives/api/v3/historical-funding-rates", params, &query.scope.extra, move |reply, _| {
        let told: raw::PastRates = read(reply)?;
        let mut rates = Vec::with_capacity(told.rates.len());
        for row in &told.rates {
            let at = wire::rfc3339(&row.timestamp.0).map_err(|e| ReadFault::parse(reply, e))?;
            let inside = range.since.is_none_or(|since| at >= since) && range.until.is_none_or(|until| at <= until);
            if inside {
                let rate = row.relative_funding_rate.0;
                rates.push(Funding { market: name.clone(), at: Some(at), rate, ..Funding::default() });
            }
        }
        rates.sort_by_key(|rate| rate.at);
        super::account::shorten(&mut rates, range.limit, range.since.is_some());
        Ok(rates)
    })
}
