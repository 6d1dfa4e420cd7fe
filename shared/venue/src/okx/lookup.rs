//! Looking up orders and fills.

use super::raw::{FillRow, OrderRow};
use super::{VENUE, envelope, errors, inst_type, inst_type_of, limits, manage, rows, words};
use crate::protocol::call::{HistoryQuery, OrderClass, OrderFilter, OrderRef, OrdersQuery, Range, Scope};
use crate::protocol::fields::Fields;
use crate::protocol::model::{OrderReport, OwnTrade};
use crate::protocol::{Ask, Built, CallError, Instrument, Meaning, ReadFault, Reply, Unsigned};
use desk::time::Timestamp;

/// Extras that are interpreted, not passed on.
const INTERPRETED: [&str; 2] = ["method", "type"];

/// No such order, told by an answer without rows.
fn absent(reply: &Reply) -> ReadFault {
    errors::error("0", "no such order", reply.status, Meaning::NotFound, None).into()
}

/// One order, whatever its state. The venue keeps cancelled ones without a fill for two hours, others for seven days.
pub(super) fn order(order: &OrderRef) -> Built<OrderReport> {
    let waits = manage::waits(order);
    let path = if waits { "/api/v5/trade/order-algo" } else { "/api/v5/trade/order" };
    let fields = manage::named(order, waits)?.extra(&order.scope.extra, &["method", "type", "ordType"]);
    let request = limits::account(path, fields);
    Ok(Ask::new(request, |reply, markets| {
        let row: OrderRow = envelope::rows(reply)?.into_iter().next().ok_or_else(|| absent(reply))?;
        rows::order(&row, markets).map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// The venue's word for what is asked about; spot where nothing says otherwise.
fn kind_of(market: Option<&Instrument>, scope: &Scope) -> &'static str {
    let on_margin = scope.margin.is_some() || scope.wallet == Some(crate::protocol::call::Wallet::Margin);
    let kind = market.map(inst_type).or_else(|| inst_type_of(scope.product)).unwrap_or("SPOT");
    if kind == "SPOT" && on_margin { "MARGIN" } else { kind }
}

/// The type of orders that wait for a trigger: the venue lists one type at a time.
fn waiting_type(scope: &Scope) -> Option<String> {
    let said = scope.extra.text("ordType").or_else(|| scope.extra.text("type")).filter(|kind| words::waits(kind));
    match (scope.class, said) {
        (OrderClass::Trailing, _) => Some("move_order_stop".to_owned()),
        (_, Some(said)) => Some(said),
        (OrderClass::Trigger, None) => Some("trigger".to_owned()),
        (OrderClass::Protective, None) => Some("conditional".to_owned()),
        (OrderClass::Plain, None) => None,
    }
}

fn within(range: &Range, at: Option<Timestamp>) -> bool {
    let at = at.map(Timestamp::ms);
    range.since.is_none_or(|since| at.is_none_or(|at| at >= since.ms()))
        && range.until.is_none_or(|until| at.is_none_or(|at| at <= until.ms()))
}

/// Several orders, oldest first. The venue keeps those that work and those that ended apart: "all" are those that ended in
/// the last seven days, however, and of triggers there is a list for each way to end only.
pub(super) fn orders(query: &OrdersQuery) -> Built<Vec<OrderReport>> {
    let OrdersQuery { filter, instrument, range, scope } = query;
    let symbol = instrument.as_ref().map(|market| market.symbol.as_str());
    let waiting = waiting_type(scope);
    match (filter, waiting.is_some()) {
        (OrderFilter::All | OrderFilter::CanceledAndClosed, true) => {
            return Err(CallError::Unsupported { venue: VENUE, what: "triggers of all states in one list".into() });
        }
        (OrderFilter::All | OrderFilter::CanceledAndClosed, false)
        | (OrderFilter::Open | OrderFilter::Closed | OrderFilter::Canceled, _) => {}
    }
    let mut fields = Fields::new().maybe("instId", symbol).maybe("limit", range.limit);
    if let Some(waiting) = &waiting {
        fields.set("ordType", waiting.as_str());
    }
    let path = if *filter == OrderFilter::Open {
        let of = instrument.as_ref().map(inst_type).or_else(|| inst_type_of(scope.product));
        // The instrument says it all; a product has to be named.
        fields = fields.maybe("instType", if symbol.is_some() { None } else { of });
        if waiting.is_some() { "/api/v5/trade/orders-algo-pending" } else { "/api/v5/trade/orders-pending" }
    } else {
        fields.set("instType", kind_of(instrument.as_ref(), scope));
        fields = ended(fields, *filter, range, waiting.is_some(), scope);
        let archive = scope.extra.text("method").is_some_and(|method| method.contains("Archive"));
        match (waiting.is_some(), archive) {
            (true, _) => "/api/v5/trade/orders-algo-history",
            (false, true) => "/api/v5/trade/orders-history-archive",
            (false, false) => "/api/v5/trade/orders-history",
        }
    };
    let fields = fields.extra(&scope.extra, &INTERPRETED);
    let range = *range;
    Ok(Ask::new(limits::account(path, fields), move |reply, markets| {
        let mut reports = envelope::each(reply, |row: OrderRow| rows::order(&row, markets))?;
        reports.retain(|report| within(&range, report.at));
        reports.sort_by_key(|report| report.at);
        Ok(reports)
    }))
}

/// The state and the stretch of time of orders that ended. An algo is looked for by its state or by its id, never both,
/// and not by time.
fn ended(fields: Fields, filter: OrderFilter, range: &Range, waiting: bool, scope: &Scope) -> Fields {
    let state = match (filter, waiting) {
        (OrderFilter::Canceled, _) => Some("canceled"),
        (OrderFilter::Closed, false) => Some("filled"),
        (OrderFilter::Closed, true) => Some("effective"),
        (OrderFilter::All | OrderFilter::Open | OrderFilter::CanceledAndClosed, _) => None,
    };
    let by_id = waiting && scope.extra.get("algoId").is_some();
    let fields = fields.maybe("state", if by_id { None } else { state });
    if waiting { fields } else { fields.time("begin", range.since).time("end", range.until) }
}

/// Our fills.
pub(super) fn own_trades(query: &HistoryQuery) -> Built<Vec<OwnTrade>> {
    let HistoryQuery { instrument, range, scope } = query;
    let fields = Fields::new()
        .with("instType", kind_of(instrument.as_ref(), scope))
        .maybe("instId", instrument.as_ref().map(|market| market.symbol.as_str()))
        .maybe("limit", range.limit)
        .time("begin", range.since)
        .time("end", range.until)
        .extra(&scope.extra, &INTERPRETED);
    let recent = scope.extra.text("method").is_some_and(|method| method.ends_with("Fills"));
    let path = if recent { "/api/v5/trade/fills" } else { "/api/v5/trade/fills-history" };
    Ok(fills(limits::account(path, fields), *range))
}

/// The fills of an order.
pub(super) fn order_trades(order: &OrderRef) -> Built<Vec<OwnTrade>> {
    let Some(id) = &order.id else {
        return Err(CallError::Invalid("OKX finds an order's fills by its own id of it".into()));
    };
    let fields = Fields::new()
        .with("instType", kind_of(order.instrument.as_ref(), &order.scope))
        .maybe("instId", order.instrument.as_ref().map(|market| market.symbol.as_str()))
        .with("ordId", id.as_str())
        .extra(&order.scope.extra, &INTERPRETED);
    Ok(fills(limits::account("/api/v5/trade/fills-history", fields), Range::default()))
}

fn fills(request: Unsigned, range: Range) -> Ask<Vec<OwnTrade>> {
    Ask::new(request, move |reply, markets| {
        let mut trades = envelope::each(reply, |row: FillRow| rows::fill(&row, markets))?;
        trades.retain(|trade| within(&range, trade.at));
        trades.sort_by_key(|trade| trade.at);
        Ok(trades)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Markets, Product};

    #[test]
    fn an_answer_without_rows_is_not_found() {
        let market = Instrument::named(Product::Spot, "LTC-USDT", "LTC", "USDT", None);
        let asked = OrderRef { client_id: Some("a1".into()), instrument: Some(market), ..OrderRef::default() };
        let ask = order(&asked).unwrap();
        assert_eq!(ask.request.query.encoded(), "instId=LTC-USDT&clOrdId=a1");
        let read = |body: &str| ask.read(&Reply::new(200, body), &Markets::default()).unwrap_err().meaning();
        assert_eq!(read(r#"{"code":"0","data":[]}"#), Meaning::NotFound);
        assert_eq!(read(r#"{"code":"51603","msg":"Order does not exist","data":[]}"#), Meaning::NotFound);
        assert_eq!(read(r#"{"code":"50004","msg":"timeout","data":[]}"#), Meaning::Unclear);
    }

    #[test]
    fn triggers_are_looked_up_among_triggers() {
        let mut query = OrdersQuery { filter: OrderFilter::Closed, ..OrdersQuery::default() };
        query.scope.class = OrderClass::Trigger;
        query.scope.product = Some(Product::Linear);
        let request = orders(&query).unwrap().request;
        assert_eq!(request.path, "/api/v5/trade/orders-algo-history");
        assert_eq!(request.query.encoded(), "ordType=trigger&instType=SWAP&state=effective");
    }
}
