//! Placing and cancelling.

use super::{CLASSES, LiveSpot};
use crate::live::transport::Transport;
use crate::live::{asked_for, clock};
use crate::protocol::call::{OrderClass, OrderKind as Kind, TimeInForce, Trigger, TriggerKind};
use crate::protocol::model::Side as VenueSide;
use crate::protocol::{CallFault, EndpointClass, Instrument, Meaning, NewOrder, ReadFault};
use desk::id::{AccountId, IntentId, Symbol};
use desk::money::{Bps, Price, Rounding};
use desk::order::{Claimed, Intent, OrderKind, Side};
use desk::port::{CancelOrder, CancelOutcome, Clock, Lookup, PlaceOrder, PlaceOutcome, Table, VenueError, VenueStatus};
use desk::time::Timestamp;
use rust_decimal::Decimal;

/// The price buffer of the profile `careful`, in basis points.
const BUFFER_BPS: Decimal = Decimal::ONE_HUNDRED;

impl<T: Table, C: Clock, X: Transport> LiveSpot<T, C, X> {
    /// Why nothing may be placed, if it may not. Measures the clocks if that is long ago.
    async fn clocks_differ(&self) -> Option<String> {
        let fresh = |offset: &clock::Offset| offset.is_fresh(self.exchange.now());
        let offset = match self.exchange.offset().filter(fresh) {
            Some(offset) => Some(offset),
            None => match self.exchange.measure_clock_once().await {
                Ok(offset) => offset,
                Err(fault) => return Some(format!("the venue's time is not known: {fault}")),
            },
        };
        match offset {
            None => Some("the venue's time is not known: its answers take too long".to_owned()),
            Some(offset) if offset.is_too_far() => Some(format!(
                "the venue's clock is {} ms ahead of ours, more than {} ms: set this machine's clock",
                offset.ms,
                clock::DRIFT_MAX_MS
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
        let by_cost = self.exchange.protocol().capabilities().market_buys_by_cost;
        if by_cost && intent.side == Side::Buy && intent.kind == OrderKind::Market {
            (order.kind, order.time_in_force) = (Kind::Limit, Some(TimeInForce::Ioc));
            order.price = Some(dearest(intent, &instrument).map_err(|e| self.error(e))?);
        }
        Ok(order)
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
    async fn place(&self, claimed: &Claimed) -> PlaceOutcome {
        if let Some(why) = self.clocks_differ().await {
            return PlaceOutcome::Refused(why);
        }
        let (order, claim) = (claimed.order(), claimed.claim());
        let intent = &order.intent;
        let asked_for = asked_for(claim);
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

impl<T: Table, C: Clock, X: Transport> CancelOrder for LiveSpot<T, C, X> {
    async fn cancel(&self, _: &AccountId, symbol: &Symbol, order: &IntentId) -> CancelOutcome {
        let mut refused = None;
        for class in CLASSES {
            match self.look(symbol, order, class, EndpointClass::Cancel).await {
                Ok(Some(Lookup::Found(fact))) if fact.status != VenueStatus::Open => return CancelOutcome::Done(fact),
                Ok(Some(Lookup::Found(_))) => refused = self.ask_to_cancel(symbol, order, class).await,
                Ok(Some(Lookup::NotFound) | None) => continue,
                Err(fault) => return not_asked(fault),
            }
            break;
        }
        // The answer to a cancel tells at most that it was asked for; how the order ended is asked.
        match self.by_our_id(symbol, order, EndpointClass::Cancel).await {
            Ok(Lookup::Found(fact)) if fact.status != VenueStatus::Open => CancelOutcome::Done(fact),
            Ok(Lookup::Found(_)) => CancelOutcome::Unknown(refused.unwrap_or_else(|| "it is still open".to_owned())),
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
