//! Synthetic market participants: a market maker around a reference price, and takers.
//!
//! Deterministic: the same seed and the same steps give the same orders. The reference price walks by itself, or
//! follows given prices.

use super::types::{AccountId, Ms, NewOrder, Side, Stp};
use super::{Account, Engine, Which, place::Restriction, tape::Candle};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// A small generator of numbers (SplitMix64): good enough for prices, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is positive.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw() % end.max(1)
    }
}

/// A market's participants.
#[derive(Debug, Clone)]
struct Stage {
    reference: Decimal,
    path: Vec<Decimal>,
    place: usize,
    quotes: BTreeMap<(Side, Decimal), u64>,
}

/// The participants of all markets.
#[derive(Debug, Clone)]
pub struct Flow {
    dice: Dice,
    maker: AccountId,
    taker: AccountId,
    helper: AccountId,
    stages: BTreeMap<String, Stage>,
    levels: u64,
}

impl Flow {
    /// Opens the participants' accounts.
    #[must_use]
    pub fn new(engine: &mut Engine, seed: u64) -> Self {
        let terms = || Account { house: true, maker: Decimal::ZERO, taker: Decimal::ZERO, fee_asset: None };
        let (maker, taker, helper) =
            (engine.open_account(terms()), engine.open_account(terms()), engine.open_account(terms()));
        Self { dice: Dice::new(seed), maker, taker, helper, stages: BTreeMap::new(), levels: 12 }
    }

    /// The account that makes the market.
    #[must_use]
    pub const fn maker(&self) -> AccountId {
        self.maker
    }

    /// The account of the house's other orders.
    #[must_use]
    pub const fn helper(&self) -> AccountId {
        self.helper
    }

    /// Begins to make a market: 500 minutes of past bars, funds, and the first quotes. With a `path` the reference
    /// price follows it, step by step, and begins again at its end.
    pub fn open(&mut self, engine: &mut Engine, symbol: &str, price: Decimal, path: Vec<Decimal>, now: Ms) {
        let Ok(market) = engine.market(symbol) else { return };
        let (base, quote, tick) = (market.rules.base.clone(), market.rules.quote.clone(), market.rules.tick());
        for account in [self.maker, self.taker] {
            for asset in [&base, &quote] {
                // Enough for any run, and far below what a decimal holds.
                let funded = engine.fund(account, asset, Decimal::from(1_000_000_000_000_u64), now);
                debug_assert!(funded.is_ok(), "a deposit can't fail");
            }
        }
        let reference = path.first().copied().unwrap_or(price);
        let past = self.past(reference, tick, now);
        if let Ok(market) = engine.market_mut(symbol) {
            market.tape.seed(past);
        }
        self.stages.insert(symbol.to_owned(), Stage { reference, path, place: 0, quotes: BTreeMap::new() });
        self.quote(engine, symbol, now);
    }

    /// One step of every market: the reference price moves, the maker follows, a taker may trade.
    pub fn step(&mut self, engine: &mut Engine, now: Ms) {
        let symbols: Vec<String> = self.stages.keys().cloned().collect();
        for symbol in symbols {
            let noise = self.noise();
            if let Some(stage) = self.stages.get_mut(&symbol) {
                match stage.path.get(stage.place) {
                    Some(price) => {
                        stage.reference = *price;
                        stage.place = (stage.place + 1) % stage.path.len();
                    }
                    None => stage.reference += stage.reference * noise,
                }
            }
            self.quote(engine, &symbol, now);
            if self.dice.below(3) > 0 {
                self.take(engine, &symbol, now);
            }
        }
    }

    /// Between -2 and +2 basis points.
    fn noise(&mut self) -> Decimal {
        let sum: u64 = (0..4).map(|_| self.dice.below(1_001)).sum();
        Decimal::new(i64::try_from(sum).unwrap_or(2_000) - 2_000, 7)
    }

    fn past(&mut self, last: Decimal, tick: Decimal, now: Ms) -> Vec<Candle> {
        let minute = 60_000;
        let mut close = last;
        let mut bars = Vec::new();
        for back in 1..=500 {
            let open_at = now - now.rem_euclid(minute) - back * minute;
            let grid = |price: Decimal| price - price % tick;
            let open = grid(close + close * self.noise() * Decimal::from(4));
            let wick = grid(close * Decimal::new(i64::try_from(self.dice.below(9)).unwrap_or(0), 5));
            let volume = Decimal::new(i64::try_from(self.dice.below(900)).unwrap_or(0) + 100, 2);
            let quote = volume * open;
            bars.push(Candle {
                open,
                close,
                high: open.max(close) + wick,
                low: open.min(close) - wick,
                volume,
                quote,
                trades: 50,
                taker_base: volume / Decimal::TWO,
                taker_quote: quote / Decimal::TWO,
                ..Candle::flat(open_at, open)
            });
            close = open;
        }
        bars
    }

    /// Places the quotes that are missing, takes back those that are no longer wanted.
    fn quote(&mut self, engine: &mut Engine, symbol: &str, now: Ms) {
        let Ok(rules) = engine.market(symbol).map(|market| market.rules.clone()) else { return };
        let Some(stage) = self.stages.get_mut(symbol) else { return };
        let (tick, step) = (rules.tick(), rules.step());
        let gap = (stage.reference * Decimal::new(1, 4) / tick).floor().max(Decimal::ONE) * tick;
        let middle = stage.reference - stage.reference % gap;
        let mut wanted = BTreeMap::new();
        for level in 1..=self.levels {
            wanted.insert((Side::Buy, middle - gap * Decimal::from(level - 1)), level);
            wanted.insert((Side::Sell, middle + gap * Decimal::from(level)), level);
        }
        let stale: Vec<_> = stage
            .quotes
            .iter()
            .filter(|(key, id)| !wanted.contains_key(key) || engine.order(**id).is_none())
            .map(|(key, id)| (*key, *id))
            .collect();
        for (key, id) in stale {
            stage.quotes.remove(&key);
            let which = Which { id: Some(id), client: None };
            // A quote that has filled meanwhile is not there any more, which is no fault.
            let _gone = engine.cancel(self.maker, symbol, which, Restriction::None, "", now);
        }
        for ((side, price), level) in wanted {
            if stage.quotes.contains_key(&(side, price)) || price <= Decimal::ZERO {
                continue;
            }
            let worth = Decimal::from(500 + self.dice.below(4_000) * level);
            let quantity = (worth / price / step).floor().max(Decimal::ONE) * step;
            let order = NewOrder { stp: Stp::ExpireMaker, ..NewOrder::limit(symbol, side, price, quantity) };
            if let Ok(id) = engine.place(self.maker, &order, now)
                && engine.order(id).is_some()
            {
                stage.quotes.insert((side, price), id);
            }
        }
    }

    fn take(&mut self, engine: &mut Engine, symbol: &str, now: Ms) {
        let Ok(market) = engine.market(symbol) else { return };
        let side = if self.dice.below(2) == 0 { Side::Buy } else { Side::Sell };
        let Some((price, _)) = market.book.best(side.opposite()) else { return };
        let step = market.rules.step();
        let worth = Decimal::from(20 + self.dice.below(1_500));
        let quantity = (worth / price / step).floor().max(Decimal::ONE) * step;
        // A market that is halted, or too thin, has no trade: nothing to tell.
        let _refused = engine.place(self.taker, &NewOrder::market(symbol, side, quantity), now);
    }
}

/// Four prices a bar (open, low, high, close), each held for `steps` steps: a path for [`Flow::open`].
#[must_use]
pub fn path(bars: &[Candle], steps: usize) -> Vec<Decimal> {
    let points = bars.iter().flat_map(|bar| [bar.open, bar.low, bar.high, bar.close]);
    points.flat_map(|price| std::iter::repeat_n(price, steps)).collect()
}
