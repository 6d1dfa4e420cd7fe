//! What venues tell, in one form. Amounts are exact decimals; a field a venue does not tell is `None`, never a guess.
//!
//! Quantities of contracts are in the venue's unit of quantity, whose worth is [`super::Instrument::contract_size`].

use desk::money::{Price, Quantity};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

/// Whether a trade took liquidity or gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Liquidity {
    /// It gave liquidity.
    Maker,
    /// It took liquidity.
    Taker,
}

/// A market's day at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ticker {
    /// The market's unified name.
    pub market: String,
    /// When the venue took it.
    pub at: Option<Timestamp>,
    /// The best price somebody pays.
    pub bid: Option<Decimal>,
    /// For how much.
    pub bid_quantity: Option<Decimal>,
    /// The best price somebody asks.
    pub ask: Option<Decimal>,
    /// For how much.
    pub ask_quantity: Option<Decimal>,
    /// The last trade's price.
    pub last: Option<Decimal>,
    /// The price a day ago.
    pub open: Option<Decimal>,
    /// The highest of the day.
    pub high: Option<Decimal>,
    /// The lowest of the day.
    pub low: Option<Decimal>,
    /// The close before the day.
    pub previous_close: Option<Decimal>,
    /// `last - open`, if the venue tells it.
    pub change: Option<Decimal>,
    /// The change in per cent, if the venue tells it.
    pub percentage: Option<Decimal>,
    /// The day's average price, weighted by volume, if the venue tells it.
    pub vwap: Option<Decimal>,
    /// The day's volume in base units (or contracts, as the venue counts).
    pub base_volume: Option<Decimal>,
    /// The day's volume in quote units.
    pub quote_volume: Option<Decimal>,
    /// The mark price of a contract.
    pub mark: Option<Decimal>,
    /// The price of the index behind it.
    pub index: Option<Decimal>,
}

/// One price of a book and what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The price.
    pub price: Price,
    /// What stands there; zero in a delta removes the level.
    pub quantity: Quantity,
}

/// An order book at one instant. Bids from the highest, asks from the lowest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderBook {
    /// The market's unified name.
    pub market: String,
    /// When.
    pub at: Option<Timestamp>,
    /// The venue's number of this state.
    pub sequence: Option<u64>,
    /// Who pays what.
    pub bids: Vec<Level>,
    /// Who asks what.
    pub asks: Vec<Level>,
}

/// One bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// Its first instant.
    pub open_time: Timestamp,
    /// The first price.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The last price.
    pub close: Price,
    /// What was traded, in base units (contracts where the venue counts so); zero where it does not tell.
    pub volume: Quantity,
}

/// One trade of the market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicTrade {
    /// The market's unified name.
    pub market: String,
    /// The venue's id of it, if it has one.
    pub id: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The taker's side, if the venue tells it.
    pub side: Option<Side>,
    /// At what price.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
}

/// A fee. Negative when the venue pays it (a rebate).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VenueFee {
    /// How much.
    pub cost: Decimal,
    /// In which currency, by its common name.
    pub currency: Option<String>,
}

/// One of our own trades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTrade {
    /// The market's unified name.
    pub market: String,
    /// The venue's id of the trade.
    pub id: String,
    /// The venue's id of the order.
    pub order: Option<String>,
    /// Our id of the order, if the venue repeats it.
    pub client_id: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// Our side.
    pub side: Option<Side>,
    /// Taker or maker, if the venue tells it.
    pub liquidity: Option<Liquidity>,
    /// At what price.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
    /// Price times quantity in quote units, if the venue tells it.
    pub cost: Option<Decimal>,
    /// What the venue took for it.
    pub fee: Option<VenueFee>,
}

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderState {
    /// Working, or waiting for its trigger; perhaps partly filled.
    Open,
    /// Wholly filled, or a trigger that has fired.
    Closed,
    /// Cancelled, perhaps partly filled.
    Canceled,
    /// Asked to be cancelled.
    Canceling,
    /// Ended by the venue.
    Expired,
    /// Refused after it was accepted.
    Rejected,
}

/// An order, as the venue tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderReport {
    /// The market's unified name.
    pub market: Option<String>,
    /// The venue's id.
    pub id: Option<String>,
    /// Our id.
    pub client_id: Option<String>,
    /// How it stands; `None` when the venue does not say, as in a bare acknowledgement.
    pub state: Option<OrderState>,
    /// Limit or market, once triggered.
    pub kind: Option<super::call::OrderKind>,
    /// Buy or sell.
    pub side: Option<Side>,
    /// For how long it stands.
    pub time_in_force: Option<super::call::TimeInForce>,
    /// Whether it may only make.
    pub post_only: Option<bool>,
    /// Whether it may only reduce a position.
    pub reduce_only: Option<bool>,
    /// The limit.
    pub price: Option<Decimal>,
    /// What wakes it.
    pub trigger_price: Option<Decimal>,
    /// The price at which profit is taken, if it is or carries such an order.
    pub take_profit_price: Option<Decimal>,
    /// The price at which a loss is stopped, if it is or carries such an order.
    pub stop_loss_price: Option<Decimal>,
    /// How much was asked for.
    pub quantity: Option<Quantity>,
    /// How much was filled.
    pub filled: Option<Quantity>,
    /// How much is left, if the venue tells it.
    pub remaining: Option<Quantity>,
    /// What the fills cost, in quote units.
    pub cost: Option<Decimal>,
    /// The average price of the fills.
    pub average: Option<Decimal>,
    /// What the venue took for it so far.
    pub fee: Option<VenueFee>,
    /// When it was placed.
    pub at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// When it was last filled.
    pub last_trade_at: Option<Timestamp>,
    /// The fills the answer tells of.
    pub trades: Vec<OwnTrade>,
}

/// What an account holds of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holding {
    /// At hand.
    pub free: Option<Decimal>,
    /// Bound in orders or as margin.
    pub used: Option<Decimal>,
    /// Both.
    pub total: Option<Decimal>,
    /// Owed.
    pub debt: Option<Decimal>,
}

/// What an account holds, by the common names of currencies: one form for spot, margin and futures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Balances {
    /// When.
    pub at: Option<Timestamp>,
    /// Of each currency.
    pub of: BTreeMap<String, Holding>,
}

/// Long or short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PositionSide {
    /// Long.
    Long,
    /// Short.
    Short,
}

/// Whether a position has margin of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarginMode {
    /// All positions share.
    Cross,
    /// Its own.
    Isolated,
}

/// A position in contracts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PositionReport {
    /// The market's unified name.
    pub market: String,
    /// The venue's id of it, if it has one.
    pub id: Option<String>,
    /// Long or short; `None` when flat.
    pub side: Option<PositionSide>,
    /// How much, never negative.
    pub quantity: Option<Decimal>,
    /// What one contract is worth.
    pub contract_size: Option<Decimal>,
    /// The average price paid.
    pub entry_price: Option<Decimal>,
    /// The mark price.
    pub mark_price: Option<Decimal>,
    /// The last trade's price.
    pub last_price: Option<Decimal>,
    /// At what price the venue closes it.
    pub liquidation_price: Option<Decimal>,
    /// What it is worth.
    pub notional: Option<Decimal>,
    /// The leverage.
    pub leverage: Option<Decimal>,
    /// Not yet taken profit.
    pub unrealized_pnl: Option<Decimal>,
    /// Taken profit.
    pub realized_pnl: Option<Decimal>,
    /// What stands behind it.
    pub collateral: Option<Decimal>,
    /// The margin it was opened with.
    pub initial_margin: Option<Decimal>,
    /// The margin below which it is closed.
    pub maintenance_margin: Option<Decimal>,
    /// Shared margin or its own.
    pub margin_mode: Option<MarginMode>,
    /// Whether long and short are held apart.
    pub hedged: Option<bool>,
    /// The price at which profit is taken.
    pub take_profit_price: Option<Decimal>,
    /// The price at which a loss is stopped.
    pub stop_loss_price: Option<Decimal>,
    /// When it was opened, or the venue's time of the row.
    pub at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// The funding of a perpetual contract, now or at one time in the past.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Funding {
    /// The market's unified name.
    pub market: String,
    /// When this was told; in a history, when it was paid.
    pub at: Option<Timestamp>,
    /// The rate, as a fraction of the notional.
    pub rate: Option<Decimal>,
    /// When it is paid.
    pub next_at: Option<Timestamp>,
    /// The rate after that, if the venue tells it.
    pub next_rate: Option<Decimal>,
    /// When that is paid.
    pub after_next_at: Option<Timestamp>,
    /// The rate before, if the venue tells it.
    pub previous_rate: Option<Decimal>,
    /// When that was paid.
    pub previous_at: Option<Timestamp>,
    /// How often it is paid, in hours.
    pub interval_hours: Option<u32>,
    /// The mark price.
    pub mark: Option<Decimal>,
    /// The index price.
    pub index: Option<Decimal>,
    /// The interest part of the rate.
    pub interest_rate: Option<Decimal>,
}

/// A funding payment of ours: negative when we paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundingPayment {
    /// The market's unified name.
    pub market: String,
    /// The venue's id of it.
    pub id: Option<String>,
    /// How much.
    pub amount: Decimal,
    /// In which currency.
    pub currency: String,
    /// When.
    pub at: Timestamp,
}

/// Open interest of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenInterest {
    /// The market's unified name.
    pub market: String,
    /// In the venue's unit of quantity (or base units where the venue tells those).
    pub amount: Option<Decimal>,
    /// In quote units.
    pub value: Option<Decimal>,
    /// When.
    pub at: Option<Timestamp>,
}

/// What trading costs, as fractions. Negative is a rebate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeeRate {
    /// The market's unified name; empty when the rate holds for all.
    pub market: String,
    /// For giving liquidity.
    pub maker: Option<Decimal>,
    /// For taking it.
    pub taker: Option<Decimal>,
}

/// One step of what leverage a notional allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeverageTier {
    /// The market's unified name.
    pub market: String,
    /// Which step.
    pub tier: Option<Decimal>,
    /// From which notional.
    pub min_notional: Option<Decimal>,
    /// To which notional.
    pub max_notional: Option<Decimal>,
    /// The maintenance margin, as a fraction.
    pub maintenance_rate: Option<Decimal>,
    /// The highest leverage.
    pub max_leverage: Option<Decimal>,
}

/// The leverage and margin mode set for a market.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeverageSetting {
    /// The market's unified name.
    pub market: String,
    /// Shared margin or its own.
    pub margin_mode: Option<MarginMode>,
    /// Leverage of long positions.
    pub long: Option<Decimal>,
    /// Leverage of short positions.
    pub short: Option<Decimal>,
}

/// What a key may do. Withdrawal is asked for so that such keys can be refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPermissions {
    /// It may read.
    pub read: Option<bool>,
    /// It may trade spot.
    pub spot: Option<bool>,
    /// It may trade contracts.
    pub contracts: Option<bool>,
    /// It may move money out, or between accounts of several owners.
    pub withdraw: Option<bool>,
    /// The addresses it is good for; empty when it is good for any.
    pub addresses: Vec<String>,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// A product in which money can be left for interest (Binance Earn).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EarnProduct {
    /// The venue's id.
    pub id: String,
    /// Of which currency.
    pub asset: String,
    /// The yearly rate, as a fraction.
    pub apr: Option<Decimal>,
    /// For how many days money is bound; `None` when it can be taken back at any time.
    pub locked_days: Option<u32>,
    /// The least that can be left.
    pub min_amount: Option<Decimal>,
    /// Whether it is sold out.
    pub sold_out: bool,
}

/// Why money moved without a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MovementKind {
    /// From outside.
    Deposit,
    /// To the outside.
    Withdrawal,
    /// Between the owner's accounts at the venue.
    Transfer,
    /// Interest, airdrops, rebates and whatever else the venue credits or takes.
    Other,
}

/// Money that moved without a trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The venue's id.
    pub id: String,
    /// Why.
    pub kind: MovementKind,
    /// Of which currency.
    pub currency: String,
    /// How much, without the fee; negative when it left.
    pub amount: Decimal,
    /// What was taken for it besides.
    pub fee: Option<VenueFee>,
    /// When.
    pub at: Timestamp,
}

/// A currency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Currency {
    /// The venue's own name.
    pub id: String,
    /// The common name.
    pub code: String,
    /// Its name in words.
    pub name: Option<String>,
    /// The smallest step of an amount.
    pub precision: Option<Decimal>,
    /// Whether it is in use.
    pub active: Option<bool>,
}

/// Whether the venue works.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VenueHealth {
    /// Whether orders are taken.
    pub trading: bool,
    /// When that ends, or is planned to begin.
    pub until: Option<Timestamp>,
    /// In the venue's words.
    pub message: Option<String>,
}

/// An account of the owner at the venue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountRow {
    /// The venue's id.
    pub id: String,
    /// The venue's type of it.
    pub kind: Option<String>,
    /// Its currency, where an account holds one.
    pub currency: Option<String>,
}

impl Bar {
    /// The bar, if every price of it lies between its low and its high.
    ///
    /// # Errors
    /// Words, otherwise.
    pub fn believed(self) -> Result<Self, String> {
        let Self { open, high, low, close, .. } = self;
        if high < open.max(close) || low > open.min(close) {
            return Err(format!("a bar from {open} to {close} that lies outside of {low} to {high}"));
        }
        Ok(self)
    }

    /// That bars may be believed: in order of time, no two of one time, every price between low and high.
    ///
    /// # Errors
    /// Words, with the place of the first that may not.
    pub fn check(bars: &[Self]) -> Result<(), String> {
        for (at, bar) in bars.iter().enumerate() {
            bar.believed().map_err(|why| format!("bar {at}: {why}"))?;
        }
        match bars.iter().zip(bars.iter().skip(1)).position(|(bar, next)| bar.open_time >= next.open_time) {
            Some(at) => Err(format!("bar {} does not come after the one before it", at + 1)),
            None => Ok(()),
        }
    }
}
