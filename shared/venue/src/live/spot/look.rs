//! Look-ups: one order at two independent sources, and what works.

use super::{CLASSES, LiveSpot, same_id};
use crate::live::transport::Transport;
use crate::protocol::call::{OrderClass, OrderFilter, Range};
use crate::protocol::model::{OrderReport, OrderState};
use crate::protocol::{
    Ask, CallError, CallFault, EndpointClass, Instrument, Meaning, OrderRef, OrdersQuery, Product, Scope, Unsigned,
};
use desk::id::{AccountId, IntentId, Symbol, VenueOrderId};
use desk::money::Quantity;
use desk::port::{Clock, ListOpenOrders, Lookup, OpenOrder, OrderFact, QueryOrder, Table, VenueError, VenueStatus};
use desk::time::Timestamp;
use std::sync::PoisonError;

/// How many of the latest orders the second source looks through.
const RECENT: u32 = 100;
/// How often at least all markets are asked for what works there, in milliseconds: as often as reconciliation is due.
const ALL_EVERY_MS: i64 = 55_000;

/// Orders that a venue lists.
#[derive(Default)]
struct Listed {
    reports: Vec<OrderReport>,
    /// Where a list came as long as the venue makes them, the time of its oldest row: what is older may be left out.
    cut: Option<Timestamp>,
}

/// How many pages of orders that have ended are looked through for one.
const PAGES_MAX: u32 = 20;
/// Within what time a venue lists the order that a trigger has placed, in milliseconds.
const BORN_WITHIN_MS: i64 = 60_000;

/// What of a question is sent.
const fn sent<A>(ask: &Ask<A>) -> &Unsigned {
    &ask.request
}

impl<T: Table, C: Clock, X: Transport> LiveSpot<T, C, X> {
    /// Asks for an order among those of one class. `None` if the venue does not keep such a class apart. Who looks in order to
    /// cancel uses what is kept for cancelling: a kill must not wait because too much was read.
    pub(super) async fn look(
        &self,
        symbol: &Symbol,
        order: &IntentId,
        class: OrderClass,
        purpose: EndpointClass,
    ) -> Result<Option<Lookup>, VenueError> {
        let asks = self.questions(&self.order_ref(symbol, order, class)?);
        for earlier in CLASSES.into_iter().take_while(|earlier| *earlier != class) {
            let before = self.questions(&self.order_ref(symbol, order, earlier)?);
            // The same question would have the same answer, and costs as much again.
            if asks.iter().map(sent).eq(before.iter().map(sent)) {
                return Ok(None);
            }
        }
        if asks.is_empty() {
            return Ok(None);
        }
        for mut ask in asks {
            ask.request.class = purpose;
            match self.exchange.read(ask).await {
                Ok(report) => {
                    let report = self.triggered(symbol, order, report, class, purpose).await?;
                    return self.fact(order, &report).map(|f| Some(Lookup::Found(f))).map_err(|e| self.error(e));
                }
                Err(CallFault::Read(fault)) if fault.meaning() == Meaning::NotFound => {}
                Err(fault) => return Err(self.fault(&fault)),
            }
        }
        Ok(Some(Lookup::NotFound))
    }

    /// What is asked about one order. Where one question does not answer by our id alone (Kraken), the two for working and for
    /// ended orders do.
    fn questions(&self, wanted: &OrderRef) -> Vec<Ask<OrderReport>> {
        let protocol = self.exchange.protocol();
        match protocol.order(wanted) {
            Ok(ask) => vec![ask],
            Err(_) => protocol.open_order(wanted).into_iter().chain(protocol.closed_order(wanted)).collect(),
        }
    }

    /// The orders of a filter, of all classes, each once.
    async fn list(&self, query: &OrdersQuery) -> Result<Listed, VenueError> {
        let (mut all, mut asked): (Listed, Vec<Unsigned>) = Default::default();
        for class in CLASSES {
            let query = OrdersQuery { scope: self.scope(class), ..query.clone() };
            let asks = match (self.lists(&query), class) {
                (Ok(asks), _) => asks,
                (Err(fault), OrderClass::Plain) => return Err(self.error(fault)),
                // A class the venue does not keep apart is among the plain ones.
                (Err(_), OrderClass::Trigger | OrderClass::Protective | OrderClass::Trailing) => continue,
            };
            for ask in asks {
                if asked.contains(&ask.request) {
                    // Nor is a class that is asked for with the same words.
                    continue;
                }
                asked.push(ask.request.clone());
                let listed = self.page(ask, None).await?;
                let known = |report: &OrderReport| all.reports.iter().any(|other| other.id == report.id);
                let new: Vec<OrderReport> = listed.reports.into_iter().filter(|report| !known(report)).collect();
                all.reports.extend(new);
                all.cut = all.cut.max(listed.cut);
            }
        }
        Ok(all)
    }

    /// One list. It is cut if it is as long as it was asked to be.
    async fn page(&self, mut ask: Ask<Vec<OrderReport>>, purpose: Option<EndpointClass>) -> Result<Listed, VenueError> {
        ask.request.class = purpose.unwrap_or(ask.request.class);
        let most = rows_asked_for(&ask.request);
        let reports = self.exchange.read(ask).await.map_err(|e| self.fault(&e))?;
        reports.iter().for_each(|report| self.remember(report));
        let full = most.is_some_and(|most| reports.len() >= most);
        // Lists are in the order of what their rows' times tell, of which the later one promises less.
        let oldest = reports.iter().map(|row| row.updated_at.max(row.at)).min();
        let cut = full.then(|| oldest.flatten().unwrap_or(self.exchange.venue_now()));
        Ok(Listed { reports, cut })
    }

    /// What became of an order that waited for its trigger, once that has come: at some venues the trigger places a new order,
    /// named by our id (OKX) or by the venue's own id of the one that waited (Bitget), and only that one tells what was filled
    /// and whether it still works. As long as the venue may not list it yet, what waited counts as filled, and is booked by its
    /// trades. If it is not listed later either, it has ended: nothing but its trades tells of it any more.
    async fn triggered(
        &self,
        symbol: &Symbol,
        order: &IntentId,
        report: OrderReport,
        class: OrderClass,
        purpose: EndpointClass,
    ) -> Result<OrderReport, VenueError> {
        let places = self.exchange.protocol().capabilities().triggers_place_orders;
        if !places || class == OrderClass::Plain || report.state != Some(OrderState::Closed) {
            return Ok(report);
        }
        let (instrument, mut whole) = (self.instrument(symbol)?, true);
        for (filter, limit) in [(OrderFilter::Open, None), (OrderFilter::All, Some(RECENT))] {
            let (instrument, range) = (Some(instrument.clone()), Range { limit, ..Range::default() });
            let query = OrdersQuery { filter, instrument, range, scope: self.scope.clone() };
            for ask in self.lists(&query).map_err(|e| self.error(e))? {
                let listed = self.page(ask, Some(purpose)).await?;
                if let Some(new) = listed.reports.iter().find(|new| is_born_of(&report, order, new)) {
                    return Ok(as_told_by(report, new));
                }
                whole &= listed.cut.is_none_or(|oldest| Some(oldest) < report.updated_at);
            }
        }
        let now = self.exchange.venue_now();
        if !whole || report.updated_at.is_none_or(|at| now.ms_since(at) <= BORN_WITHIN_MS) {
            return Ok(report);
        }
        // What the trigger has placed is not what was filled; OKX tells that.
        Ok(OrderReport { state: Some(OrderState::Canceled), filled: None, ..report })
    }

    /// What is asked for a list. Where a venue has no list of all orders (Kraken, triggers of OKX), those of the ended ones do:
    /// whoever asks for all has asked for the working ones before.
    fn lists(&self, query: &OrdersQuery) -> Result<Vec<Ask<Vec<OrderReport>>>, CallError> {
        let protocol = self.exchange.protocol();
        let rows = protocol.capabilities().order_rows;
        // As much as the venue tells at once, and no more than that: some refuse a larger number.
        let limit = query.range.limit.into_iter().chain(rows).min();
        let range = Range { limit, ..query.range };
        let of = |filter| protocol.orders(&OrdersQuery { filter, range, ..query.clone() });
        let whole = of(query.filter).map(|ask| vec![ask]);
        if query.filter != OrderFilter::All || whole.is_ok() {
            return whole;
        }
        let ended = of(OrderFilter::CanceledAndClosed).map(|ask| vec![ask]);
        ended.or_else(|_| [OrderFilter::Closed, OrderFilter::Canceled].into_iter().map(of).collect())
    }

    /// A report as a fact about the order we asked about. Another order's report is none.
    pub(super) fn fact(&self, order: &IntentId, report: &OrderReport) -> Result<OrderFact, String> {
        if report.client_id.as_deref().is_some_and(|id| !same_id(id, order)) {
            return Err(format!("the answer is about order {:?}", report.client_id));
        }
        self.remember(&OrderReport { client_id: Some(order.to_string()), ..report.clone() });
        let id = report.id.clone().ok_or("the answer names no order")?;
        let venue_order = VenueOrderId::new(id).map_err(|e| e.to_string())?;
        let filled = report.filled.unwrap_or(Quantity::ZERO);
        let status = match report.state {
            // An acknowledgement without a state: the venue has it.
            None | Some(OrderState::Open | OrderState::Canceling) => VenueStatus::Open,
            Some(OrderState::Closed) => VenueStatus::Filled,
            Some(OrderState::Canceled) => VenueStatus::Cancelled,
            Some(OrderState::Expired) => VenueStatus::Expired,
            Some(OrderState::Rejected) => VenueStatus::Rejected,
        };
        Ok(OrderFact { order: order.clone(), venue_order, status, filled })
    }

    /// The client id that is known of an order of ours, by the venue's id of it.
    pub(super) fn named(&self, id: &str) -> Option<String> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned().flatten()
    }

    /// Looks through the orders of a market that ended last, and remembers their names; of an id that is among none of them
    /// it is remembered that it has none.
    pub(super) async fn learn(&self, instrument: &Instrument, id: &str) -> Result<(), VenueError> {
        let known = self.names.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id);
        if known {
            return Ok(());
        }
        let range = Range { limit: Some(RECENT), ..Range::default() };
        let (filter, instrument, scope) = (OrderFilter::All, Some(instrument.clone()), self.scope.clone());
        self.list(&OrdersQuery { filter, instrument, range, scope }).await?;
        self.names.lock().unwrap_or_else(PoisonError::into_inner).entry(id.to_owned()).or_default();
        Ok(())
    }

    /// The client id behind a venue's order id.
    pub(super) async fn client_id(&self, instrument: &Instrument, id: &str) -> Result<Option<String>, VenueError> {
        let known = self.names.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let (id, instrument) = (Some(id.to_owned()), Some(instrument.clone()));
        let order = OrderRef { id, client_id: None, instrument, scope: self.scope.clone() };
        let ask = self.exchange.protocol().order(&order).map_err(|e| self.error(e))?;
        let report = self.exchange.read(ask).await.map_err(|e| self.fault(&e))?;
        self.remember(&report);
        Ok(report.client_id)
    }
}

impl<T: Table, C: Clock, X: Transport> LiveSpot<T, C, X> {
    /// Asks for an order by our id, among those of all classes.
    pub(super) async fn by_our_id(
        &self,
        symbol: &Symbol,
        order: &IntentId,
        purpose: EndpointClass,
    ) -> Result<Lookup, VenueError> {
        let mut asked = false;
        for class in CLASSES {
            match self.look(symbol, order, class, purpose).await? {
                Some(found @ Lookup::Found(_)) => return Ok(found),
                Some(Lookup::NotFound) => asked = true,
                None => {}
            }
        }
        // Nobody asked is not the same as nobody knows it.
        if asked { Ok(Lookup::NotFound) } else { Err(self.error("it can't be asked for an order by our id")) }
    }

    /// What works, in all markets; or in those that the desk knows, where that costs less and all were asked a short time ago. What
    /// others have in a market the desk does not trade in is only told, so that it may be told later.
    async fn working(&self) -> Result<Vec<OrderReport>, VenueError> {
        let (markets, now) = (self.exchange.markets(), self.exchange.now());
        let spot = || markets.iter().filter(|market| market.product == Product::Spot);
        let asked_for = |instrument: Option<&Instrument>| {
            let (instrument, scope) = (instrument.cloned(), self.scope.clone());
            OrdersQuery { instrument, scope, ..OrdersQuery::default() }
        };
        let weight = |query: &OrdersQuery| self.exchange.protocol().orders(query).ok().map(|ask| ask.request.weight);
        let each = spot().map(|market| weight(&asked_for(Some(market)))).sum::<Option<u32>>().filter(|each| 0 < *each);
        let all = weight(&asked_for(None));
        // Some can't be asked for all markets at once (KuCoin's high-frequency accounts).
        let only_each = all.is_none() && each.is_some();
        let cheaper = each.zip(all).is_some_and(|(each, all)| each < all);
        let last = *self.all_asked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = !cheaper || last.is_none_or(|last| now.ms_since(last) >= ALL_EVERY_MS);
        if due && !only_each {
            let all = self.list(&asked_for(None)).await?;
            *self.all_asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
            if all.cut.is_none() {
                return Ok(all.reports);
            }
        }
        let mut known = Vec::new();
        for market in spot() {
            known.extend(self.list(&asked_for(Some(market))).await?.reports);
        }
        Ok(known)
    }
}

impl<T: Table, C: Clock, X: Transport> QueryOrder for LiveSpot<T, C, X> {
    async fn by_client_id(&self, _: &AccountId, symbol: &Symbol, order: &IntentId) -> Result<Lookup, VenueError> {
        self.by_our_id(symbol, order, EndpointClass::Account).await
    }

    async fn in_lists(
        &self,
        _: &AccountId,
        symbol: &Symbol,
        order: &IntentId,
        since: Timestamp,
    ) -> Result<Lookup, VenueError> {
        let instrument = self.instrument(symbol)?;
        let open = self.found_in(order, symbol, &instrument, OrderFilter::Open, None).await?;
        if let Place::Here(fact) = open {
            return Ok(Lookup::Found(fact));
        }
        // Pages of what has ended, back to when it was sent.
        let (mut until, mut whole) = (None, false);
        for _ in 0..PAGES_MAX {
            match self.found_in(order, symbol, &instrument, OrderFilter::All, until).await? {
                Place::Here(fact) => return Ok(Lookup::Found(fact)),
                Place::Behind(oldest) if oldest >= since && Some(oldest) != until => until = Some(oldest),
                Place::Behind(oldest) => {
                    whole = oldest < since;
                    break;
                }
                Place::Nowhere => {
                    whole = true;
                    break;
                }
            }
        }
        if !whole || matches!(open, Place::Behind(_)) {
            return Err(self.error(format!(
                "it does not list all orders of {symbol}, and order {order} is not among those that it does: whether it is \
                 there can't be told. Look for it at the venue"
            )));
        }
        Ok(Lookup::NotFound)
    }
}

/// Where an order is, by a list.
enum Place {
    /// On it.
    Here(OrderFact),
    /// Not on it; what is older than this may be left out.
    Behind(Timestamp),
    /// Not on it, and all is there.
    Nowhere,
}

impl<T: Table, C: Clock, X: Transport> LiveSpot<T, C, X> {
    /// Looks for an order by our id on the lists of a market.
    async fn found_in(
        &self,
        order: &IntentId,
        symbol: &Symbol,
        instrument: &Instrument,
        filter: OrderFilter,
        until: Option<Timestamp>,
    ) -> Result<Place, VenueError> {
        let limit = (filter != OrderFilter::Open).then_some(RECENT);
        let range = Range { limit, until, since: None };
        let query = OrdersQuery { filter, instrument: Some(instrument.clone()), range, scope: Scope::default() };
        let listed = self.list(&query).await?;
        let ours = |report: &&OrderReport| report.client_id.as_deref().is_some_and(|id| same_id(id, order));
        let Some(report) = listed.reports.iter().find(ours) else {
            return Ok(listed.cut.map_or(Place::Nowhere, Place::Behind));
        };
        let waited = report.trigger_price.or(report.stop_loss_price).is_some();
        let class = if waited { OrderClass::Trigger } else { OrderClass::Plain };
        let report = self.triggered(symbol, order, report.clone(), class, EndpointClass::Account).await?;
        self.fact(order, &report).map(Place::Here).map_err(|e| self.error(e))
    }
}

/// How many rows a list is asked for, by whatever name; `None` if for all.
fn rows_asked_for(request: &Unsigned) -> Option<usize> {
    ["limit", "pageSize"].into_iter().find_map(|name| request.query.get(name)?.parse().ok())
}

/// Whether an order is the one that a trigger has placed.
fn is_born_of(waited: &OrderReport, order: &IntentId, new: &OrderReport) -> bool {
    let named = |id: &str| same_id(id, order) || waited.id.as_deref() == Some(id);
    new.id != waited.id && new.client_id.as_deref().is_some_and(named)
}

/// A triggered order as the one that it has placed stands.
fn as_told_by(waited: OrderReport, new: &OrderReport) -> OrderReport {
    OrderReport { state: new.state, filled: new.filled, ..waited }
}

impl<T: Table, C: Clock, X: Transport> ListOpenOrders for LiveSpot<T, C, X> {
    async fn open_orders(&self, _: &AccountId) -> Result<Vec<OpenOrder>, VenueError> {
        let reports = self.working().await?;
        let markets = self.exchange.markets();
        let open = |report: &OrderReport| {
            let plain: String = report.client_id.clone().unwrap_or_default().chars().filter(|c| *c != '-').collect();
            let client_id = if plain.is_empty() { report.id.clone().unwrap_or_default() } else { plain };
            let known = report.market.as_ref().and_then(|market| markets.get(market)).map(|i| i.symbol.clone());
            let market = known.or_else(|| report.market.clone());
            // A market of a name that no desk can trade in: what works there is somebody else's business.
            let foreign = market.as_ref().is_some_and(|name| !name.is_ascii());
            let symbol = market.and_then(|name| Symbol::new(name).ok());
            (!foreign).then_some(OpenOrder { client_id, symbol })
        };
        Ok(reports.iter().filter_map(open).collect())
    }
}
