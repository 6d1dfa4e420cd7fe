//! Matching by price and time, settlement, and the end of orders.

use super::Engine;
use super::book::crosses;
use super::types::{AccountId, Event, Execution, Expiry, FEES, Fill, Kind, Ms, Order, Side, Status, Stp, Tif};
use rust_decimal::{Decimal, RoundingStrategy};

/// How an order ends without a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Canceled,
    Rejected,
    Expired(Expiry),
    /// By self-trade prevention, with the match's number.
    Prevented(u64),
}

impl Engine {
    /// Matches an order that works, and does with the rest what its type says.
    pub(super) fn execute(&mut self, id: u64, now: Ms) {
        let Some(order) = self.orders.get(&id) else { return };
        let (symbol, side, price, tif) = (order.symbol.clone(), order.side, order.price, order.tif);
        let limit = order.kind.has_price().then_some(price);
        let remaining = order.remaining();
        let Some(market) = self.markets.get(&symbol) else { return };
        if tif == Tif::Fok && limit.is_some() && market.book.reach(side, limit, remaining).0 < remaining {
            return self.end(id, Ending::Expired(Expiry::UnfilledFok), now);
        }
        self.cross(id, limit, now);
        let Some(order) = self.orders.get_mut(&id).filter(|order| order.status.is_open()) else { return };
        match (limit, tif) {
            (None, _) => self.end(id, Ending::Expired(Expiry::InsufficientLiquidity), now),
            (Some(_), Tif::Ioc) => self.end(id, Ending::Expired(Expiry::UnfilledIoc), now),
            (Some(_), Tif::Fok) => self.end(id, Ending::Expired(Expiry::UnfilledFok), now),
            (Some(price), Tif::Gtc) => {
                order.resting = true;
                let rest = order.remaining();
                if let Some(market) = self.markets.get_mut(&symbol) {
                    market.book.add(side, price, id, rest);
                }
            }
        }
    }

    /// Takes from the book as long as prices cross.
    fn cross(&mut self, id: u64, limit: Option<Decimal>, now: Ms) {
        loop {
            let Some(taker) = self.orders.get(&id).filter(|order| order.status.is_open()) else { return };
            let Some(market) = self.markets.get(&taker.symbol) else { return };
            let Some((price, maker_id)) = market.book.best(taker.side.opposite()) else { return };
            if limit.is_some_and(|limit| !crosses(taker.side, limit, price)) {
                return;
            }
            let Some(maker) = self.orders.get(&maker_id) else { return };
            if maker.account == taker.account && taker.stp != Stp::None {
                self.prevent(id, maker_id, taker.stp, now);
                continue;
            }
            let step = market.rules.step();
            let wanted = if taker.by_quote() {
                floor((taker.quote_quantity - taker.executed_quote) / price, step)
            } else {
                taker.remaining()
            };
            let quantity = wanted.min(maker.remaining());
            if quantity.is_zero() {
                // An order by quote amount has spent what a whole step can be bought for.
                if !taker.executed.is_zero() {
                    self.complete(id, now);
                }
                return;
            }
            self.trade(id, maker_id, price, quantity, now);
        }
    }

    /// An order by quote amount is filled although some of its amount is left.
    fn complete(&mut self, id: u64, now: Ms) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        order.status = Status::Filled;
        order.updated_at = now;
        let account = order.account;
        if let Some(open) = self.open.get_mut(&account) {
            open.remove(&id);
        }
        // The last trade's report was sent as partially filled: correct what the stream says.
        if let Some(Event::Report(report)) =
            self.events.iter_mut().rev().find(|event| matches!(event, Event::Report(report) if report.order.id == id))
        {
            report.order.status = Status::Filled;
        }
        self.drop_house_order(id);
    }

    fn prevent(&mut self, taker: u64, maker: u64, mode: Stp, now: Ms) {
        self.match_id += 1;
        let number = self.match_id;
        if matches!(mode, Stp::ExpireMaker | Stp::ExpireBoth) {
            self.end(maker, Ending::Prevented(number), now);
        }
        if matches!(mode, Stp::ExpireTaker | Stp::ExpireBoth) {
            self.end(taker, Ending::Prevented(number), now);
        }
    }

    /// One trade: funds, fees, orders, the tape, and what is told.
    fn trade(&mut self, taker: u64, maker: u64, price: Decimal, quantity: Decimal, now: Ms) {
        self.begin_leg(maker, now);
        let Some((symbol, side)) = self.orders.get(&taker).map(|order| (order.symbol.clone(), order.side)) else {
            return;
        };
        let Some(market) = self.markets.get_mut(&symbol) else { return };
        let (base, quote) = (market.rules.base.clone(), market.rules.quote.clone());
        let public = market.tape.push(price, quantity, now, side == Side::Sell, taker);
        market.swing = Some(market.swing.map_or((price, price), |(low, high)| (low.min(price), high.max(price))));
        market.book.reduce(side.opposite(), price, maker, quantity);
        let cost = price * quantity;
        self.unhold(taker, price, quantity);
        self.unhold(maker, price, quantity);
        let account = |engine: &Self, id| engine.orders.get(&id).map_or(FEES, |order| order.account);
        let (taking, making) = (account(self, taker), account(self, maker));
        let (buyer, seller) = if side == Side::Buy { (taking, making) } else { (making, taking) };
        self.ledger.transfer(buyer, seller, &quote, cost);
        self.ledger.transfer(seller, buyer, &base, quantity);
        self.events.push(Event::Trade(symbol.clone(), public));
        for (id, resting) in [(taker, false), (maker, true)] {
            let Some(order) = self.orders.get_mut(&id) else { continue };
            order.executed += quantity;
            order.executed_quote += cost;
            order.updated_at = now;
            if order.by_quote() {
                order.quantity = order.executed;
            }
            let full = if order.by_quote() {
                order.executed_quote == order.quote_quantity
            } else {
                order.remaining().is_zero()
            };
            order.status = if full { Status::Filled } else { Status::PartiallyFilled };
            let (account, own, list) = (order.account, order.side, order.list);
            let received = if own == Side::Buy { (base.clone(), quantity) } else { (quote.clone(), cost) };
            let (commission_asset, commission) = self.charge(account, resting, received, &quote, cost);
            let fill = Fill {
                trade_id: public.id,
                symbol: symbol.clone(),
                order_id: id,
                list,
                side: own,
                price,
                quantity,
                quote: cost,
                commission,
                commission_asset: commission_asset.clone(),
                at: now,
                maker: resting,
            };
            for asset in [&base, &quote, &commission_asset] {
                self.note(account, asset);
            }
            if !self.is_house(account) {
                self.fills.entry(account).or_default().push(fill.clone());
            }
            if full {
                self.close(id);
            }
            self.report(id, Execution::Trade, Some(fill), now);
            if full {
                if let Some(list) = list {
                    self.tell_list(list, now);
                }
                self.drop_house_order(id);
            }
        }
    }

    /// Takes the commission: of what was received, or in another asset where the account has enough of it.
    fn charge(
        &mut self,
        account: AccountId,
        resting: bool,
        received: (String, Decimal),
        quote: &str,
        cost: Decimal,
    ) -> (String, Decimal) {
        let Some(terms) = self.accounts.get(account.0) else { return received };
        let rate = if resting { terms.maker } else { terms.taker };
        let cut = |amount: Decimal| (amount * rate).round_dp_with_strategy(8, RoundingStrategy::ToZero);
        if let Some(asset) = terms.fee_asset.clone().filter(|asset| *asset != received.0) {
            let price = if asset == quote {
                Some(Decimal::ONE)
            } else {
                self.markets.get(&format!("{asset}{quote}")).and_then(|market| market.tape.last())
            };
            let fee = price.filter(|price| !price.is_zero()).map(|price| cut(cost / price));
            if let Some(fee) = fee.filter(|fee| self.ledger.balance(account, &asset).free >= *fee) {
                self.ledger.transfer(account, FEES, &asset, fee);
                return (asset, fee);
            }
        }
        let fee = cut(received.1);
        self.ledger.transfer(account, FEES, &received.0, fee);
        (received.0, fee)
    }

    /// Frees what an order had locked for a part that is about to be paid.
    fn unhold(&mut self, id: u64, price: Decimal, quantity: Decimal) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        if order.held.is_zero() {
            return;
        }
        let limit = if order.kind.has_price() { order.price } else { price };
        let part = if order.side == Side::Buy { limit * quantity } else { quantity };
        order.held -= part;
        let (account, side, symbol) = (order.account, order.side, order.symbol.clone());
        self.free(account, &symbol, side, part);
    }

    pub(super) fn free(&mut self, account: AccountId, symbol: &str, side: Side, amount: Decimal) {
        let Some(asset) = self.markets.get(symbol).map(|market| market.rules.given(side).to_owned()) else { return };
        self.ledger.unlock(account, &asset, amount);
        self.note(account, &asset);
    }

    /// Ends an open order, frees its funds, and tells it.
    pub(super) fn end(&mut self, id: u64, ending: Ending, now: Ms) {
        let Some(order) = self.orders.get_mut(&id).filter(|order| order.status.is_open()) else { return };
        let (status, execution) = match ending {
            Ending::Canceled => (Status::Canceled, Execution::Canceled),
            Ending::Rejected => (Status::Rejected, Execution::Rejected),
            Ending::Expired(reason) => {
                order.expiry = Some(reason);
                (Status::Expired, Execution::Expired)
            }
            Ending::Prevented(number) => {
                order.prevented = order.remaining();
                order.prevented_match = Some(number);
                (Status::ExpiredInMatch, Execution::TradePrevention)
            }
        };
        order.status = status;
        order.updated_at = now;
        let (held, list) = (std::mem::take(&mut order.held), order.list);
        let Order { account, side, price, .. } = *order;
        let (symbol, rest, resting) = (order.symbol.clone(), order.remaining(), std::mem::take(&mut order.resting));
        if resting && let Some(market) = self.markets.get_mut(&symbol) {
            market.book.reduce(side, price, id, rest);
        }
        if !held.is_zero() {
            self.free(account, &symbol, side, held);
        }
        self.close(id);
        self.report(id, execution, None, now);
        if let Some(list) = list {
            if matches!(ending, Ending::Prevented(_) | Ending::Expired(_)) {
                self.end_others(list, id, now);
            }
            self.tell_list(list, now);
        }
        self.drop_house_order(id);
    }

    /// An order that is no longer open: out of the indices.
    fn close(&mut self, id: u64) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let (account, side, symbol, held) =
            (order.account, order.side, order.symbol.clone(), std::mem::take(&mut order.held));
        order.resting = false;
        if !held.is_zero() {
            self.free(account, &symbol, side, held);
        }
        if let Some(open) = self.open.get_mut(&account) {
            open.remove(&id);
        }
        if let Some(market) = self.markets.get_mut(&symbol) {
            market.stops.remove(&id);
        }
    }

    /// Synthetic participants' closed orders are not remembered.
    fn drop_house_order(&mut self, id: u64) {
        if self.orders.get(&id).is_some_and(|order| !order.status.is_open() && self.is_house(order.account)) {
            self.orders.remove(&id);
        }
    }

    /// Sets stop orders to work whose price was traded, until there is none.
    pub(super) fn release_stops(&mut self, symbol: &str, now: Ms) {
        while let Some((low, high)) = self.markets.get_mut(symbol).and_then(|market| market.swing.take()) {
            let Some(market) = self.markets.get(symbol) else { return };
            let reached = |order: &&Order| {
                if order.kind.triggers_above(order.side) { high >= order.stop_price } else { low <= order.stop_price }
            };
            let orders = market.stops.iter().filter_map(|id| self.orders.get(id));
            let ids: Vec<u64> = orders.filter(reached).map(|order| order.id).collect();
            for id in ids {
                self.release(id, now);
            }
        }
    }

    fn release(&mut self, id: u64, now: Ms) {
        if !self.orders.get(&id).is_some_and(|order| order.status.is_open()) {
            return;
        }
        self.begin_leg(id, now);
        let Some(order) = self.orders.get_mut(&id) else { return };
        order.working = true;
        order.working_at = Some(now);
        order.updated_at = now;
        let (account, side, symbol, market_order) =
            (order.account, order.side, order.symbol.clone(), matches!(order.kind, Kind::StopLoss | Kind::TakeProfit));
        let quantity = order.remaining();
        if let Some(market) = self.markets.get_mut(&symbol) {
            market.stops.remove(&id);
        }
        self.report(id, Execution::New, None, now);
        if market_order {
            let held = self.orders.get_mut(&id).map(|order| std::mem::take(&mut order.held)).unwrap_or_default();
            self.free(account, &symbol, side, held);
            let Some(market) = self.markets.get(&symbol) else { return };
            let need = if side == Side::Buy { market.book.reach(side, None, quantity).1 } else { quantity };
            if self.ledger.balance(account, market.rules.given(side)).free < need {
                return self.end(id, Ending::Expired(Expiry::Rejected), now);
            }
        }
        self.execute(id, now);
    }
}

/// Down to a multiple of the step.
fn floor(value: Decimal, step: Decimal) -> Decimal {
    value - value % step
}
