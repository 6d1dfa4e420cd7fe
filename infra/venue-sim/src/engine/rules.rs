//! A market's rules, and the filters an order has to pass before it reaches the book.
//!
//! Source: the exchange's "Filters" document. Prices times quantities have at most eight decimals here, so that no
//! amount is ever rounded: [`Rules::check`] refuses a market whose tick and step don't allow that.

use super::refusal::Refusal;
use super::types::{Kind, NewOrder, Side};
use rust_decimal::Decimal;

/// Whether a market trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trading {
    /// It does.
    Open,
    /// It was halted.
    Halt,
    /// It is in a break.
    Break,
}

impl Trading {
    /// As on the wire.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Open => "TRADING",
            Self::Halt => "HALT",
            Self::Break => "BREAK",
        }
    }
}

/// A filter; zero disables a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Bounds and tick of prices.
    Price {
        /// Smallest.
        min: Decimal,
        /// Largest.
        max: Decimal,
        /// Tick.
        tick: Decimal,
    },
    /// Bounds and step of quantities.
    Lot {
        /// Smallest.
        min: Decimal,
        /// Largest.
        max: Decimal,
        /// Step.
        step: Decimal,
    },
    /// Bounds and step of market orders' quantities.
    MarketLot {
        /// Smallest.
        min: Decimal,
        /// Largest.
        max: Decimal,
        /// Step.
        step: Decimal,
    },
    /// Smallest notional (older markets).
    MinNotional {
        /// In quote.
        min: Decimal,
        /// Whether market orders have to pass it, at the last price.
        market: bool,
    },
    /// Smallest and largest notional.
    Notional {
        /// In quote.
        min: Decimal,
        /// Whether market orders have to pass it, at the last price.
        min_market: bool,
        /// In quote.
        max: Decimal,
        /// Whether market orders have to pass it, at the last price.
        max_market: bool,
    },
    /// How far a price may be from the last one, as factors.
    PercentPriceBySide {
        /// Bids, at most.
        bid_up: Decimal,
        /// Bids, at least.
        bid_down: Decimal,
        /// Asks, at most.
        ask_up: Decimal,
        /// Asks, at least.
        ask_down: Decimal,
    },
    /// Open orders of an account in this market.
    MaxNumOrders(usize),
    /// Open stop orders of an account in this market.
    MaxNumAlgoOrders(usize),
    /// Base asset an account may have, open bids included.
    MaxPosition(Decimal),
}

impl Filter {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Price { .. } => "PRICE_FILTER",
            Self::Lot { .. } => "LOT_SIZE",
            Self::MarketLot { .. } => "MARKET_LOT_SIZE",
            Self::MinNotional { .. } => "MIN_NOTIONAL",
            Self::Notional { .. } => "NOTIONAL",
            Self::PercentPriceBySide { .. } => "PERCENT_PRICE_BY_SIDE",
            Self::MaxNumOrders(_) => "MAX_NUM_ORDERS",
            Self::MaxNumAlgoOrders(_) => "MAX_NUM_ALGO_ORDERS",
            Self::MaxPosition(_) => "MAX_POSITION",
        }
    }
}

/// What the filters need to know about the account and the market.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standing {
    /// The last traded price.
    pub last: Option<Decimal>,
    /// Open orders of the account in this market.
    pub open: usize,
    /// Of these, stop orders.
    pub algo: usize,
    /// Base asset of the account, free and locked, plus what its open bids would bring.
    pub position: Decimal,
}

/// A market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Its id, such as `BTCUSDT`.
    pub symbol: String,
    /// The asset that is bought.
    pub base: String,
    /// The asset that is paid with.
    pub quote: String,
    /// Whether it trades.
    pub trading: Trading,
    /// What orders have to pass.
    pub filters: Vec<Filter>,
}

impl Rules {
    /// A market as Binance's large ones are set up.
    #[must_use]
    pub fn usual(base: &str, quote: &str, tick: Decimal, step: Decimal) -> Self {
        let large = Decimal::from(9_000);
        let filters = vec![
            Filter::Price { min: tick, max: Decimal::from(1_000_000), tick },
            Filter::Lot { min: step, max: large, step },
            Filter::MarketLot { min: Decimal::ZERO, max: Decimal::from(500), step: Decimal::ZERO },
            Filter::PercentPriceBySide {
                bid_up: Decimal::from(5),
                bid_down: Decimal::new(2, 1),
                ask_up: Decimal::from(5),
                ask_down: Decimal::new(2, 1),
            },
            Filter::Notional {
                min: Decimal::from(5),
                min_market: true,
                max: Decimal::from(9_000_000),
                max_market: false,
            },
            Filter::MaxNumOrders(200),
            Filter::MaxNumAlgoOrders(5),
        ];
        let symbol = format!("{base}{quote}");
        Self { symbol, base: base.to_owned(), quote: quote.to_owned(), trading: Trading::Open, filters }
    }

    /// The price tick, or the smallest unit.
    #[must_use]
    pub fn tick(&self) -> Decimal {
        self.filters
            .iter()
            .find_map(|filter| if let Filter::Price { tick, .. } = filter { Some(*tick) } else { None })
            .unwrap_or(Decimal::new(1, 8))
    }

    /// The quantity step, or the smallest unit.
    #[must_use]
    pub fn step(&self) -> Decimal {
        self.filters
            .iter()
            .find_map(|filter| if let Filter::Lot { step, .. } = filter { Some(*step) } else { None })
            .unwrap_or(Decimal::new(1, 8))
    }

    /// The asset a side gives.
    #[must_use]
    pub fn given(&self, side: Side) -> &str {
        match side {
            Side::Buy => &self.quote,
            Side::Sell => &self.base,
        }
    }

    /// Whether amounts stay exact in this market.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        let (tick, step) = (self.tick().normalize(), self.step().normalize());
        if tick <= Decimal::ZERO || step <= Decimal::ZERO {
            return Err(format!("{}: tick and step are positive", self.symbol));
        }
        if tick.scale() + step.scale() > 8 {
            return Err(format!("{}: tick {tick} times step {step} has more than eight decimals", self.symbol));
        }
        Ok(())
    }

    /// The filters, in the order they are published.
    ///
    /// # Errors
    /// The first that fails.
    pub fn filter(&self, order: &NewOrder, standing: &Standing) -> Result<(), Refusal> {
        if self.trading != Trading::Open {
            return Err(Refusal::new(-1013, "Market is closed."));
        }
        let by_quote = order.quantity.is_zero();
        for filter in &self.filters {
            let passes = match filter {
                Filter::Price { min, max, tick } => {
                    let ok = |price: Decimal| price.is_zero() || within(price, *min, *max, *tick);
                    ok(order.price) && ok(order.stop_price)
                }
                Filter::Lot { min, max, step } => by_quote || within(order.quantity, *min, *max, *step),
                Filter::MarketLot { min, max, step } => {
                    order.kind != Kind::Market || by_quote || within(order.quantity, *min, *max, *step)
                }
                Filter::MinNotional { min, market } => {
                    self.notional(order, standing, *min, *market, Decimal::ZERO, false)
                }
                Filter::Notional { min, min_market, max, max_market } => {
                    self.notional(order, standing, *min, *min_market, *max, *max_market)
                }
                Filter::PercentPriceBySide { bid_up, bid_down, ask_up, ask_down } => {
                    let (up, down) = match order.side {
                        Side::Buy => (bid_up, bid_down),
                        Side::Sell => (ask_up, ask_down),
                    };
                    order.price.is_zero()
                        || standing.last.is_none_or(|last| order.price <= last * up && order.price >= last * down)
                }
                Filter::MaxNumOrders(most) => standing.open < *most,
                Filter::MaxNumAlgoOrders(most) => !order.kind.is_stop() || standing.algo < *most,
                Filter::MaxPosition(most) => order.side == Side::Sell || standing.position + order.quantity <= *most,
            };
            if !passes {
                return Err(Refusal::filter(filter.name()));
            }
        }
        Ok(())
    }

    fn notional(
        &self,
        order: &NewOrder,
        standing: &Standing,
        min: Decimal,
        min_market: bool,
        max: Decimal,
        max_market: bool,
    ) -> bool {
        let market = !order.kind.has_price();
        let price = match order.kind {
            Kind::Limit | Kind::LimitMaker | Kind::StopLossLimit | Kind::TakeProfitLimit => Some(order.price),
            Kind::StopLoss | Kind::TakeProfit => Some(order.stop_price),
            Kind::Market => standing.last,
        };
        let amount = if order.quantity.is_zero() {
            Some(order.quote_quantity)
        } else {
            price.and_then(|price| price.checked_mul(order.quantity))
        };
        let Some(amount) = amount else { return true };
        let enough = (market && !min_market) || amount >= min;
        enough && ((market && !max_market) || max.is_zero() || amount <= max)
    }
}

/// Bounds and grid; zero disables each.
fn within(value: Decimal, min: Decimal, max: Decimal, grid: Decimal) -> bool {
    let above = min.is_zero() || value >= min;
    let below = max.is_zero() || value <= max;
    above && below && (grid.is_zero() || (value % grid).is_zero())
}
