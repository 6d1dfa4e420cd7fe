//! How the desk and its account stand.

use desk::position::Position;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The desk lives.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthDto {
    /// `ok`.
    pub status: String,
    /// `paper`, `live`, or `simulated` at an exchange that is part of the desk.
    pub mode: String,
    /// Whether trading is switched off.
    pub killed: bool,
}

/// What the account is worth.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortfolioDto {
    /// The account.
    pub account: String,
    /// `paper`, `live`, or `simulated` at an exchange that is part of the desk.
    pub mode: String,
    /// The asset everything is valued in.
    pub quote: String,
    /// The quote asset held.
    pub cash: String,
    /// Everything, at the last stored closes.
    pub equity: String,
    /// What trading has brought: equity less what was put in, at the same prices. Deposits and withdrawals are no part of it.
    pub profit: String,
    /// Cash neither spent nor reserved.
    pub free_cash: String,
    /// Each asset other than cash.
    pub assets: Vec<AssetDto>,
    /// What is held that no market of the desk prices, by asset; no part of the equity.
    pub unpriced: BTreeMap<String, String>,
    /// Why new risk is frozen, if it is.
    pub frozen: Option<String>,
    /// Why new risk is frozen in single markets, by symbol.
    pub frozen_markets: BTreeMap<String, String>,
    /// Whether trading is switched off.
    pub killed: bool,
}

/// One asset's part of a portfolio.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssetDto {
    /// Which.
    pub asset: String,
    /// How much.
    pub quantity: String,
    /// Its last price.
    pub price: String,
    /// Quantity times price.
    pub worth: String,
}

/// One balance of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalanceDto {
    /// The ledger account.
    pub account: String,
    /// The asset.
    pub asset: String,
    /// How much.
    pub amount: String,
}

/// The ledger's balances.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalancesDto {
    /// Every balance.
    pub balances: Vec<BalanceDto>,
    /// What each asset's balances add up to: zero, or the ledger is broken.
    pub imbalance: BTreeMap<String, String>,
}

/// A position.
#[derive(Debug, Serialize, ToSchema)]
pub struct PositionDto {
    /// The market.
    pub symbol: String,
    /// In base units; 0 when flat.
    pub quantity: String,
    /// What it cost, without fees.
    pub cost: String,
    /// Realised profit and loss, before fees.
    pub realised: String,
    /// Fees paid.
    pub fees: String,
    /// Since when it is open.
    pub opened_at: Option<i64>,
    /// How often it has gone from open to flat.
    pub round_trips: u64,
}

impl PositionDto {
    /// A market's position.
    #[must_use]
    pub fn new(symbol: &desk::id::Symbol, position: &Position) -> Self {
        Self {
            symbol: symbol.to_string(),
            quantity: position.quantity.to_string(),
            cost: position.cost.to_string(),
            realised: position.realised.to_string(),
            fees: position.fees.to_string(),
            opened_at: position.opened_at.map(desk::time::Timestamp::ms),
            round_trips: position.round_trips,
        }
    }
}
