//! What only contracts have: positions, margin and funding.

use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

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
