//! What the venue says to an order, a change or a cancellation: ids, and for some of several a reason.

use super::errors;
use super::raw::{self, MaybeNanos};
use crate::protocol::model::{OrderReport, OrderState};
use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Text};
use crate::protocol::{Meaning, NewOrder, ReadFault, Reply};
use serde::Deserialize;

/// What is remembered of an order of several.
pub(super) struct Asked {
    market: String,
    client_id: Option<String>,
}

impl Asked {
    /// Of an order.
    pub(super) fn of(order: &NewOrder) -> Self {
        Self { market: order.instrument.name.clone(), client_id: order.client_id.clone() }
    }
}

/// An acknowledgement. Those that waited for the matching engine tell more.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Placed {
    #[serde(default, alias = "id")]
    order_id: Text,
    #[serde(default)]
    client_oid: Text,
    #[serde(default)]
    ts: MaybeNanos,
    #[serde(default)]
    order_time: MaybeMs,
    #[serde(default)]
    match_time: MaybeMs,
    #[serde(default)]
    origin_size: MaybeNum,
    #[serde(default)]
    deal_size: MaybeNum,
    #[serde(default)]
    remain_size: MaybeNum,
    #[serde(default)]
    canceled_size: MaybeNum,
    #[serde(default)]
    status: Text,
    // Of several orders.
    #[serde(default)]
    success: Flag,
    #[serde(default)]
    fail_msg: Text,
    #[serde(default)]
    code: Text,
    #[serde(default)]
    msg: Text,
}

impl Placed {
    fn report(&self, market: &str) -> Result<OrderReport, String> {
        let state = match (self.status.0.as_str(), self.canceled_size.nonzero()) {
            ("open", _) => Some(OrderState::Open),
            ("done", Some(_)) => Some(OrderState::Canceled),
            ("done", None) => Some(OrderState::Closed),
            // The old answer to several orders uses the word for the acknowledgement itself.
            ("" | "success", _) => None,
            (other, _) => return Err(format!("order status {other:?}")),
        };
        Ok(OrderReport {
            market: Some(market.to_owned()),
            id: Some(self.order_id.owned().ok_or("an acknowledgement without an order id")?),
            client_id: self.client_oid.owned(),
            state,
            quantity: self.origin_size.quantity()?,
            filled: self.deal_size.quantity()?,
            remaining: self.remain_size.quantity()?,
            at: self.order_time.0.or(self.ts.0),
            updated_at: self.match_time.0,
            ..OrderReport::default()
        })
    }

    /// The reason, if this one of several did not go in.
    fn refused(&self) -> Option<(&str, &str)> {
        if self.success.0 == Some(false) || matches!(self.status.0.as_str(), "fail" | "failed") {
            let words = self.fail_msg.some().or(self.msg.some()).unwrap_or_default();
            // These answers have no code. "Failed" is a clear no, unless the words tell of the venue's own trouble.
            let lower = words.to_ascii_lowercase();
            let trouble = ["time", "busy", "system", "internal", "later"].iter().any(|word| lower.contains(word));
            return Some((if trouble { "" } else { "400100" }, words));
        }
        self.code.some().filter(|code| !matches!(*code, "200000" | "200")).map(|code| (code, self.msg.0.as_str()))
    }
}

/// The answer to one order.
pub(super) fn placed(reply: &Reply, market: &str) -> Result<OrderReport, ReadFault> {
    raw::object::<Placed>(reply)?.report(market).map_err(|e| ReadFault::parse(reply, e))
}

/// The answer to several orders, one entry each, in their order. One that was clearly refused is reported as rejected;
/// of one that failed otherwise only our id is told, and what became of it must be looked up.
pub(super) fn placed_many(reply: &Reply, asked: &[Asked]) -> Result<Vec<OrderReport>, ReadFault> {
    let rows = raw::rows::<Placed>(reply)?.0;
    if rows.len() != asked.len() {
        return Err(ReadFault::parse(reply, format!("{} answers to {} orders", rows.len(), asked.len())));
    }
    let one = |(row, asked): (&Placed, &Asked)| {
        let Some((code, words)) = row.refused() else { return row.report(&asked.market) };
        let refused = errors::meaning(code, words) == Meaning::Refusal;
        Ok(OrderReport {
            market: Some(asked.market.clone()),
            id: row.order_id.owned(),
            client_id: row.client_oid.owned().or_else(|| asked.client_id.clone()),
            state: refused.then_some(OrderState::Rejected),
            ..OrderReport::default()
        })
    };
    rows.iter().zip(asked).map(one).collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Altered {
    #[serde(default, alias = "orderId")]
    new_order_id: Text,
    #[serde(default)]
    client_oid: Text,
}

/// The answer to a change: the id of the order that stands now.
pub(super) fn altered(reply: &Reply, market: &str) -> Result<OrderReport, ReadFault> {
    let answer: Altered = raw::object(reply)?;
    let id = answer.new_order_id.owned().ok_or_else(|| ReadFault::parse(reply, "a change without an order id"))?;
    let client_id = answer.client_oid.owned();
    Ok(OrderReport { market: Some(market.to_owned()), id: Some(id), client_id, ..OrderReport::default() })
}

/// The shapes of an answer to a cancellation.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Canceled {
    cancelled_order_ids: Option<Vec<Text>>,
    cancelled_order_id: Text,
    order_id: Text,
    client_oid: Text,
    origin_size: MaybeNum,
    deal_size: MaybeNum,
    remain_size: MaybeNum,
    status: Text,
    succeed_symbols: Option<Vec<Text>>,
    failed_symbols: Vec<FailedSymbol>,
    items: Option<Vec<CanceledItem>>,
}

#[derive(Deserialize)]
struct FailedSymbol {
    #[serde(default)]
    symbol: Text,
    #[serde(default)]
    error: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CanceledItem {
    #[serde(default)]
    order_id: Text,
    #[serde(default)]
    client_oid: Text,
    #[serde(default)]
    code: Text,
    #[serde(default)]
    msg: Text,
}

fn bare(market: Option<&str>, id: Option<String>, client_id: Option<String>) -> OrderReport {
    OrderReport { market: market.map(str::to_owned), id, client_id, ..OrderReport::default() }
}

/// The answer to a cancellation of one order. That it was taken says nothing of how the order ends, unless the call waited.
pub(super) fn canceled(reply: &Reply, market: Option<&str>) -> Result<OrderReport, ReadFault> {
    let fault = |e: String| ReadFault::parse(reply, e);
    let answer: Canceled = raw::object(reply)?;
    let listed = answer.cancelled_order_ids.as_ref().and_then(|ids| ids.first()).and_then(Text::owned);
    let id = listed.or_else(|| answer.cancelled_order_id.owned()).or_else(|| answer.order_id.owned());
    let client_id = answer.client_oid.owned();
    if id.is_none() && client_id.is_none() {
        return Err(fault("a cancellation that names no order".to_owned()));
    }
    let mut report = bare(market, id, client_id);
    report.quantity = answer.origin_size.quantity().map_err(fault)?;
    report.filled = answer.deal_size.quantity().map_err(fault)?;
    report.remaining = answer.remain_size.quantity().map_err(fault)?;
    report.state = match (answer.status.0.as_str(), report.quantity, report.filled) {
        ("done", Some(asked), Some(filled)) if asked == filled => Some(OrderState::Closed),
        ("done", _, _) => Some(OrderState::Canceled),
        ("open", _, _) => Some(OrderState::Canceling),
        ("", _, _) => None,
        (other, _, _) => return Err(fault(format!("order status {other:?}"))),
    };
    Ok(report)
}

/// The answer to a cancellation of several orders, or of all. Some of the venue's answers name no order.
pub(super) fn canceled_many(reply: &Reply, market: Option<&str>) -> Result<Vec<OrderReport>, ReadFault> {
    let text = raw::payload(reply)?;
    if text.starts_with('"') || text == "null" || text == "true" {
        return Ok(Vec::new());
    }
    if text.starts_with('[') {
        return items(reply, market, &raw::data::<Vec<CanceledItem>>(reply)?);
    }
    let answer: Canceled = raw::object(reply)?;
    if let Some(failed) = answer.failed_symbols.first() {
        return Err(errors::of(reply, "200000", &format!("{}: {}", failed.symbol.0, failed.error.0)).into());
    }
    if let Some(rows) = &answer.items {
        return items(reply, market, rows);
    }
    match (answer.cancelled_order_ids, answer.succeed_symbols) {
        (Some(ids), _) if ids.iter().any(|id| id.some().is_none()) => {
            Err(ReadFault::parse(reply, "a cancelled order without its id"))
        }
        (Some(ids), _) => Ok(ids.iter().map(|id| bare(market, id.owned(), None)).collect()),
        (None, Some(_)) => Ok(Vec::new()),
        (None, None) => Err(ReadFault::parse(reply, "a cancellation of all that says nothing")),
    }
}

/// Entries of several cancellations. Of one that failed the ids are told and nothing else, so that it is looked up;
/// if all failed, that is an error.
fn items(reply: &Reply, market: Option<&str>, rows: &[CanceledItem]) -> Result<Vec<OrderReport>, ReadFault> {
    let failed = |row: &&CanceledItem| row.code.some().is_some_and(|code| !matches!(code, "200" | "200000"));
    if let Some(first) = rows.iter().find(failed)
        && rows.iter().all(|row| failed(&row))
    {
        return Err(errors::of(reply, &first.code.0, &first.msg.0).into());
    }
    if rows.iter().any(|row| row.order_id.some().is_none() && row.client_oid.some().is_none()) {
        return Err(ReadFault::parse(reply, "a cancelled order without its id"));
    }
    Ok(rows.iter().map(|row| bare(market, row.order_id.owned(), row.client_oid.owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(data: &str) -> Reply {
        Reply::new(200, format!(r#"{{"code":"200000","data":{data}}}"#))
    }

    #[test]
    fn an_acknowledgement_without_an_id_is_none() {
        assert!(placed(&reply("{}"), "A/B").is_err());
        assert!(placed(&reply("null"), "A/B").is_err());
        assert!(canceled(&reply(r#"{"cancelledOrderIds":[]}"#), None).is_err());
        assert_eq!(placed(&reply(r#"{"orderId":"7"}"#), "A/B").unwrap().state, None);
    }

    #[test]
    fn of_several_orders_each_answer_stands_at_its_place() {
        let asked = || Asked { market: "A/B".into(), client_id: Some("ours".into()) };
        let both = reply(r#"[{"orderId":"1","clientOid":"x","success":true},{"success":false,"failMsg":"too small"}]"#);
        let reports = placed_many(&both, &[asked(), asked()]).unwrap();
        let [first, second] = reports.as_slice() else { panic!("two were asked") };
        assert_eq!((first.id.as_deref(), first.state), (Some("1"), None));
        assert_eq!((second.client_id.as_deref(), second.state), (Some("ours"), Some(OrderState::Rejected)));
        assert!(placed_many(&both, &[asked()]).is_err(), "an answer too many");
        let unclear = reply(r#"[{"clientOid":"x","code":"500000","msg":"busy"}]"#);
        assert_eq!(placed_many(&unclear, &[asked()]).unwrap().first().unwrap().state, None, "it is looked up");
    }

    #[test]
    fn symbols_whose_orders_could_not_be_cancelled_are_an_error() {
        let some = reply(r#"{"succeedSymbols":["A-B"],"failedSymbols":[{"symbol":"C-B","error":"timeout"}]}"#);
        assert!(canceled_many(&some, None).is_err());
        assert_eq!(canceled_many(&reply(r#""success""#), None), Ok(Vec::new()));
    }
}
