//! What was decided, what risk said, and what became of it.

use super::orders::{FillDto, OrderDto};
use desk::fill::Fill;
use desk::order::{Leg, Order};
use desk::risk::Check;
use serde::Serialize;
use std::collections::BTreeMap;
use store::rows::{Outcome, VerdictRow};
use utoipa::ToSchema;

/// A decision in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionLineDto {
    /// Its id.
    pub id: String,
    /// When, in market time.
    pub decided_at: i64,
    /// The market.
    pub symbol: String,
    /// `entry` or `exit`.
    pub leg: String,
    /// `approved`, or the layer that refused.
    pub outcome: String,
    /// Why it was wished.
    pub because: String,
}

/// A page of decisions.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionsDto {
    /// Newest first.
    pub decisions: Vec<DecisionLineDto>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// A decision with all that led to it and all that followed.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionDto {
    /// Its id.
    pub id: String,
    /// The strategy's instance; empty if no strategy decided, as are its version, the bar length and the closing price.
    pub strategy: String,
    /// The version of its rules.
    pub strategy_version: String,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
    /// The market.
    pub symbol: String,
    /// The bar length.
    pub interval: String,
    /// The bar at whose close it was taken.
    pub bar: i64,
    /// That close, in market time.
    pub decided_at: i64,
    /// The closing price.
    pub close: String,
    /// What the strategy wished.
    pub wish: String,
    /// Why.
    pub because: String,
    /// The numbers it saw.
    pub inputs: BTreeMap<String, String>,
    /// What risk said, attempt by attempt, and what became of the orders.
    pub verdicts: Vec<VerdictDto>,
}

/// What risk said about one attempt at one leg.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictDto {
    /// Which leg.
    pub leg: String,
    /// Which attempt.
    pub attempt: u32,
    /// How much was proposed.
    pub quantity: String,
    /// `approved` or `refused`; `external` for an order that is somebody else's.
    pub outcome: String,
    /// The layer that refused.
    pub refused_by: Option<String>,
    /// The profile it was judged by.
    pub profile: String,
    /// Every check that applied.
    pub checks: Vec<CheckDto>,
    /// The order, if there is one.
    pub order: Option<OrderDto>,
    /// Its fills.
    pub fills: Vec<FillDto>,
}

impl VerdictDto {
    /// What risk said, with what became of it.
    #[must_use]
    pub fn new(verdict: &VerdictRow, order: Option<&Order>, fills: &[Fill]) -> Self {
        let (outcome, refused_by) = match &verdict.outcome {
            Outcome::Approved { .. } if verdict.leg == Leg::External => ("external", None),
            Outcome::Approved { .. } => ("approved", None),
            Outcome::Refused { layer } => ("refused", Some(layer.name().to_owned())),
        };
        Self {
            leg: verdict.leg.tag(),
            attempt: verdict.attempt,
            quantity: verdict.quantity.to_string(),
            outcome: outcome.to_owned(),
            refused_by,
            profile: verdict.profile.clone(),
            checks: verdict.checks.iter().map(CheckDto::from).collect(),
            order: order.map(OrderDto::from),
            fills: fills.iter().map(FillDto::from).collect(),
        }
    }
}

/// One check.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckDto {
    /// Which.
    pub check: String,
    /// Whether it passed.
    pub passed: bool,
    /// The limit.
    pub limit: String,
    /// The value held against it.
    pub value: String,
}

impl From<&Check> for CheckDto {
    fn from(check: &Check) -> Self {
        let Check { layer, passed, limit, value } = check.clone();
        Self { check: layer.name().to_owned(), passed, limit, value }
    }
}
