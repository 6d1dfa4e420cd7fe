//! Placing and cancelling.

use super::{CLASSES, LiveSpot};
use crate::live::timing::least_ms;
use crate::live::transport::Transport;
use crate::live::{asked_for, clock};
use crate::protocol::call::{OrderClass, OrderKind as Kind, TimeInForce, Trigger, TriggerKind};
use crate::protocol::model::{OrderReport, Side as VenueSide};
use crate::protocol::{
    ApiError, Ask, CallFault, EndpointClass, Instrument, Meaning, NewOrder, OrderRef, Product, Protocol, ReadFault,
};
use desk::id::{AccountId, IntentId, Symbol};
use desk::money::{Bps, Price, Rounding};
use desk::order::{Claimed, Intent, Leg, OrderKind, Side};
use desk::port::{
    CancelOrder, CancelOutcome, Clock, Lookup, OrderFact, PlaceOrder, PlaceOutcome, QueryOrder as _, Table, VenueError,
    VenueStatus,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;

/// The price buffer of the profile `careful`, in basis points.
const BUFFER_BPS: Decimal = Decimal::ONE_HUNDRED;
/// How long clocks that differ too much count as such, in milliseconds.
const AGAIN_MS: i64 = 5_000;

/// That a venue takes the stop with which the desk protects every position, and sells at the market.
///
/// # Errors
/// Why it does not, in words.
pub fn protects(protocol: &dyn Protocol) -> Result<(), String> {
    let instrument = Instrument::named(Product::Spot, "BTC-USD", "BTC", "USD", None);
    let mut stop = NewOrder::plain(&instrument, VenueSide::Sell, Kind::Market);
    (stop.quantity, stop.client_id) = (Some(Decimal::ONE), Some("0".repeat(32)));
    stop.trigger =
        Some(Trigger { kind: TriggerKind::StopLoss, price: Decimal::ONE, crossing: None, by: None, limit: None });
    match protocol.place(&stop) {
        Ok(_) => Ok(()),
        Err(fault) => Err(format!(
            "{}: every position is protected by a stop that sells at the market, and this venue has none ({fault})",
            protocol.capabilities().name
        )),
    }
}

impl<T: Table, C: Clock, X: Transport> LiveSpot<T, C, X> {
    /// That the clocks agree well enough for placing. Measures them if that is long ago.
    async fn clocks_agree(&self, leg: &Leg) -> Result<(), VenueError> {
        let purpose = if leg.adds_risk() { EndpointClass::Public } else { EndpointClass::Exit };
        let now = self.exchange.now();
        // One that keeps orders back is measured again soon: it may have been a bad one.
        let holds = |offset: &clock::Offset| !offset.is_too_far() || now.ms_since(offset.measured_at) < AGAIN_MS;
        let fresh = |offset: &clock::Offset| offset.is_fresh(now) && holds(offset);
        let offset = match self.exchange.offset().filter(fresh) {
            Some(offset) => Some(offset),
            None => match self.exchange.measure_clock_once(purpose).await {
                Ok(offset) => offset,
                Err(fault) => {
                    let unknown = self.error(format!("its time is not known: {fault}"));
                    return Err(VenueError { retry_at: self.fault(&fault).retry_at, ..unknown });
                }
            },
        };
        match offset {
            None => Err(self.error("its time is not known: its answers take too long")),
            Some(offset) if offset.is_too_far() => Err(self.error(format!(
                "its clock is {} ms ahead of ours, more than {} ms: set this machine's clock",
                offset.ms,
                clock::DRIFT_MAX_MS
            ))),
            Some(_) => Ok(()),
        }
    }

    /// How an order is asked for. What closes or protects a position is told apart from what opens one: it does not wait for
    /// what entries have spent or broken.
    fn to_place(&self, intent: &Intent, deadline: Timestamp) -> Result<Ask<OrderReport>, String> {
        let new = self.new_order(intent, deadline).map_err(|fault| fault.to_string())?;
        let mut ask = self.exchange.protocol().place(&new).map_err(|fault| fault.to_string())?;
        if !intent.leg.adds_risk() {
            ask.request.class = EndpointClass::Exit;
        }
        Ok(ask)
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
        let by_cost = self.exchange.protocol().capabilities().market_buys_by_cost;
        if by_cost && intent.side == Side::Buy && intent.kind == OrderKind::Market {
            (order.kind, order.time_in_force) = (Kind::Limit, Some(TimeInForce::Ioc));
            order.price = Some(dearest(intent, &instrument).map_err(|e| self.error(e))?);
        }
        Ok(order)
    }

    /// Sends an order as `intent` has it, as long as the claim permits.
    async fn send(&self, claimed: &Claimed, intent: &Intent) -> Result<OrderReport, Unsent> {
        let asked_for = asked_for(claimed.claim(), least_ms(self.exchange.protocol().capabilities()));
        let deadline = self.exchange.offset().map_or(asked_for, |offset| offset.theirs(asked_for));
        let ask = self.to_place(intent, deadline).map_err(|why| Unsent::Held(PlaceOutcome::Refused(why)))?;
        let left = deadline.ms_since(self.exchange.venue_now());
        if !claimed.may_leave(self.exchange.now()) || left <= 0 {
            // Measuring the clocks took too long.
            let fault = self.error("it is too long since the order's claim");
            return Err(Unsent::Held(PlaceOutcome::Unsent(fault)));
        }
        let window = u32::try_from(left).unwrap_or(u32::MAX);
        self.exchange.once(ask, Some(window)).await.map_err(Unsent::Fault)
    }

    /// A refusal on the allow list, or unknown.
    fn refused(&self, fault: CallFault) -> PlaceOutcome {
        match &fault {
            CallFault::Call(_) => PlaceOutcome::Refused(fault.to_string()),
            // Never sent: nothing was and nothing will be done.
            CallFault::Budget { .. } | CallFault::BreakerOpen { .. } | CallFault::Connectivity { unsent: true, .. } => {
                PlaceOutcome::Unsent(self.fault(&fault))
            }
            CallFault::Connectivity { .. } | CallFault::Read(_) => match refusal(&fault) {
                Some(error) => PlaceOutcome::Refused(format!("{} {}", error.code, error.message)),
                None => PlaceOutcome::Unknown(fault.to_string()),
            },
        }
    }

    /// Whether the market stands at a stop's trigger or beyond it. Most venues refuse such a stop in words that are not
    /// documented. One that does not tell its price is not taken to stand there.
    async fn is_through(&self, intent: &Intent, trigger: Price) -> bool {
        let Ok(instrument) = self.instrument(&intent.symbol) else { return false };
        let Ok(mut ask) = self.exchange.protocol().ticker(&instrument, &self.scope) else { return false };
        ask.request.class = EndpointClass::Exit;
        let Ok(ticker) = self.exchange.once(ask, None).await else { return false };
        // Stops are triggered by the last trade; no venue's price is zero.
        ticker.last.filter(|price| !price.is_zero()).is_some_and(|price| match intent.side {
            Side::Sell => price <= trigger.value(),
            Side::Buy => price >= trigger.value(),
        })
    }
}

/// What the venue clearly refused an order with.
fn refusal(fault: &CallFault) -> Option<&ApiError> {
    match fault {
        CallFault::Read(ReadFault::Api(error)) if error.meaning == Meaning::Refusal => Some(error),
        CallFault::Call(_)
        | CallFault::Budget { .. }
        | CallFault::BreakerOpen { .. }
        | CallFault::Connectivity { .. }
        | CallFault::Read(_) => None,
    }
}

/// Why there is no report.
enum Unsent {
    /// The call failed.
    Fault(CallFault),
    /// There was none.
    Held(PlaceOutcome),
}

/// What a buy pays at most where only a limit names the quantity: as much above the price it was sized at as risk reserves for
/// a worse fill. What can't be had for that is cancelled.
fn dearest(intent: &Intent, instrument: &Instrument) -> Result<Decimal, String> {
    let tick = instrument.tick.ok_or_else(|| format!("{} has no tick", instrument.symbol))?;
    let tick = Price::new(tick).map_err(|e| e.to_string())?;
    let buffer = Bps::new(BUFFER_BPS).map_err(|e| e.to_string())?;
    let price = intent.reference_price.raised(buffer, tick, Rounding::Floor).map_err(|e| e.to_string())?;
    Ok(price.value())
}

impl<T: Table, C: Clock, X: Transport> PlaceOrder for LiveSpot<T, C, X> {
    async fn ready(&self, intent: &Intent) -> Result<(), VenueError> {
        self.clocks_agree(&intent.leg).await?;
        // What can't be asked for at all is refused when it is placed.
        let Ok(ask) = self.to_place(intent, self.exchange.venue_now()) else { return Ok(()) };
        self.exchange.would_send(&ask).await.map_err(|fault| self.fault(&fault))
    }

    async fn place(&self, claimed: &Claimed) -> PlaceOutcome {
        let intent = &claimed.order().intent;
        if let Err(fault) = self.clocks_agree(&intent.leg).await {
            return PlaceOutcome::Unsent(fault);
        }
        let mut sent = self.send(claimed, intent).await;
        // The price is through the stop already: what such a stop would do at once, is asked for instead. That the venue does
        // not have the stop is certain.
        if let (Err(Unsent::Fault(fault)), OrderKind::StopMarket { trigger }) = (&sent, intent.kind)
            && let Some(error) = refusal(fault)
            && (self.exchange.protocol().is_past_its_trigger(error) || self.is_through(intent, trigger).await)
        {
            let at_once = Intent { kind: OrderKind::Market, ..intent.clone() };
            sent = self.send(claimed, &at_once).await;
        }
        let report = match sent {
            Ok(report) => report,
            Err(Unsent::Fault(fault)) => return self.refused(fault),
            Err(Unsent::Held(outcome)) => return outcome,
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

impl<T: Table, C: Clock, X: Transport> CancelOrder for LiveSpot<T, C, X> {
    async fn cancel(&self, account: &AccountId, symbol: &Symbol, order: &IntentId) -> CancelOutcome {
        let mut there = None;
        for class in CLASSES {
            match self.look(symbol, order, class, EndpointClass::Cancel).await {
                Ok(Some(Lookup::Found(fact))) => there = Some((fact, class)),
                Ok(Some(Lookup::NotFound) | None) => continue,
                Err(fault) => return not_asked(fault),
            }
            break;
        }
        if there.is_none() {
            // Where only the newest orders are found by our id (Coinbase), an old one is among those that work.
            match self.in_lists(account, symbol, order, self.exchange.venue_now()).await {
                Ok(Lookup::Found(fact)) => there = Some((fact, OrderClass::Plain)),
                Ok(Lookup::NotFound) => {}
                Err(fault) => return CancelOutcome::Unknown(fault.to_string()),
            }
        }
        let Some((last, class)) = there else {
            return CancelOutcome::Unknown("the venue does not know it (any more)".to_owned());
        };
        if last.status != VenueStatus::Open {
            return CancelOutcome::Done(last);
        }
        let asked = self.ask_to_cancel(symbol, &last, class).await;
        // The answer to a cancel tells at most that it was asked for; how the order ended is asked.
        let mut found = self.by_our_id(symbol, order, EndpointClass::Cancel).await;
        // Where working and ended orders are asked for apart (Kraken), one may be in neither for a moment.
        let whole = |ours: &OrderRef| self.exchange.protocol().order(ours).is_ok();
        let taken = asked.is_ok() && self.order_ref(symbol, order, class).is_ok_and(|ours| whole(&ours));
        if taken && found == Ok(Lookup::NotFound) {
            found = self.in_lists(account, symbol, order, self.exchange.venue_now()).await;
        }
        match found {
            Ok(Lookup::Found(fact)) if fact.status != VenueStatus::Open => CancelOutcome::Done(fact),
            Ok(Lookup::Found(_)) => {
                CancelOutcome::Unknown(asked.err().unwrap_or_else(|| "it is still open".to_owned()))
            }
            Ok(Lookup::NotFound) if taken => CancelOutcome::Gone(last),
            Ok(Lookup::NotFound) => CancelOutcome::Unknown("the venue does not know it (any more)".to_owned()),
            Err(fault) => CancelOutcome::Unknown(fault.to_string()),
        }
    }
}

/// A cancel whose look-up has no answer. Where it is known when to ask again, that is told.
fn not_asked(fault: VenueError) -> CancelOutcome {
    if fault.retry_at.is_some() { CancelOutcome::Unasked(fault) } else { CancelOutcome::Unknown(fault.to_string()) }
}

impl<T: Table, C: Clock, X: Transport> LiveSpot<T, C, X> {
    /// Asks once more or less: repeating a cancel is harmless. Says in words what went wrong, if something did.
    ///
    /// Some venues cancel by our id, some only by their own; and some find an order of any class, but cancel it among its
    /// own class only (stops of spot at Bybit).
    async fn ask_to_cancel(&self, symbol: &Symbol, fact: &OrderFact, class: OrderClass) -> Result<(), String> {
        let (mut asked, mut refused) = (Vec::new(), "it can't be asked for".to_owned());
        for class in std::iter::once(class).chain(CLASSES) {
            let ours = self.order_ref(symbol, &fact.order, class).map_err(|fault| fault.to_string())?;
            let theirs = OrderRef { id: Some(fact.venue_order.to_string()), ..ours.clone() };
            let protocol = self.exchange.protocol();
            let ask = match protocol.cancel(&ours).or_else(|_| protocol.cancel(&theirs)) {
                Ok(ask) if asked.contains(&ask.request) => continue,
                Ok(ask) => ask,
                Err(fault) => {
                    refused = fault.to_string();
                    continue;
                }
            };
            asked.push(ask.request.clone());
            match self.exchange.read(ask).await {
                Ok(_) => return Ok(()),
                // Among another class it may be found.
                Err(fault @ CallFault::Read(ReadFault::Api(_))) => refused = fault.to_string(),
                Err(fault) => return Err(fault.to_string()),
            }
        }
        Err(refused)
    }
}
