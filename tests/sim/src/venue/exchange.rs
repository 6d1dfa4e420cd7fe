//! What the exchange does: takes orders in, fills, triggers, cancels and expires them, and keeps the balances.
//!
//! It fills market orders at the market's price, and stops at the first step of the market at or below their trigger. An
//! order may be filled in parts, and end before all of it is. It never lets a balance go below zero.

use super::semantics::{Deadline, OnDuplicate, Semantics, Uniqueness};
use crate::chance::span;
use crate::fault::{Fault, Faults};
use crate::market::Markets;
use desk::fill::Fill;
use desk::id::{AccountId, Asset, IntentId, Symbol, TradeId, VenueId, VenueOrderId};
use desk::instrument::Instrument;
use desk::money::{Amount, Bps, Fee, MoneyError, Price, Quantity, Rounding, exact};
use desk::order::{OrderKind, Side};
use desk::port::{OrderFact, VenueStatus};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, VecDeque};

/// A POST on its way.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// The client id.
    pub client_id: IntentId,
    /// In which market.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// How.
    pub kind: OrderKind,
    /// How much.
    pub quantity: Quantity,
    /// The deadline it carries.
    pub deadline: Timestamp,
    /// When it was made.
    pub made_at: Timestamp,
}

/// What a POST is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The venue has it.
    Accepted(OrderFact, Vec<Fill>),
    /// On the list of clear refusals.
    Refused(String),
    /// Anything else.
    Error(String),
}

/// An order at the venue.
#[derive(Debug, Clone)]
pub struct VenueOrder {
    /// What was asked for.
    pub new: NewOrder,
    /// The venue's name for it.
    pub name: VenueOrderId,
    /// What is filled.
    pub filled: Quantity,
    /// How it stands.
    pub status: VenueStatus,
    /// When it was taken in.
    pub accepted_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Until when nothing tells of it.
    pub(super) hidden_until: Timestamp,
    /// Until when the order endpoint does not know it.
    pub(super) forgotten_until: Timestamp,
    /// What is going to happen to it.
    plan: VecDeque<(Timestamp, Next)>,
    /// Whether a stop has been reached.
    triggered: bool,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    Fill(Quantity),
    Expire,
    Refuse,
}

/// The exchange.
#[derive(Debug)]
pub struct Exchange {
    /// Its name, as the desk knows it.
    pub id: VenueId,
    /// What it promises.
    pub semantics: Semantics,
    account: AccountId,
    instruments: BTreeMap<Symbol, Instrument>,
    pub(super) orders: Vec<VenueOrder>,
    pub(super) trades: Vec<Fill>,
    pub(super) balances: BTreeMap<Asset, Amount>,
}

/// What the exchange charges.
const FEE_BP: i64 = 10;
/// Whose faults those of the exchange itself are.
const ACTOR: &str = "venue";

impl Exchange {
    /// An exchange at which `account` holds `cash` of `quote`.
    #[must_use]
    pub fn new(
        id: VenueId,
        semantics: Semantics,
        account: AccountId,
        instruments: impl IntoIterator<Item = Instrument>,
        (quote, cash): (Asset, Amount),
    ) -> Self {
        let instruments = instruments.into_iter().map(|i| (i.symbol.clone(), i)).collect();
        let balances = BTreeMap::from([(quote, cash)]);
        Self { id, semantics, account, instruments, orders: Vec::new(), trades: Vec::new(), balances }
    }

    /// Every order it ever took in.
    #[must_use]
    pub fn orders(&self) -> &[VenueOrder] {
        &self.orders
    }

    /// Every trade.
    #[must_use]
    pub fn trades(&self) -> &[Fill] {
        &self.trades
    }

    /// What the account holds.
    #[must_use]
    pub const fn balances(&self) -> &BTreeMap<Asset, Amount> {
        &self.balances
    }

    /// A POST has arrived.
    pub fn arrive(&mut self, new: &NewOrder, now: Timestamp, markets: &Markets, faults: &mut Faults) -> Answer {
        let expires = match self.semantics.deadline {
            Deadline::Ours => new.deadline,
            Deadline::Stamp(ms) => new.made_at.plus_ms(ms),
            Deadline::OursUnlessStop(ms) => match new.kind {
                OrderKind::Market => new.deadline,
                OrderKind::StopMarket { .. } => new.made_at.plus_ms(ms),
            },
        };
        if now > expires {
            return Answer::Refused("it came too late".to_owned());
        }
        if let Some(there) =
            self.orders.iter().find(|order| order.new.client_id == new.client_id && self.taken(order, now))
        {
            return match self.semantics.duplicate {
                OnDuplicate::Error => Answer::Error("duplicate client id".to_owned()),
                OnDuplicate::ReturnsOrder => Answer::Accepted(there.fact(), Vec::new()),
            };
        }
        match self.payable(new, now, markets) {
            Ok(true) => {}
            Ok(false) => return Answer::Refused("insufficient balance".to_owned()),
            Err(error) => return Answer::Error(error.to_string()),
        }
        let Ok(name) = VenueOrderId::new(format!("V{}", self.orders.len() + 1)) else {
            return Answer::Error("no name".to_owned());
        };
        let order = self.taken_in(new, name, now, faults);
        self.orders.push(order);
        let known = self.trades.len();
        self.play(now, markets);
        let fact = self.orders.last().map(VenueOrder::fact);
        let fills = self.trades.get(known..).unwrap_or_default().iter();
        let fills = fills.filter(|fill| fill.order == new.client_id).cloned().collect();
        match fact {
            Some(fact) if self.semantics.acknowledges => {
                Answer::Accepted(OrderFact { status: VenueStatus::Open, filled: Quantity::ZERO, ..fact }, Vec::new())
            }
            Some(fact) => Answer::Accepted(fact, fills),
            None => Answer::Error("lost".to_owned()),
        }
    }

    /// Whether an order still keeps its client id for itself.
    fn taken(&self, order: &VenueOrder, now: Timestamp) -> bool {
        let open = order.status == VenueStatus::Open;
        match self.semantics.unique {
            Uniqueness::WhileOpen => open,
            Uniqueness::UnfilledFor(ms) => open || (order.filled.is_zero() && now.ms_since(order.accepted_at) < ms),
            Uniqueness::Ever => true,
        }
    }

    fn payable(&self, new: &NewOrder, now: Timestamp, markets: &Markets) -> Result<bool, MoneyError> {
        let (Some(instrument), Some(price)) = (self.instruments.get(&new.symbol), markets.price(&new.symbol, now))
        else {
            return Ok(false);
        };
        let held = |asset: &Asset| self.balances.get(asset).copied().unwrap_or_default();
        match new.side {
            Side::Buy => Ok(price.notional(new.quantity)?.amount() <= held(&instrument.quote)),
            Side::Sell => {
                let of_market = |order: &&VenueOrder| order.new.symbol == new.symbol && order.new.side == Side::Sell;
                let mut free = held(&instrument.base);
                for order in self.orders.iter().filter(|o| o.status == VenueStatus::Open).filter(of_market) {
                    free = free.minus(order.new.quantity.minus(order.filled)?.amount()?)?;
                }
                Ok(new.quantity.amount()? <= free)
            }
        }
    }

    fn taken_in(&self, new: &NewOrder, name: VenueOrderId, now: Timestamp, faults: &mut Faults) -> VenueOrder {
        let visit = faults.visit(ACTOR, "accept");
        let number = |faults: &Faults, of| faults.number(ACTOR, "accept", visit, of);
        let lag = match faults.fires(ACTOR, "accept", visit, &[Fault::QueryLag]) {
            Some(_) => span(number(faults, "lag"), 1, self.semantics.lag_ms),
            None => 0,
        };
        let forgets = self.semantics.forgets && faults.fires(ACTOR, "accept", visit, &[Fault::Forgets]).is_some();
        let forgotten = if forgets { span(number(faults, "forgets"), 5_000, 300_000) } else { 0 };
        let mut order = VenueOrder {
            new: new.clone(),
            name,
            filled: Quantity::ZERO,
            status: VenueStatus::Open,
            accepted_at: now,
            ended_at: None,
            hidden_until: now.plus_ms(lag),
            forgotten_until: now.plus_ms(forgotten),
            plan: VecDeque::new(),
            triggered: false,
        };
        let parts = faults.fires(ACTOR, "accept", visit, &[Fault::InParts]).is_some();
        let ends = faults.fires(ACTOR, "accept", visit, &[Fault::VenueExpires]).is_some();
        let refused =
            self.semantics.acknowledges && faults.fires(ACTOR, "accept", visit, &[Fault::RefusedLater]).is_some();
        match new.kind {
            _ if refused => {
                let at = now.plus_ms(span(number(faults, "refused"), 0, 500));
                order.plan.push_back((at, Next::Refuse));
            }
            OrderKind::Market => {
                let delay = if self.semantics.acknowledges { span(number(faults, "delay"), 0, 900) } else { 0 };
                order.plan = self.parts(new, now.plus_ms(delay), if parts { number(faults, "parts") } else { 0 });
                if ends {
                    let at = now.plus_ms(span(number(faults, "ends"), 0, 15_000));
                    order.plan.retain(|(due, _)| *due < at);
                    order.plan.push_back((at, Next::Expire));
                }
            }
            OrderKind::StopMarket { .. } if ends => {
                order.plan.push_back((now.plus_ms(span(number(faults, "ends"), 0, 240_000)), Next::Expire));
            }
            OrderKind::StopMarket { .. } => {}
        }
        order
    }

    /// A quantity in up to three parts, some seconds apart; in one for `bits` of 0.
    fn parts(&self, new: &NewOrder, from: Timestamp, bits: u64) -> VecDeque<(Timestamp, Next)> {
        let whole = VecDeque::from([(from, Next::Fill(new.quantity))]);
        let lot = self.instruments.get(&new.symbol).map_or(Decimal::ONE, |i| i.lot.value());
        let third = exact::onto(
            new.quantity.value() / Decimal::from(3 - i64::from(bits.is_multiple_of(2))),
            lot,
            Rounding::Floor,
        );
        let part = third.and_then(Quantity::new).unwrap_or(Quantity::ZERO);
        if bits == 0 || part.is_zero() {
            return whole;
        }
        let (mut left, mut at, mut plan) = (new.quantity, from, VecDeque::new());
        while let Ok(rest) = left.minus(part) {
            let (this, next) = if rest < part { (left, Quantity::ZERO) } else { (part, rest) };
            plan.push_back((at, Next::Fill(this)));
            at = at.plus_ms(span(bits >> 8, 100, 20_000));
            left = next;
            if left.is_zero() {
                break;
            }
        }
        plan
    }

    /// When something happens next by itself.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let open = self.orders.iter().filter(|order| order.can_fill());
        open.filter_map(|order| order.plan.front().map(|(at, _)| *at)).min()
    }

    /// Lets everything happen that is due at `now`.
    pub fn play(&mut self, now: Timestamp, markets: &Markets) {
        for index in 0..self.orders.len() {
            if self.reached(index, now, markets) {
                let parts = self.orders.get(index).map(|order| self.parts(&order.new, now, 0));
                if let (Some(order), Some(parts)) = (self.orders.get_mut(index), parts) {
                    (order.triggered, order.plan) = (true, parts);
                }
            }
            while let Some(next) = self.due(index, now) {
                match next {
                    Next::Fill(quantity) if self.fill(index, quantity, now, markets).is_some() => {}
                    Next::Fill(_) | Next::Expire => self.expire(index, now),
                    Next::Refuse => self.end(index, VenueStatus::Rejected, now),
                }
            }
        }
    }

    fn reached(&self, index: usize, now: Timestamp, markets: &Markets) -> bool {
        let Some(order) = self.orders.get(index) else { return false };
        match order.new.kind {
            OrderKind::StopMarket { trigger } if order.status == VenueStatus::Open && !order.triggered => {
                markets.price(&order.new.symbol, now).is_some_and(|price| price <= trigger)
            }
            OrderKind::StopMarket { .. } | OrderKind::Market => false,
        }
    }

    fn due(&mut self, index: usize, now: Timestamp) -> Option<Next> {
        let order = self.orders.get_mut(index).filter(|order| order.can_fill())?;
        order.plan.front().filter(|(at, _)| *at <= now)?;
        order.plan.pop_front().map(|(_, next)| next)
    }

    fn expire(&mut self, index: usize, now: Timestamp) {
        if self.orders.get(index).is_some_and(|order| order.status == VenueStatus::Open) {
            self.end(index, VenueStatus::Expired, now);
        }
    }

    fn end(&mut self, index: usize, status: VenueStatus, now: Timestamp) {
        if let Some(order) = self.orders.get_mut(index) {
            (order.status, order.ended_at) = (status, Some(now));
            order.plan.clear();
        }
    }

    /// Makes a trade; `None` if it can't be paid.
    fn fill(&mut self, index: usize, quantity: Quantity, now: Timestamp, markets: &Markets) -> Option<()> {
        let order = self.orders.get(index)?;
        let instrument = self.instruments.get(&order.new.symbol)?;
        let price = markets.price(&order.new.symbol, now)?;
        let trade = TradeId::new(format!("{:06}", self.trades.len() + 1)).ok()?;
        let (fee, fee_asset) = self.fee(&order.new, price, quantity, instrument)?;
        let fill = Fill {
            venue: self.id.clone(),
            account: self.account.clone(),
            symbol: order.new.symbol.clone(),
            trade,
            order: order.new.client_id.clone(),
            side: order.new.side,
            price,
            quantity,
            fee,
            fee_asset,
            at: now,
        };
        self.balances = paid(&self.balances, &fill, instrument).ok()?;
        let filled = order.filled.plus(quantity).ok()?;
        let order = self.orders.get_mut(index)?;
        order.filled = filled;
        if filled == order.new.quantity {
            (order.status, order.ended_at) = (VenueStatus::Filled, Some(now));
        }
        self.trades.push(fill);
        Some(())
    }

    fn fee(&self, new: &NewOrder, price: Price, quantity: Quantity, instrument: &Instrument) -> Option<(Fee, Asset)> {
        let rate = Bps::new(Decimal::from(FEE_BP)).ok()?;
        if self.semantics.fee_in_base && new.side == Side::Buy {
            let fee = quantity.amount().ok()?.times(rate.fraction().ok()?, Rounding::Floor).ok()?;
            return Some((Fee::new(fee).ok()?, instrument.base.clone()));
        }
        Some((price.notional(quantity).ok()?.fee(rate).ok()?, instrument.quote.clone()))
    }

    /// Cancels what still works of an order; `None` if it has none of that name. Now and then the cancel races with a fill
    /// that is told of later.
    pub fn cancel(&mut self, client_id: &IntentId, now: Timestamp, faults: &mut Faults) -> Option<()> {
        let index = self.orders.iter().rposition(|order| order.new.client_id == *client_id)?;
        let order = self.orders.get(index)?;
        if order.status != VenueStatus::Open {
            return Some(());
        }
        let rest = order.new.quantity.minus(order.filled).ok()?;
        self.end(index, VenueStatus::Cancelled, now);
        let visit = faults.visit(ACTOR, "cancel");
        if faults.fires(ACTOR, "cancel", visit, &[Fault::FillAfterCancel]).is_some() {
            let at = now.plus_ms(span(faults.number(ACTOR, "cancel", visit, "race"), 20, 3_000));
            self.orders.get_mut(index)?.plan = VecDeque::from([(at, Next::Fill(rest))]);
        }
        Some(())
    }
}

impl VenueOrder {
    /// Whether something may still be traded: of one that was cancelled, what raced with the cancel.
    const fn can_fill(&self) -> bool {
        matches!(self.status, VenueStatus::Open | VenueStatus::Cancelled)
    }

    /// What the venue says about it.
    #[must_use]
    pub fn fact(&self) -> OrderFact {
        OrderFact {
            order: self.new.client_id.clone(),
            venue_order: self.name.clone(),
            status: self.status,
            filled: self.filled,
        }
    }
}

/// The balances after a trade.
fn paid(
    balances: &BTreeMap<Asset, Amount>,
    fill: &Fill,
    instrument: &Instrument,
) -> Result<BTreeMap<Asset, Amount>, MoneyError> {
    let (base, notional) = (fill.quantity.amount()?, fill.notional()?.amount());
    let (base, quote) = match fill.side {
        Side::Buy => (base, notional.negated()),
        Side::Sell => (base.negated(), notional),
    };
    let mut next = balances.clone();
    let moves = [(&instrument.base, base), (&instrument.quote, quote), (&fill.fee_asset, fill.fee.amount().negated())];
    for (asset, change) in moves {
        let balance = next.entry(asset.clone()).or_default();
        *balance = balance.plus(change)?;
    }
    match next.values().find(|balance| balance.is_negative()) {
        Some(short) => Err(MoneyError::Range { what: "balance", value: short.to_string(), range: "zero or more" }),
        None => Ok(next),
    }
}
