//! The figures of a run, every one read back from the books and the queues, none counted on the way.

use crate::desk::wiring::Desk;
use boot::Failure;
use desk::id::Asset;
use desk::ledger::LedgerAccount;
use desk::money::Amount;
use desk::order::{Leg, Order, State};
use desk::port::TableError;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use store::StoreError;
use store::rows::Outcome;
use store::verbs::AccountState;

/// The figures of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Candles stored.
    pub bars: u64,
    /// Bars that the market left out between them.
    pub missing_bars: u64,
    /// Bars without a trade.
    pub zero_volume_bars: u64,
    /// Decisions to act.
    pub signals: u64,
    /// Wishes put to risk: decisions, and the stops that protect their fills.
    pub intents: u64,
    /// Those that risk approved.
    pub approved: u64,
    /// Protective stops among these: no signal wished for them, a fill did.
    pub approved_stops: u64,
    /// Those it refused, by layer.
    pub refused: BTreeMap<String, u64>,
    /// Those a venue has accepted.
    pub posted: u64,
    /// Fills booked.
    pub fills: u64,
    /// Positions opened and closed again.
    pub trades: u64,
    /// Stops that filled.
    pub stops: u64,
    /// Orders whose outcome is not known.
    pub unknown: u64,
    /// Messages sent, by queue.
    pub messages: BTreeMap<String, u64>,
    /// Messages in the dead letters.
    pub dead_letters: u64,
    /// Transactions of the ledger, the opening included.
    pub transactions: u64,
    /// Fees paid, in quote units: those taken in what was bought count at the price of their fill.
    pub fees: String,
    /// Fees paid in assets that are neither quote nor base of a market, by asset: they have no price here.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fees_apart: BTreeMap<String, String>,
    /// The quote asset held.
    pub cash: String,
    /// Everything, at the last closes.
    pub final_equity: String,
    /// How many positions are open.
    pub open_positions: u64,
    /// What they hold, by market, in base units.
    pub positions: BTreeMap<String, String>,
    /// What the ledger's balances add up to, by asset: zero, or it is broken.
    pub ledger_imbalance: BTreeMap<String, String>,
    /// One hash over fills, postings, positions, balances and decisions.
    pub state_hash: String,
}

/// Reads the figures of a run.
///
/// # Errors
/// As the store.
pub async fn read(desk: &Desk) -> Result<Figures, Failure> {
    let account = &desk.config.account;
    let mut lines = Lines::default();
    let (bars, missing_bars, zero_volume_bars) = bars(desk).await?;
    let orders = desk.store.all_orders(account).await?;
    let decided = Decided::read(desk, &mut lines).await?;
    let fills = fills(desk, &orders, &mut lines).await?;
    let transactions = transactions(desk, &mut lines).await?;
    let state = desk.store.account_state(account).await?;
    let money = Money::read(desk, &state, &mut lines).await?;
    let mut positions = BTreeMap::new();
    let mut trades = 0;
    for (symbol, p) in &state.positions {
        trades += p.round_trips;
        lines.add(&["position", symbol.as_str(), &serde_json::to_string(p).unwrap_or_default()]);
        if p.is_open() {
            positions.insert(symbol.to_string(), p.quantity.to_string());
        }
    }
    let counts = desk.queues.queue().counts().map_err(|e| TableError::Unavailable(e.to_string()))?;
    let distinct = |keep: &dyn Fn(&Order) -> bool| {
        let wishes = orders.iter().filter(|order| keep(order)).map(|o| (o.intent.cause.clone(), o.intent.leg.tag()));
        count(wishes.collect::<BTreeSet<_>>().len())
    };
    Ok(Figures {
        bars,
        missing_bars,
        zero_volume_bars,
        signals: decided.signals,
        intents: decided.approved + decided.refused.values().sum::<u64>(),
        approved: decided.approved,
        approved_stops: decided.approved_stops,
        refused: decided.refused,
        posted: distinct(&|order| order.venue_order.is_some()),
        fills,
        trades,
        stops: distinct(&|order| matches!(order.intent.leg, Leg::Stop(_)) && !order.filled.quantity.is_zero()),
        unknown: count(orders.iter().filter(|order| order.state == State::Unknown).count()),
        messages: counts.iter().map(|(name, counts)| (name.to_string(), counts.sent)).collect(),
        dead_letters: counts.values().map(|counts| counts.dead).sum(),
        transactions,
        fees: money.fees.to_string(),
        fees_apart: money.fees_apart,
        cash: money.cash.to_string(),
        final_equity: money.equity.to_string(),
        open_positions: count(positions.len()),
        positions,
        ledger_imbalance: money.imbalance,
        state_hash: lines.hash(),
    })
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// The lines that the state's hash is over, in an order of their own.
#[derive(Default)]
struct Lines(BTreeSet<String>);

impl Lines {
    fn add(&mut self, parts: &[&str]) {
        self.0.insert(parts.join("\u{1f}"));
    }

    fn hash(self) -> String {
        let mut hasher = Sha256::new();
        for line in self.0 {
            hasher.update(line.as_bytes());
            hasher.update([b'\n']);
        }
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Candles stored, bars left out between them, bars without a trade.
async fn bars(desk: &Desk) -> Result<(u64, u64, u64), Failure> {
    let (mut stored, mut missing, mut empty) = (0, 0, 0);
    for market in &desk.config.markets {
        let (symbol, interval) = (&market.instrument.symbol, market.interval);
        let mut last: Option<desk::market::Candle> = None;
        loop {
            let after = last.map(|bar| bar.open_time);
            let page = desk.store.candles_after(symbol, interval, after, 5000).await?;
            for bar in &page {
                missing += last.and_then(|last| bar.follows(&last, interval).ok()).unwrap_or(0);
                empty += u64::from(bar.volume.is_zero());
                last = Some(*bar);
            }
            stored += count(page.len());
            if page.len() < 5000 {
                break;
            }
        }
    }
    Ok((stored, missing, empty))
}

/// What risk was asked and what it said.
///
/// Only first attempts count: a second one repeats a wish whose first order was proven never to have been placed, and
/// whether that happens depends on crashes, not on the market.
struct Decided {
    signals: u64,
    approved: u64,
    approved_stops: u64,
    refused: BTreeMap<String, u64>,
}

impl Decided {
    async fn read(desk: &Desk, lines: &mut Lines) -> Result<Self, Failure> {
        let (mut approved, mut approved_stops, mut refused) = (0, 0, BTreeMap::new());
        let decisions = desk.store.all_decisions(&desk.config.account).await?;
        for id in &decisions {
            for verdict in desk.store.verdicts(id).await?.iter().filter(|verdict| verdict.attempt == 1) {
                lines.add(&["decision", &serde_json::to_string(verdict).unwrap_or_default()]);
                match &verdict.outcome {
                    Outcome::Approved { .. } => {
                        approved += 1;
                        approved_stops += u64::from(matches!(verdict.leg, Leg::Stop(_)));
                    }
                    Outcome::Refused { layer } => *refused.entry(layer.name().to_owned()).or_default() += 1,
                }
            }
        }
        Ok(Self { signals: count(decisions.len()), approved, approved_stops, refused })
    }
}

/// How many fills there are. In the hash a fill belongs to its wish, not to the attempt that brought it.
async fn fills(desk: &Desk, orders: &[Order], lines: &mut Lines) -> Result<u64, Failure> {
    let wishes: BTreeMap<&str, (&str, String)> =
        orders.iter().map(|o| (o.intent.id.as_str(), (o.intent.cause.as_str(), o.intent.leg.tag()))).collect();
    let fills = desk.store.fills(&desk.config.account).await?;
    for fill in &fills {
        let (cause, leg) = wishes.get(fill.order.as_str()).cloned().unwrap_or(("", String::new()));
        let (price, quantity, fee) = (fill.price.to_string(), fill.quantity.to_string(), fill.fee.to_string());
        let (side, at) = (fill.side.to_string(), fill.at.ms().to_string());
        lines.add(&["fill", &fill.key(), cause, &leg, &side, &price, &quantity, &fee, fill.fee_asset.as_str(), &at]);
    }
    Ok(count(fills.len()))
}

async fn transactions(desk: &Desk, lines: &mut Lines) -> Result<u64, Failure> {
    let rows = desk.store.transactions(&desk.config.account).await?;
    for row in &rows {
        for (line, posting) in row.transaction.postings.iter().enumerate() {
            let (cause, at) = (&row.transaction.cause, row.transaction.at.ms().to_string());
            let (account, amount) = (posting.account.to_string(), posting.amount.to_string());
            lines.add(&["posting", cause, &at, &line.to_string(), &account, posting.asset.as_str(), &amount]);
        }
    }
    Ok(count(rows.len()))
}

/// What the ledger holds.
struct Money {
    cash: Amount,
    fees: Amount,
    fees_apart: BTreeMap<String, String>,
    equity: Amount,
    imbalance: BTreeMap<String, String>,
}

impl Money {
    async fn read(desk: &Desk, state: &AccountState, lines: &mut Lines) -> Result<Self, Failure> {
        let account = &desk.config.account;
        let quote = &desk.config.quote;
        let priced =
            |asset: &Asset| asset == quote || desk.config.markets.iter().any(|market| market.instrument.base == *asset);
        let valuation = desk.store.valuation(account, quote, desk.config.priced()).await?;
        let mut sums: BTreeMap<String, Amount> = BTreeMap::new();
        let mut fees_apart = BTreeMap::new();
        for ((of, asset), amount) in desk.store.balances(account).await? {
            lines.add(&["balance", &of, asset.as_str(), &amount.to_string()]);
            let sum = sums.entry(asset.to_string()).or_default();
            *sum = sum.plus(amount).map_err(StoreError::from)?;
            if of == LedgerAccount::Fees.name() && !priced(&asset) && !amount.is_zero() {
                fees_apart.insert(asset.to_string(), amount.to_string());
            }
        }
        // The positions know what a fee in base was worth when it was taken; the ledger keeps it in its own asset.
        let paid = state.positions.values().try_fold(Amount::ZERO, |sum, position| sum.plus(position.fees));
        let fees = paid.map_err(StoreError::from)?;
        let imbalance = sums.into_iter().map(|(asset, sum)| (asset, sum.to_string())).collect();
        Ok(Self { cash: valuation.cash, fees, fees_apart, equity: valuation.equity, imbalance })
    }
}
