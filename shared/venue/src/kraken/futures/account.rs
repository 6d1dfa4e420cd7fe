//! The futures account: balances, fills, positions, leverage, the log, the key.

use super::errors::{read, read_plain};
use super::market::{instant, name_of};
use super::raw;
use crate::kraken::assets::common;
use crate::kraken::shared::{self, merged};
use crate::protocol::call::{Extra, Wallet};
use crate::protocol::model::{
    AccountRow, Balances, FundingPayment, Holding, KeyPermissions, Liquidity, Movement, MovementKind, OwnTrade,
    VenueFee, VenueHealth,
};
use crate::protocol::{
    Ask, Built, CallError, HistoryQuery, Markets, OrderRef, Params, ReadFault, Reply, Scope, Unsigned, wire,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// The first rows of a stretch that has a beginning, else the last ones.
pub(super) fn shorten<T>(rows: &mut Vec<T>, limit: Option<u32>, from_start: bool) {
    let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else { return };
    if from_start {
        rows.truncate(limit);
    } else if rows.len() > limit {
        rows.drain(..rows.len() - limit);
    }
}

pub(super) fn ask<T>(
    path: &'static str,
    query: Params,
    (extra, consumed): (&Extra, &[&str]),
    read: impl Fn(&Reply, &Markets) -> Result<T, ReadFault> + Send + Sync + 'static,
) -> Built<T> {
    Ok(Ask::new(Unsigned::account("futures", path, merged(query, extra, consumed)).weighing(2), read))
}

pub(super) fn key_permissions() -> Built<KeyPermissions> {
    ask("/api/auth/v1/api-keys/v3/check", Params::new(), (&Extra::default(), &[]), |reply, _| {
        let key: raw::Key = read_plain(reply)?;
        let level = |text: &str| match text {
            "NO_ACCESS" => Ok(0_u8),
            "READ_ONLY" => Ok(1),
            "FULL_ACCESS" => Ok(2),
            other => Err(ReadFault::parse(reply, format!("{other:?} is no level of access"))),
        };
        let (general, transfer) = (level(&key.permissions.general.0)?, level(&key.permissions.transfer.0)?);
        let addresses = key.allowed_cidr_blocks.clone().filter(|blocks| !blocks.is_empty());
        Ok(KeyPermissions {
            read: Some(general >= 1),
            spot: Some(false),
            contracts: Some(general == 2),
            withdraw: Some(transfer == 2),
            addresses: addresses.unwrap_or_else(|| key.allowed_cidr_block.owned().into_iter().collect()),
            expires_at: None,
        })
    })
}

pub(super) fn health() -> Built<VenueHealth> {
    ask("/derivatives/api/v3/notifications", Params::new(), (&Extra::default(), &[]), |reply, _| {
        let told: raw::Notices = read(reply)?;
        // Notices announce; while the service rests it gives no answer at all.
        let maintenance = told.notifications.iter().find(|notice| notice.kind.0 == "maintenance");
        Ok(VenueHealth { trading: true, until: None, message: maintenance.and_then(|notice| notice.note.owned()) })
    })
}

/// Which wallets a question is about, by their names and types.
#[derive(Clone)]
enum Wallets {
    /// The one of several collaterals.
    Flex,
    /// That without positions.
    Cash,
    /// Those of single contracts.
    Margin,
    /// One by its name.
    Named(String),
}

fn wallets(scope: &Scope) -> Wallets {
    let named = |name: String| match name.as_str() {
        "flex" | "multiCollateralMarginAccount" => Wallets::Flex,
        "cash" | "cashAccount" => Wallets::Cash,
        "marginAccount" | "margin" => Wallets::Margin,
        _ => Wallets::Named(name.to_ascii_lowercase()),
    };
    if let Some(name) =
        scope.extra.text("symbol").or_else(|| scope.extra.text("account")).or_else(|| scope.extra.text("type"))
    {
        return named(name);
    }
    match scope.wallet {
        Some(Wallet::Spot | Wallet::Funding) => Wallets::Cash,
        Some(Wallet::Margin | Wallet::Inverse) => Wallets::Margin,
        Some(Wallet::Linear | Wallet::Option | Wallet::Savings) | None => Wallets::Flex,
    }
}

pub(super) fn balances(scope: &Scope) -> Built<Balances> {
    let wallets = wallets(scope);
    let consumed = ["symbol", "account", "type"];
    ask("/derivatives/api/v3/accounts", Params::new(), (&scope.extra, &consumed), move |reply, _| {
        let told: raw::Accounts = read(reply)?;
        let mut of: BTreeMap<String, Holding> = BTreeMap::new();
        for (name, wallet) in &told.accounts {
            let wanted = match &wallets {
                Wallets::Flex => name == "flex",
                Wallets::Cash => name == "cash",
                Wallets::Margin => !matches!(name.as_str(), "flex" | "cash"),
                Wallets::Named(wanted) => {
                    name.to_ascii_lowercase() == *wanted || wanted.ends_with(&name.to_ascii_lowercase())
                }
            };
            if wanted {
                add_wallet(&mut of, wallet);
            }
        }
        let at = instant(&told.server_time).map_err(|e| ReadFault::parse(reply, e))?;
        Ok(Balances { at, of })
    })
}

fn add_wallet(of: &mut BTreeMap<String, Holding>, wallet: &raw::Wallet) {
    let mut add = |currency: &str, total: Decimal, free: Option<Decimal>| {
        let holding = of.entry(common(currency)).or_default();
        holding.total = Some(holding.total.unwrap_or_default() + total);
        holding.free = free.map(|free| holding.free.unwrap_or_default() + free).or(holding.free);
    };
    if let Some(currencies) = &wallet.currencies {
        for (currency, row) in currencies {
            add(currency, row.quantity.0, row.available.0);
        }
        return;
    }
    if let (Some(currency), Some(figures)) = (wallet.currency.some(), &wallet.auxiliary) {
        if let Some(value) = figures.pv.0 {
            add(currency, value, figures.af.0);
        }
        return;
    }
    // Names with an underscore are positions, not currencies.
    for (currency, amount) in wallet.balances.iter().flatten().filter(|(name, _)| !name.contains('_')) {
        add(currency, amount.0, Some(amount.0));
    }
}

pub(super) fn accounts(scope: &Scope) -> Built<Vec<AccountRow>> {
    ask("/derivatives/api/v3/accounts", Params::new(), (&scope.extra, &[]), |reply, _| {
        let told: raw::Accounts = read(reply)?;
        let one = |(name, wallet): (&String, &raw::Wallet)| AccountRow {
            id: name.clone(),
            kind: wallet.kind.owned(),
            currency: wallet.currency.some().map(common),
        };
        Ok(told.accounts.iter().map(one).collect())
    })
}

fn fill(row: &raw::Fill, markets: &Markets) -> Result<OwnTrade, String> {
    Ok(OwnTrade {
        market: name_of(markets, &row.symbol.0),
        id: row.fill_id.owned().ok_or("a fill without its id")?,
        order: row.order_id.owned(),
        client_id: row.cli_ord_id.owned().or_else(|| row.cli_ord_id_2.owned()),
        at: instant(&row.fill_time)?,
        side: Some(shared::side_of(&row.side.0)?),
        liquidity: liquidity(&row.fill_type.0),
        price: wire::price(row.price.0)?,
        quantity: wire::quantity(row.size.0)?,
        cost: None,
        fee: row.fee_paid.0.map(|cost| VenueFee { cost, currency: row.fee_currency.some().map(common) }),
    })
}

/// Liquidations and settlements are neither.
pub(super) fn liquidity(text: &str) -> Option<Liquidity> {
    match text {
        "maker" | "makerAfterEdit" => Some(Liquidity::Maker),
        "taker" | "takerAfterEdit" => Some(Liquidity::Taker),
        _ => None,
    }
}

fn fills_of(reply: &Reply, markets: &Markets) -> Result<Vec<OwnTrade>, ReadFault> {
    let told: raw::Fills = read(reply)?;
    let fills = told.fills.iter().map(|row| fill(row, markets)).collect::<Result<Vec<_>, _>>();
    let mut fills = fills.map_err(|e| ReadFault::parse(reply, e))?;
    fills.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    Ok(fills)
}

pub(super) fn own_trades(query: &HistoryQuery) -> Built<Vec<OwnTrade>> {
    let (market, range) = (query.instrument.as_ref().map(|i| i.name.clone()), query.range);
    // Up to a hundred fills before an instant.
    let params = Params::new().maybe("lastFillTime", range.until.map(Timestamp::rfc3339_ms));
    // Asked for by time they cost more.
    let weight = if range.until.is_some() { 25 } else { 2 };
    let asked = ask("/derivatives/api/v3/fills", params, (&query.scope.extra, &[]), move |reply, markets| {
        let mut fills = fills_of(reply, markets)?;
        let inside = |at: Option<Timestamp>| at.is_none_or(|at| range.since.is_none_or(|since| at >= since));
        fills.retain(|fill| market.as_ref().is_none_or(|market| *market == fill.market) && inside(fill.at));
        shorten(&mut fills, range.limit, range.since.is_some());
        Ok(fills)
    });
    asked.map(|mut asked| {
        asked.request.weight = weight;
        asked
    })
}

pub(super) fn order_trades(order: &OrderRef) -> Built<Vec<OwnTrade>> {
    let (id, client_id) = (order.id.clone(), order.client_id.clone());
    if id.is_none() && client_id.is_none() {
        return Err(CallError::Invalid("neither the venue's id of the order nor ours is given".to_owned()));
    }
    ask("/derivatives/api/v3/fills", Params::new(), (&order.scope.extra, &[]), move |reply, markets| {
        let mut fills = fills_of(reply, markets)?;
        fills.retain(|fill| if id.is_some() { fill.order == id } else { fill.client_id == client_id });
        Ok(fills)
    })
}

fn log(range: crate::protocol::Range, info: Option<&'static str>) -> Params {
    Params::new()
        .maybe("since", range.since.map(Timestamp::ms))
        .maybe("before", range.until.map(Timestamp::ms))
        .maybe("sort", range.since.map(|_| "asc"))
        .maybe("info", info)
        .maybe("count", range.limit)
}

pub(super) fn funding_payments(query: &HistoryQuery) -> Built<Vec<FundingPayment>> {
    let market = query.instrument.as_ref().map(|i| i.name.clone());
    let params = log(query.range, Some("funding rate change"));
    ask("/api/history/v3/account-log", params, (&query.scope.extra, &[]), move |reply, markets| {
        let told: raw::Log = read_plain(reply)?;
        let mut rows = Vec::new();
        for entry in told.logs.iter().filter(|entry| entry.info.0 == "funding rate change") {
            let Some(amount) = entry.realized_funding.nonzero() else { continue };
            let of = entry.contract.some().unwrap_or(&entry.asset.0);
            let currency = entry.collateral.some().unwrap_or(&entry.asset.0);
            let at = wire::rfc3339(&entry.date.0).map_err(|e| ReadFault::parse(reply, e))?;
            let id = entry.booking_uid.owned();
            rows.push(FundingPayment { market: name_of(markets, of), id, amount, currency: common(currency), at });
        }
        rows.retain(|row| market.as_ref().is_none_or(|market| *market == row.market));
        rows.sort_by_key(|row| row.at);
        Ok(rows)
    })
}

/// Why money moved; `None` for entries of trades and funding.
fn movement_kind(info: &str) -> Option<MovementKind> {
    match info {
        "cross-exchange transfer" | "transfer" | "subaccount transfer" | "admin transfer" => {
            Some(MovementKind::Transfer)
        }
        "conversion" | "interest payment" | "kfee applied" | "tax withheld" | "tax refund" => Some(MovementKind::Other),
        _ => None,
    }
}

pub(super) fn movements(query: &HistoryQuery) -> Built<Vec<Movement>> {
    ask("/api/history/v3/account-log", log(query.range, None), (&query.scope.extra, &[]), |reply, _| {
        let told: raw::Log = read_plain(reply)?;
        let mut rows = Vec::new();
        for entry in &told.logs {
            let (Some(kind), Some(new), Some(old)) =
                (movement_kind(&entry.info.0), entry.new_balance.0, entry.old_balance.0)
            else {
                continue;
            };
            let currency = common(&entry.asset.0);
            let at = wire::rfc3339(&entry.date.0).map_err(|e| ReadFault::parse(reply, e))?;
            let id = entry.booking_uid.owned().or_else(|| entry.id.owned());
            let id = id.ok_or_else(|| ReadFault::parse(reply, "an entry of the log without an id"))?;
            let fee = entry.fee.nonzero().map(|cost| VenueFee { cost, currency: Some(currency.clone()) });
            rows.push(Movement { id, kind, currency, amount: new - old, fee, at });
        }
        rows.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(rows)
    })
}
