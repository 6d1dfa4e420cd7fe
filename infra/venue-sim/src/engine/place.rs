//! Placing, checking and canceling orders.

use super::matching::Ending;
use super::refusal::Refusal;
use super::rules::Standing;
use super::types::{AccountId, Event, Execution, Kind, Ms, NewOrder, Order, Side, Status};
use super::{Engine, Which};
use rust_decimal::Decimal;

/// Which orders a cancel is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restriction {
    /// Any open one.
    None,
    /// Only without a fill.
    OnlyNew,
    /// Only with a fill.
    OnlyPartiallyFilled,
}

impl Engine {
    /// Whether an order would be accepted now. Places nothing.
    ///
    /// # Errors
    /// The refusal it would meet.
    pub fn check(&self, account: AccountId, order: &NewOrder) -> Result<(), Refusal> {
        let market = self.market(&order.symbol)?;
        market.rules.filter(order, &self.standing(account, order)?)?;
        if self.name_taken(account, &order.symbol, &order.client_id) {
            return Err(Refusal::order("Duplicate order sent."));
        }
        if order.kind.is_stop() && market.tape.last().is_some_and(|last| triggers(order, last)) {
            return Err(Refusal::order("Order would trigger immediately."));
        }
        if order.kind == Kind::LimitMaker && self.would_take(order) {
            return Err(Refusal::order("Order would immediately match and take."));
        }
        Ok(())
    }

    /// Places an order, and matches it. The answer is its number.
    ///
    /// # Errors
    /// Why it was refused; nothing has changed then.
    pub fn place(&mut self, account: AccountId, new: &NewOrder, now: Ms) -> Result<u64, Refusal> {
        self.check(account, new)?;
        self.check_market_funds(account, new)?;
        let id = self.admit(account, new, None, now);
        if self.hold(id).is_err() {
            self.forget(id);
            return Err(Refusal::funds());
        }
        self.start(id, now);
        self.settle_down(&new.symbol, now);
        Ok(id)
    }

    /// Cancels an order, and the other one of its pair. The answer is their numbers.
    ///
    /// # Errors
    /// -2011 if there is no such open order.
    pub fn cancel(
        &mut self,
        account: AccountId,
        symbol: &str,
        which: Which<'_>,
        only: Restriction,
        cancel_id: &str,
        now: Ms,
    ) -> Result<Vec<u64>, Refusal> {
        let order =
            self.find(account, symbol, which).filter(|order| order.status.is_open()).ok_or_else(Refusal::cancel)?;
        let allowed = match only {
            Restriction::None => true,
            Restriction::OnlyNew => order.status == Status::New,
            Restriction::OnlyPartiallyFilled => order.status == Status::PartiallyFilled,
        };
        if !allowed {
            return Err(Refusal::new(-2011, "Order was not canceled due to cancel restrictions."));
        }
        let ids = order
            .list
            .and_then(|list| self.lists.get(&list))
            .map_or_else(|| vec![order.id], |list| list.orders.clone());
        for id in &ids {
            if let Some(order) = self.orders.get_mut(id) {
                order.cancel_id = Some(cancel_id.to_owned());
            }
            self.end(*id, Ending::Canceled, now);
        }
        self.finish(now);
        Ok(ids)
    }

    /// Takes an order out by the exchange's own decision: as rejected after all, or as expired.
    pub fn take_out(&mut self, id: u64, rejected: bool, now: Ms) {
        let ending = if rejected { Ending::Rejected } else { Ending::Expired(super::types::Expiry::ExchangeCanceled) };
        self.end(id, ending, now);
        self.finish(now);
    }

    pub(super) fn standing(&self, account: AccountId, order: &NewOrder) -> Result<Standing, Refusal> {
        let market = self.market(&order.symbol)?;
        let balance = self.ledger.balance(account, &market.rules.base);
        let mut standing =
            Standing { last: market.tape.last(), position: balance.free + balance.locked, ..Standing::default() };
        for other in self.open_orders(account).filter(|other| other.symbol == order.symbol) {
            standing.open += 1;
            standing.algo += usize::from(other.kind.is_stop());
            if other.side == Side::Buy {
                standing.position += other.remaining();
            }
        }
        Ok(standing)
    }

    pub(super) fn name_taken(&self, account: AccountId, symbol: &str, name: &str) -> bool {
        let newest = self.names.get(&(account, symbol.to_owned(), name.to_owned()));
        !name.is_empty() && newest.and_then(|id| self.orders.get(id)).is_some_and(|order| order.status.is_open())
    }

    pub(super) fn would_take(&self, order: &NewOrder) -> bool {
        let best = self.market(&order.symbol).ok().and_then(|market| market.book.best(order.side.opposite()));
        best.is_some_and(|(price, _)| super::book::crosses(order.side, order.price, price))
    }

    /// Makes the order known, without funds and without a match.
    pub(super) fn admit(&mut self, account: AccountId, new: &NewOrder, list: Option<u64>, now: Ms) -> u64 {
        self.order_id += 1;
        let id = self.order_id;
        let house = self.is_house(account);
        let client_id = if new.client_id.is_empty() && !house { format!("sim{id:019}") } else { new.client_id.clone() };
        let order = Order {
            id,
            account,
            symbol: new.symbol.clone(),
            client_id: client_id.clone(),
            cancel_id: None,
            list,
            side: new.side,
            kind: new.kind,
            tif: new.tif,
            stp: new.stp,
            price: new.price,
            stop_price: new.stop_price,
            quantity: new.quantity,
            quote_quantity: new.quote_quantity,
            executed: Decimal::ZERO,
            executed_quote: Decimal::ZERO,
            status: Status::New,
            working: !new.kind.is_stop(),
            placed_at: now,
            updated_at: now,
            working_at: (!new.kind.is_stop()).then_some(now),
            held: Decimal::ZERO,
            expiry: None,
            prevented: Decimal::ZERO,
            prevented_match: None,
            strategy: new.strategy,
            resting: false,
        };
        if !house {
            self.history.entry((account, new.symbol.clone())).or_default().push(id);
            self.names.insert((account, new.symbol.clone(), client_id), id);
        }
        self.orders.insert(id, order);
        self.open.entry(account).or_default().insert(id);
        id
    }

    /// Locks what an order needs.
    pub(super) fn hold(&mut self, id: u64) -> Result<(), super::ledger::Short> {
        let Some(order) = self.orders.get(&id) else { return Ok(()) };
        let (account, need) = (order.account, order.need());
        let Some(asset) = self.markets.get(&order.symbol).map(|market| market.rules.given(order.side).to_owned())
        else {
            return Ok(());
        };
        if need.is_zero() {
            return Ok(());
        }
        self.ledger.lock(account, &asset, need)?;
        if let Some(order) = self.orders.get_mut(&id) {
            order.held = need;
        }
        self.note(account, &asset);
        Ok(())
    }

    /// Tells that an order is there, and sets it to work.
    pub(super) fn start(&mut self, id: u64, now: Ms) {
        self.report(id, Execution::New, None, now);
        let Some(order) = self.orders.get(&id) else { return };
        if order.kind.is_stop() {
            if let Some(market) = self.markets.get_mut(&order.symbol) {
                market.stops.insert(id);
            }
        } else {
            self.execute(id, now);
        }
    }

    /// Releases stop orders until no more is reached, then tells the rest.
    pub(super) fn settle_down(&mut self, symbol: &str, now: Ms) {
        self.release_stops(symbol, now);
        self.finish(now);
        debug_assert_eq!(self.ledger.audit(), Ok(()));
    }

    /// Undoes [`Engine::admit`].
    pub(super) fn forget(&mut self, id: u64) {
        let Some(order) = self.orders.remove(&id) else { return };
        if let Some(open) = self.open.get_mut(&order.account) {
            open.remove(&id);
        }
        let market = (order.account, order.symbol.clone());
        let mut older = None;
        if let Some(history) = self.history.get_mut(&market) {
            history.retain(|other| *other != id);
            older = history
                .iter()
                .rev()
                .copied()
                .find(|other| self.orders.get(other).is_some_and(|o| o.client_id == order.client_id));
        }
        let name = (order.account, order.symbol, order.client_id);
        match older {
            Some(older) => self.names.insert(name, older),
            None => self.names.remove(&name),
        };
    }

    /// A market order has nothing locked: what it will cost is looked up in the book before.
    fn check_market_funds(&self, account: AccountId, new: &NewOrder) -> Result<(), Refusal> {
        if new.kind != Kind::Market {
            return Ok(());
        }
        let market = self.market(&new.symbol)?;
        let free = self.ledger.balance(account, market.rules.given(new.side)).free;
        let need = match (new.side, new.quantity.is_zero()) {
            (Side::Buy, true) => new.quote_quantity,
            (Side::Buy, false) => market.book.reach(Side::Buy, None, new.quantity).1,
            (Side::Sell, false) => new.quantity,
            (Side::Sell, true) => {
                let (mut base, mut quote) = (Decimal::ZERO, new.quote_quantity);
                for (price, total) in market.book.levels(Side::Buy) {
                    let take = total.min(quote / price);
                    base += take;
                    quote -= take * price;
                    if quote <= Decimal::ZERO {
                        break;
                    }
                }
                base
            }
        };
        if need > free { Err(Refusal::funds()) } else { Ok(()) }
    }

    pub(super) fn tell_list(&mut self, list: u64, now: Ms) {
        let Some(pair) = self.lists.get_mut(&list) else { return };
        let open = pair.orders.iter().any(|id| self.orders.get(id).is_some_and(|order| order.status.is_open()));
        if pair.done == open {
            pair.done = !open;
        }
        pair.at = now;
        let pair = pair.clone();
        if self.is_house(pair.account) {
            return;
        }
        let orders =
            pair.orders.iter().filter_map(|id| self.orders.get(id)).map(|order| (order.id, order.client_id.clone()));
        let orders = orders.collect();
        self.events.push(Event::List(pair, orders));
    }
}

/// Whether a price reaches a stop order.
fn triggers(order: &NewOrder, last: Decimal) -> bool {
    if order.kind.triggers_above(order.side) { last >= order.stop_price } else { last <= order.stop_price }
}
