//! What the exchange does: takes orders in, fills, triggers, cancels and expires them, and keeps the balances.
//!
//! It fills market orders at the market's price, and stops at the first step of the market at or below their trigger. An
//! order may be filled in parts, and end before all of it is. It never lets a balance go below zero.

use super::semantics::{Deadline, OnDuplicate, Semantics, Uniqueness};
use crate::chance::span;
use crate::fault::{Fault, Faults};
use crate::market::Markets;
use desk::fill::Fill;
use desk::id::{AccountId, Asset, IntentId, Symbol, VenueId, VenueOrderId};
use desk::instrument::Instrument;
use desk::money::{Amount, MoneyError, Quantity, Rounding, exact};
use desk::movement::Movement;
use desk::order::{OrderKind, Side};
use desk::port::{OrderFact, VenueStatus};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

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

/// What a POST or a cancel is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The venue has it.
    Accepted(OrderFact, Vec<Fill>),
    /// On the list of clear refusals.
    Refused(String),
    /// The cancel was taken.
    Taken,
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
    pub(super) triggered: bool,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    Fill(Quantity),
    Expire,
    Refuse,
    Cancel,
    /// What is left is filled after all.
    Late,
}

/// The exchange.
#[derive(Debug)]
pub struct Exchange {
    /// Its name, as the desk knows it.
    pub id: VenueId,
    /// What it promises.
    pub semantics: Semantics,
    pub(super) account: AccountId,
    pub(super) instruments: BTreeMap<Symbol, Instrument>,
    pub(super) by_hand: BTreeSet<IntentId>,
    /// What moved without a trade, and from when on the history tells of it.
    pub(super) movements: Vec<(Timestamp, Movement)>,
    pub(super) orders: Vec<VenueOrder>,
    pub(super) trades: Vec<Fill>,
    pub(super) balances: BTreeMap<Asset, Amount>,
}

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
        let (by_hand, movements) = (BTreeSet::new(), Vec::new());
        let (orders, trades) = (Vec::new(), Vec::new());
        Self { id, semantics, account, instruments, by_hand, movements, orders, trades, balances }
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

    /// Until when a POST is taken in.
    #[must_use]
    pub const fn expires(&self, new: &NewOrder) -> Timestamp {
        match (self.semantics.deadline, new.kind) {
            (Deadline::Ours, _) | (Deadline::OursUnlessStop(_), OrderKind::Market) => new.deadline,
            (Deadline::Stamp(ms), _) | (Deadline::OursUnlessStop(ms), OrderKind::StopMarket { .. }) => {
                new.made_at.plus_ms(ms)
            }
        }
    }

    /// A POST has arrived.
    pub fn arrive(&mut self, new: &NewOrder, now: Timestamp, markets: &Markets, faults: &mut Faults) -> Answer {
        if now > self.expires(new) {
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
            Side::Sell => Ok(new.quantity.amount()? <= held(&instrument.base).minus(self.on_sale(&new.symbol)?)?),
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
                    // One in two finds nobody to trade with, and ends at once.
                    let bits = number(faults, "ends");
                    let at = now.plus_ms(if bits.is_multiple_of(2) { 0 } else { span(bits, 0, 15_000) });
                    order.plan.retain(|(due, _)| *due < at);
                    order.plan.push_back((at, Next::Expire));
                }
            }
            OrderKind::StopMarket { .. } if ends => {
                order.plan.push_back((now.plus_ms(span(number(faults, "ends"), 0, 240_000)), Next::Expire));
            }
            OrderKind::StopMarket { .. } => {}
        }
        if (refused || ends) && faults.fires(ACTOR, "accept", visit, &[Fault::FillAfterEnd]).is_some() {
            let ended = order.plan.back().map_or(now, |(at, _)| *at);
            order.plan.push_back((ended.plus_ms(span(number(faults, "late"), 20, 90_000)), Next::Late));
        }
        if faults.fires(ACTOR, "accept", visit, &[Fault::HandCancel]).is_some() {
            let at = now.plus_ms(span(number(faults, "cancelled"), 0, 4_000));
            order.plan.retain(|(due, _)| *due < at);
            order.plan.push_back((at, Next::Cancel));
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
                    Next::Late => drop(self.fill_late(index, now, markets)),
                    Next::Fill(_) | Next::Expire => self.expire(index, now),
                    Next::Refuse => self.end(index, VenueStatus::Rejected, now),
                    Next::Cancel => self.end(index, VenueStatus::Cancelled, now),
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

    /// What raced with the end of an order, and is told of afterwards; nothing if it can't be paid any more.
    fn fill_late(&mut self, index: usize, now: Timestamp, markets: &Markets) -> Option<()> {
        let order = self.orders.get(index)?;
        // What a venue has ended of itself and has no more, it does not fill: else nothing could be proven to be absent.
        if matches!(order.status, VenueStatus::Rejected | VenueStatus::Expired) && self.is_gone(order, now) {
            return None;
        }
        let rest = order.new.quantity.minus(order.filled).ok().filter(|rest| !rest.is_zero())?;
        self.fill(index, rest, now, markets)
    }

    fn expire(&mut self, index: usize, now: Timestamp) {
        if self.orders.get(index).is_some_and(|order| order.status == VenueStatus::Open) {
            self.end(index, VenueStatus::Expired, now);
        }
    }

    /// An order that nothing else happens to ends at `at`.
    pub(super) fn end_at(&mut self, client_id: &IntentId, at: Timestamp) {
        if let Some(order) = self.orders.iter_mut().rfind(|order| order.new.client_id == *client_id) {
            order.plan.push_back((at, Next::Expire));
        }
    }

    fn end(&mut self, index: usize, status: VenueStatus, now: Timestamp) {
        if let Some(order) = self.orders.get_mut(index) {
            (order.status, order.ended_at) = (status, Some(now));
            order.plan.retain(|(_, next)| matches!(next, Next::Late));
        }
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
            let bits = faults.number(ACTOR, "cancel", visit, "race");
            let at = now.plus_ms(span(bits >> 1, 20, if bits.is_multiple_of(2) { 3_000 } else { 90_000 }));
            self.orders.get_mut(index)?.plan = VecDeque::from([(at, Next::Fill(rest))]);
        }
        Some(())
    }
}

impl VenueOrder {
    /// Whether something may still be traded: of one that has ended, what raced with its end.
    const fn can_fill(&self) -> bool {
        !matches!(self.status, VenueStatus::Filled)
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
