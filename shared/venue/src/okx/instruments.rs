//! Instruments with their filters.

use super::raw::InstrumentRow;
use super::{VENUE, envelope, limits};
use crate::protocol::fields::Fields;
use crate::protocol::{Ask, Built, CallError, Instrument, Product};
use desk::money::exact;
use rust_decimal::Decimal;

fn list(kind: &'static str, product: Product) -> Ask<Vec<Instrument>> {
    let fields = Fields::new().with("instType", kind);
    Ask::new(limits::public("/api/v5/public/instruments", fields), move |reply, _| {
        let all = envelope::each(reply, |row: InstrumentRow| instrument(&row))?;
        Ok(all.into_iter().flatten().filter(|i| i.product == product).collect())
    })
}

/// Spot pairs, perpetual swaps, or options.
pub(super) fn listed(product: Product) -> Built<Vec<Instrument>> {
    let kind = match product {
        Product::Spot => "SPOT",
        Product::Linear | Product::Inverse => "SWAP",
        Product::Option => "OPTION",
    };
    Ok(list(kind, product))
}

/// Dated futures.
pub(super) fn dated(product: Product) -> Built<Vec<Instrument>> {
    match product {
        Product::Linear | Product::Inverse => Ok(list("FUTURES", product)),
        Product::Spot | Product::Option => {
            Err(CallError::Unsupported { venue: VENUE, what: "dated futures of that product".into() })
        }
    }
}

/// A row as an instrument; `None` for one that is announced and has no filters yet.
fn instrument(row: &InstrumentRow) -> Result<Option<Instrument>, String> {
    let symbol = row.inst_id.some().ok_or("an instrument without its name")?;
    let mut instrument = match row.inst_type.0.as_str() {
        "SPOT" | "MARGIN" => {
            let (Some(base), Some(quote)) = (row.base_ccy.some(), row.quote_ccy.some()) else {
                return Err(format!("{symbol} has no currencies"));
            };
            Instrument::named(Product::Spot, symbol, base, quote, None)
        }
        "SWAP" | "FUTURES" | "OPTION" => match contract(row, symbol)? {
            Some(contract) => contract,
            None => return Ok(None),
        },
        other => return Err(format!("{other:?} is no type of instrument")),
    };
    instrument.tick = row.tick_sz.nonzero();
    instrument.lot = row.lot_sz.nonzero();
    instrument.min_quantity = row.min_sz.nonzero();
    // Without its filters no order can be made that passes them.
    let whole = instrument.tick.and(instrument.lot).and(instrument.min_quantity).is_some();
    instrument.active = row.state.0 == "live" && whole;
    instrument.max_quantity = row.max_lmt_sz.nonzero();
    // Of spot the venue says in US dollars how much one market order may be worth.
    instrument.max_notional = row.max_mkt_amt.nonzero();
    instrument.max_leverage = row.lever.nonzero();
    Ok(Some(instrument))
}

fn contract(row: &InstrumentRow, symbol: &str) -> Result<Option<Instrument>, String> {
    let pair = row.uly.some().or_else(|| row.inst_family.some());
    let (Some(pair), Some(settle), Some(value)) = (pair, row.settle_ccy.some(), row.ct_val.nonzero()) else {
        return Ok(None);
    };
    let (base, quote) = pair.split_once('-').ok_or_else(|| format!("{symbol} has no pair"))?;
    // "USD_UM": the same currency, in a family of contracts of its own.
    let quote = quote.split('_').next().unwrap_or(quote);
    let option = row.inst_type.0 == "OPTION";
    let product = match (option, row.ct_type.0.as_str()) {
        (true, _) => Product::Option,
        (false, "linear") => Product::Linear,
        (false, "inverse") => Product::Inverse,
        (false, other) => return Err(format!("{symbol}: {other:?} is no type of contract")),
    };
    let mut contract = Instrument::named(product, symbol, base, quote, Some(settle));
    if let (Some(at), true) = (row.exp_time.0, row.inst_type.0 != "SWAP") {
        contract = contract.expiring(at);
    }
    if let (true, Some(strike), Some(kind)) = (option, row.stk.some(), row.opt_type.some()) {
        contract.name = format!("{}-{strike}-{kind}", contract.name);
    }
    let multiplier = row.ct_mult.nonzero().unwrap_or(Decimal::ONE);
    contract.contract_size = Some(exact::mul(value, multiplier).map_err(|e| format!("{symbol}: {e}"))?.normalize());
    Ok(Some(contract))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Markets, Reply};

    #[test]
    fn names_and_filters_are_read_of_every_product() {
        let body = r#"{"code":"0","msg":"","data":[
            {"instType":"SWAP","instId":"BTC-USD-SWAP","uly":"BTC-USD","settleCcy":"BTC","ctType":"inverse","ctVal":"100","ctMult":"1","tickSz":"0.1","lotSz":"1","minSz":"1","state":"live","expTime":"","lever":"100","instIdCode":10458,"futureSettlement":false},
            {"instType":"SWAP","instId":"ETH-USDT-SWAP","uly":"ETH-USDT","settleCcy":"USDT","ctType":"linear","ctVal":"0.1","ctMult":"1","tickSz":"0.01","lotSz":"0.01","minSz":"0.01","state":"suspend","expTime":""},
            {"instType":"SWAP","instId":"NEW-USDT-SWAP","uly":"NEW-USDT","settleCcy":"USDT","ctType":"linear","ctVal":"","ctMult":"","tickSz":"","state":"preopen"}]}"#;
        let read = |product| listed(product).unwrap().read(&Reply::new(200, body), &Markets::default()).unwrap();
        let inverse = read(Product::Inverse);
        assert_eq!(inverse.len(), 1);
        assert_eq!(inverse[0].name, "BTC/USD:BTC");
        assert_eq!(inverse[0].contract_size, Some(Decimal::ONE_HUNDRED));
        let linear = read(Product::Linear);
        assert_eq!(linear.len(), 1, "one that is only announced is left out");
        assert_eq!((linear[0].name.as_str(), linear[0].active), ("ETH/USDT:USDT", false));
    }

    #[test]
    fn a_dated_future_carries_its_day() {
        let body = r#"{"code":"0","data":[{"instType":"FUTURES","instId":"BTC-USDT-240628","uly":"BTC-USDT","settleCcy":"USDT","ctType":"linear","ctVal":"0.01","ctMult":"1","tickSz":"0.1","lotSz":"1","minSz":"1","state":"live","expTime":"1719561600000"}]}"#;
        let read = dated(Product::Linear).unwrap().read(&Reply::new(200, body), &Markets::default()).unwrap();
        assert_eq!(read[0].name, "BTC/USDT:USDT-240628");
    }
}
