//! The desk's ports over a venue: one spot account.
//!
//! 1. An order is POSTed once, with the intent's id as client id and the claim's deadline as the venue's. Anything but an
//!    answer that names our order, or a refusal on the venue's allow list, is unknown.
//! 2. Nothing is placed while the clocks differ by more than half a second, or nobody knows by how much.
//! 3. A trade is told of with the order it belongs to; one of an order that carries no id of ours is told under an id
//!    derived from the venue's own, so that it is booked as what it is: somebody else's hand.

use super::exchange::Exchange;
use super::transport::Transport;
use crate::protocol::call::{OrderClass, OrderFilter, OrderKind as Kind, Range, Trigger, TriggerKind};
use crate::protocol::model::{OrderReport, OrderState, OwnTrade, Side as VenueSide};
use crate::protocol::{
    CallFault, HistoryQuery, Instrument, Meaning, NewOrder, OrderRef, OrdersQuery, ReadFault, Scope,
};
use desk::fill::Fill;
use desk::id::{AccountId, Asset, IntentId, Symbol, TradeId, VenueId, VenueOrderId};
use desk::money::{Amount, Fee, Quantity};
use desk::order::{Claimed, Intent, OrderKind, Side, Timing};
use desk::port::{
    CancelOrder, CancelOutcome, Clock, ListOpenOrders, ListTrades, Lookup, OrderFact, PlaceOrder, PlaceOutcome,
    QueryOrder, ReadBalances, Table, Venue, VenueError, VenueStatus,
};
use desk::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Where an order may stand: most venues keep those that wait for a trigger apart, and know nothing of them elsewhere. An order
/// is absent only if it is in neither.
const CLASSES: [OrderClass; 2] = [OrderClass::Plain, OrderClass::Trigger];
/// How many of the latest orders the second source looks through.
const RECENT: u32 = 100;

/// One spot account at a venue.
pub struct LiveSpot<T, C, X> {
    id: VenueId,
    exchange: Arc<Exchange<T, C, X>>,
    timing: Timing,
    scope: Scope,
    /// The client ids of orders, by the venue's own ids: trades name only those.
    names: Arc<Mutex<BTreeMap<String, String>>>,
}

impl<T, C, X> std::fmt::Debug for LiveSpot<T, C, X> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LiveSpot({})", self.id)
    }
}

impl<T, C, X> Clone for LiveSpot<T, C, X> {
    fn clone(&self) -> Self {
        Self {
            id: self.id.clone(),
            exchange: self.exchange.clone(),
            timing: self.timing,
            scope: self.scope.clone(),
            names: self.names.clone(),
        }
    }
}

impl<T: Table, C: Clock, X: Transport> LiveSpot<T, C, X> {
    /// The account that the exchange's credentials open.
    pub fn new(id: VenueId, exchange: Arc<Exchange<T, C, X>>, scope: Scope) -> Self {
        let timing = super::timing(exchange.protocol().capabilities());
        Self { id, exchange, timing, scope, names: Arc::default() }
    }

    /// The venue below.
    #[must_use]
    pub fn exchange(&self) -> &Exchange<T, C, X> {
        &self.exchange
    }

    /// The venue below, for whoever else asks it.
    #[must_use]
    pub fn shared(&self) -> Arc<Exchange<T, C, X>> {
        self.exchange.clone()
    }

    fn error(&self, fault: impl std::fmt::Display) -> VenueError {
        VenueError { venue: self.id.clone(), reason: fault.to_string() }
    }

    fn instrument(&self, symbol: &Symbol) -> Result<Instrument, VenueError> {
        let markets = self.exchange.markets();
        let found = markets.of_symbol(symbol.as_str(), &[crate::protocol::Product::Spot]).cloned();
        found.ok_or_else(|| self.error(format!("it has no spot market {symbol}, or its markets were not loaded")))
    }

    fn order_ref(&self, symbol: &Symbol, order: &IntentId, class: OrderClass) -> Result<OrderRef, VenueError> {
        let (instrument, scope) = (Some(self.instrument(symbol)?), self.scope(class));
        Ok(OrderRef { id: None, client_id: Some(order.to_string()), instrument, scope })
    }

    fn scope(&self, class: OrderClass) -> Scope {
        Scope { class, ..self.scope.clone() }
    }

    /// Asks for an order among those of one class. `None` if the venue does not keep such a class apart.
    async fn look(&self, symbol: &Symbol, order: &IntentId, class: OrderClass) -> Result<Option<Lookup>, VenueError> {
        let (protocol, wanted) = (self.exchange.protocol(), self.order_ref(symbol, order, class)?);
        // Where one question does not answer by our id alone (Kraken), the two for working and for ended orders do.
        let asks = match protocol.order(&wanted) {
            Ok(ask) => vec![ask],
            Err(_) => protocol.open_order(&wanted).into_iter().chain(protocol.closed_order(&wanted)).collect(),
        };
        if asks.is_empty() {
            return Ok(None);
        }
        for ask in asks {
            match self.exchange.read(ask).await {
                Ok(report) => {
                    return self.fact(order, &report).map(|f| Some(Lookup::Found(f))).map_err(|e| self.error(e));
                }
                Err(CallFault::Read(fault)) if fault.meaning() == Meaning::NotFound => {}
                Err(fault) => return Err(self.error(fault)),
            }
        }
        Ok(Some(Lookup::NotFound))
    }

    /// The orders of a filter, of both classes, each once.
    async fn list(&self, query: &OrdersQuery) -> Result<Vec<OrderReport>, VenueError> {
        let mut all: Vec<OrderReport> = Vec::new();
        for class in CLASSES {
            let query = OrdersQuery { scope: self.scope(class), ..query.clone() };
            let ask = match (self.exchange.protocol().orders(&query), class) {
                (Ok(ask), _) => ask,
                (Err(fault), OrderClass::Plain) => return Err(self.error(fault)),
                // A class the venue does not keep apart is among the plain ones.
                (Err(_), OrderClass::Trigger | OrderClass::Trailing) => continue,
            };
            let reports = self.exchange.read(ask).await.map_err(|e| self.error(e))?;
            let known = |report: &OrderReport| all.iter().any(|other| other.id == report.id);
            let new: Vec<OrderReport> = reports.into_iter().filter(|report| !known(report)).collect();
            all.extend(new);
        }
        all.iter().for_each(|report| self.remember(report));
        Ok(all)
    }

    /// Why nothing may be placed, if it may not. Measures the clocks if that is long ago.
    async fn clocks_differ(&self) -> Option<String> {
        let fresh = |offset: &super::clock::Offset| offset.is_fresh(self.exchange.now());
        let offset = match self.exchange.offset().filter(fresh) {
            Some(offset) => Some(offset),
            None => match self.exchange.measure_clock().await {
                Ok(offset) => offset,
                Err(fault) => return Some(format!("the venue's time is not known: {fault}")),
            },
        };
        match offset {
            None => Some("the venue's time is not known: its answers take too long".to_owned()),
            Some(offset) if offset.is_too_far() => Some(format!(
                "the venue's clock is {} ms ahead of ours, more than {} ms: set this machine's clock",
                offset.ms,
                super::clock::DRIFT_MAX_MS
            )),
            Some(_) => None,
        }
    }

    fn new_order(&self, intent: &Intent, deadline: Timestamp) -> Result<NewOrder, VenueError> {
        let instrument = self.instrument(&intent.symbol)?;
        let side = match intent.side {
            Side::Buy => VenueSide::Buy,
            Side::Sell => VenueSide::Sell,
        };
        let mut order = NewOrder::plain(&instrument, side, Kind::Market);
        order.quantity = Some(intent.quantity.value());
        order.client_id = Some(intent.id.to_string());
        order.deadline = Some(deadline);
        order.account = self.scope.account;
        if let OrderKind::StopMarket { trigger } = intent.kind {
            let kind = TriggerKind::StopLoss;
            order.trigger = Some(Trigger { kind, price: trigger.value(), crossing: None, by: None, limit: None });
        }
        Ok(order)
    }

    fn remember(&self, report: &OrderReport) {
        if let (Some(id), Some(client_id)) = (&report.id, &report.client_id) {
            let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            names.insert(id.clone(), client_id.clone());
        }
    }

    /// A report as a fact about the order we asked about. Another order's report is none.
    fn fact(&self, order: &IntentId, report: &OrderReport) -> Result<OrderFact, String> {
        if report.client_id.as_deref().is_some_and(|id| !same_id(id, order)) {
            return Err(format!("the answer is about order {:?}", report.client_id));
        }
        self.remember(report);
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

    fn fill(&self, account: &AccountId, symbol: &Symbol, order: IntentId, trade: &OwnTrade) -> Result<Fill, String> {
        let markets = self.exchange.markets();
        let quote = markets.of_symbol(symbol.as_str(), &[crate::protocol::Product::Spot]).map(|i| i.quote.clone());
        let (cost, currency) = match &trade.fee {
            Some(fee) => (fee.cost, fee.currency.clone().or(quote)),
            None => (rust_decimal::Decimal::ZERO, quote),
        };
        let fee =
            Amount::from_decimal(cost).and_then(Fee::new).map_err(|e| format!("the fee of trade {}: {e}", trade.id))?;
        let side = match trade.side.ok_or_else(|| format!("trade {} has no side", trade.id))? {
            VenueSide::Buy => Side::Buy,
            VenueSide::Sell => Side::Sell,
        };
        Ok(Fill {
            venue: self.id.clone(),
            account: account.clone(),
            symbol: symbol.clone(),
            trade: TradeId::new(trade.id.clone()).map_err(|e| e.to_string())?,
            order,
            side,
            price: trade.price,
            quantity: trade.quantity,
            fee,
            fee_asset: Asset::new(currency.unwrap_or_default()).map_err(|e| e.to_string())?,
            at: trade.at.ok_or_else(|| format!("trade {} has no time", trade.id))?,
        })
    }

    /// A trade that the account's stream tells of, as a fill.
    ///
    /// # Errors
    /// [`VenueError`] if it can't be told which order it belongs to, or if it can't be read.
    pub async fn fill_of(&self, account: &AccountId, trade: &OwnTrade) -> Result<Fill, VenueError> {
        let markets = self.exchange.markets();
        let instrument =
            markets.get(&trade.market).ok_or_else(|| self.error(format!("it has no market {}", trade.market)))?;
        let symbol = Symbol::new(instrument.symbol.clone()).map_err(|e| self.error(e))?;
        let venue_order = trade.order.clone().unwrap_or_default();
        let client_id = match &trade.client_id {
            Some(id) => Some(id.clone()),
            None => self.client_id(instrument, &venue_order).await?,
        };
        let order = intent_id(&self.id, client_id.as_deref(), &venue_order);
        self.fill(account, &symbol, order, trade).map_err(|e| self.error(e))
    }

    /// The client id behind a venue's order id.
    async fn client_id(&self, instrument: &Instrument, id: &str) -> Result<Option<String>, VenueError> {
        let known = self.names.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let (id, instrument) = (Some(id.to_owned()), Some(instrument.clone()));
        let order = OrderRef { id, client_id: None, instrument, scope: self.scope.clone() };
        let ask = self.exchange.protocol().order(&order).map_err(|e| self.error(e))?;
        let report = self.exchange.read(ask).await.map_err(|e| self.error(e))?;
        self.remember(&report);
        Ok(report.client_id)
    }

    /// A refusal on the allow list, or unknown.
    fn refused(fault: CallFault) -> PlaceOutcome {
        match &fault {
            // Never sent: nothing was and nothing will be done.
            CallFault::Call(_) | CallFault::Budget { .. } | CallFault::BreakerOpen { .. } => {
                PlaceOutcome::Refused(fault.to_string())
            }
            CallFault::Connectivity { unsent: true, .. } => PlaceOutcome::Refused(fault.to_string()),
            CallFault::Read(ReadFault::Api(error)) if error.meaning == Meaning::Refusal => {
                PlaceOutcome::Refused(format!("{} {}", error.code, error.message))
            }
            CallFault::Connectivity { .. } | CallFault::Read(_) => PlaceOutcome::Unknown(fault.to_string()),
        }
    }
}

/// Whether a venue's text is our id; some give it back with hyphens.
fn same_id(text: &str, order: &IntentId) -> bool {
    text.bytes().filter(|b| *b != b'-').eq(order.as_str().bytes())
}

/// The id an order is booked under: its own, or one derived from the venue's.
fn intent_id(venue: &VenueId, client_id: Option<&str>, venue_order: &str) -> IntentId {
    let plain: String = client_id.unwrap_or_default().chars().filter(|c| *c != '-').collect();
    IntentId::new(plain).unwrap_or_else(|_| IntentId::derive_external(venue, venue_order))
}

impl<T: Table, C: Clock, X: Transport> PlaceOrder for LiveSpot<T, C, X> {
    async fn place(&self, claimed: &Claimed) -> PlaceOutcome {
        if let Some(why) = self.clocks_differ().await {
            return PlaceOutcome::Refused(why);
        }
        let (order, claim) = (claimed.order(), claimed.claim());
        let intent = &order.intent;
        let asked_for = super::asked_for(claim);
        let deadline = self.exchange.offset().map_or(asked_for, |offset| offset.theirs(asked_for));
        let new = match self.new_order(intent, deadline) {
            Ok(new) => new,
            Err(fault) => return PlaceOutcome::Refused(fault.to_string()),
        };
        let ask = match self.exchange.protocol().place(&new) {
            Ok(ask) => ask,
            Err(fault) => return PlaceOutcome::Refused(fault.to_string()),
        };
        let left = deadline.ms_since(self.exchange.venue_now());
        if !claimed.may_leave(self.exchange.now()) || left <= 0 {
            // Measuring the clocks took too long. Nothing was sent.
            return PlaceOutcome::Refused("not sent: too long after its claim".to_owned());
        }
        let window = u32::try_from(left).unwrap_or(u32::MAX);
        let report = match self.exchange.once(ask, Some(window)).await {
            Ok(report) => report,
            Err(fault) => return Self::refused(fault),
        };
        let fact = match self.fact(&intent.id, &report) {
            Ok(fact) => fact,
            Err(why) => return PlaceOutcome::Unknown(why),
        };
        let fills =
            report.trades.iter().map(|trade| self.fill(&intent.account, &intent.symbol, intent.id.clone(), trade));
        // A trade that can't be read is not lost: reconciliation finds it by the balances.
        let fills = fills.filter_map(Result::ok).collect();
        PlaceOutcome::Accepted { fact, fills }
    }
}

impl<T: Table, C: Clock, X: Transport> QueryOrder for LiveSpot<T, C, X> {
    async fn by_client_id(&self, _: &AccountId, symbol: &Symbol, order: &IntentId) -> Result<Lookup, VenueError> {
        let mut asked = false;
        for class in CLASSES {
            match self.look(symbol, order, class).await? {
                Some(found @ Lookup::Found(_)) => return Ok(found),
                Some(Lookup::NotFound) => asked = true,
                None => {}
            }
        }
        // Nobody asked is not the same as nobody knows it.
        if asked { Ok(Lookup::NotFound) } else { Err(self.error("it can't be asked for an order by our id")) }
    }

    async fn in_lists(&self, _: &AccountId, symbol: &Symbol, order: &IntentId) -> Result<Lookup, VenueError> {
        let instrument = self.instrument(symbol)?;
        for (filter, limit) in [(OrderFilter::Open, None), (OrderFilter::All, Some(RECENT))] {
            let (instrument, range) = (Some(instrument.clone()), Range { limit, ..Range::default() });
            let reports = self.list(&OrdersQuery { filter, instrument, range, scope: Scope::default() }).await?;
            let ours = |report: &&OrderReport| report.client_id.as_deref().is_some_and(|id| same_id(id, order));
            if let Some(report) = reports.iter().find(ours) {
                return self.fact(order, report).map(Lookup::Found).map_err(|e| self.error(e));
            }
        }
        Ok(Lookup::NotFound)
    }
}

impl<T: Table, C: Clock, X: Transport> CancelOrder for LiveSpot<T, C, X> {
    async fn cancel(&self, account: &AccountId, symbol: &Symbol, order: &IntentId) -> CancelOutcome {
        let mut refused = None;
        for class in CLASSES {
            match self.look(symbol, order, class).await {
                Ok(Some(Lookup::Found(fact))) if fact.status != VenueStatus::Open => return CancelOutcome::Done(fact),
                Ok(Some(Lookup::Found(_))) => refused = self.ask_to_cancel(symbol, order, class).await,
                Ok(Some(Lookup::NotFound) | None) => continue,
                Err(fault) => return CancelOutcome::Unknown(fault.to_string()),
            }
            break;
        }
        // The answer to a cancel tells at most that it was asked for; how the order ended is asked.
        match self.by_client_id(account, symbol, order).await {
            Ok(Lookup::Found(fact)) if fact.status != VenueStatus::Open => CancelOutcome::Done(fact),
            Ok(Lookup::Found(_)) => CancelOutcome::Unknown(refused.unwrap_or_else(|| "it is still open".to_owned())),
            Ok(Lookup::NotFound) => CancelOutcome::Unknown("the venue does not know it (any more)".to_owned()),
            Err(fault) => CancelOutcome::Unknown(fault.to_string()),
        }
    }
}

impl<T: Table, C: Clock, X: Transport> LiveSpot<T, C, X> {
    /// Asks once more or less: repeating a cancel is harmless. Returns what went wrong, if something did.
    async fn ask_to_cancel(&self, symbol: &Symbol, order: &IntentId, class: OrderClass) -> Option<String> {
        let wanted = match self.order_ref(symbol, order, class) {
            Ok(wanted) => wanted,
            Err(fault) => return Some(fault.to_string()),
        };
        match self.exchange.protocol().cancel(&wanted) {
            Ok(ask) => self.exchange.read(ask).await.err().map(|fault| fault.to_string()),
            Err(fault) => Some(fault.to_string()),
        }
    }
}

impl<T: Table, C: Clock, X: Transport> ListOpenOrders for LiveSpot<T, C, X> {
    async fn open_orders(&self, _: &AccountId) -> Result<Vec<String>, VenueError> {
        let reports = self.list(&OrdersQuery::default()).await?;
        let name = |report: &OrderReport| {
            let plain: String = report.client_id.clone().unwrap_or_default().chars().filter(|c| *c != '-').collect();
            if plain.is_empty() { report.id.clone().unwrap_or_default() } else { plain }
        };
        Ok(reports.iter().map(name).collect())
    }
}

impl<T: Table, C: Clock, X: Transport> ListTrades for LiveSpot<T, C, X> {
    async fn trades(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        after: Option<&TradeId>,
        limit: u32,
    ) -> Result<Vec<Fill>, VenueError> {
        let instrument = self.instrument(symbol)?;
        let mut scope = self.scope.clone();
        if let Some(after) = after {
            scope.extra.0.push(("afterId".to_owned(), serde_json::Value::String(after.to_string())));
        }
        let range = Range { limit: Some(limit), ..Range::default() };
        let query = HistoryQuery { instrument: Some(instrument.clone()), range, scope };
        let ask = self.exchange.protocol().own_trades(&query).map_err(|e| self.error(e))?;
        let mut fills = Vec::new();
        for trade in self.exchange.read(ask).await.map_err(|e| self.error(e))? {
            let venue_order = trade.order.clone().unwrap_or_default();
            let client_id = match &trade.client_id {
                Some(id) => Some(id.clone()),
                None => self.client_id(&instrument, &venue_order).await?,
            };
            let order = intent_id(&self.id, client_id.as_deref(), &venue_order);
            fills.push(self.fill(account, symbol, order, &trade).map_err(|e| self.error(e))?);
        }
        Ok(fills)
    }
}

impl<T: Table, C: Clock, X: Transport> ReadBalances for LiveSpot<T, C, X> {
    async fn balances(&self, _: &AccountId) -> Result<BTreeMap<Asset, Amount>, VenueError> {
        let balances = self.exchange.balances(&self.scope).await.map_err(|e| self.error(e))?;
        let mut held = BTreeMap::new();
        for (currency, holding) in balances.of {
            let total = holding.total.or_else(|| Some(holding.free? + holding.used?)).unwrap_or_default();
            if total.is_zero() {
                continue;
            }
            let asset = Asset::new(currency).map_err(|e| self.error(e))?;
            held.insert(asset, Amount::from_decimal(total).map_err(|e| self.error(e))?);
        }
        Ok(held)
    }
}

impl<T: Table, C: Clock, X: Transport> Venue for LiveSpot<T, C, X> {
    fn id(&self) -> &VenueId {
        &self.id
    }

    fn timing(&self) -> Timing {
        self.timing
    }

    fn now(&self) -> Timestamp {
        self.exchange.venue_now()
    }
}
