use super::*;
use crate::fake::sample;
use crate::strategy::Target as Wished;

fn books() -> Books {
    Books {
        kill: KillState { epoch: 1, kill: Kill::Live },
        frozen: None,
        market_frozen: None,
        position: Position::FLAT,
        closing: false,
        opening: false,
        equity: Amount::whole(1_000_000),
        exposure: Amount::ZERO,
        headroom: Headroom { cash: Amount::whole(1_000_000), slots: Amount::whole(5), exposure: Amount::whole(50_000) },
    }
}

fn judge(change: impl FnOnce(&mut Books, &mut Profile, &mut Signal)) -> Review {
    let (mut books, mut profile, mut signal) = (books(), Profile::named("careful").unwrap(), sample::signal());
    change(&mut books, &mut profile, &mut signal);
    let instrument = sample::instrument();
    let proposal = propose(&signal, &instrument, &books.position, 1).unwrap();
    review(&proposal, &books, &profile, sample::signal().decided_at).unwrap()
}

fn refused(change: impl FnOnce(&mut Books, &mut Profile, &mut Signal)) -> Layer {
    match judge(change).verdict {
        Verdict::Refused(layer) => layer,
        Verdict::Approved(_) => panic!("approved"),
    }
}

#[test]
fn a_modest_entry_is_approved_with_a_reservation_that_covers_its_buffer_and_fee() {
    let Verdict::Approved(approval) = judge(|_, _, _| {}).verdict else { panic!("refused") };
    // 10 at 100, 1 % buffer, 10 bp fee.
    assert_eq!(approval.reservation().cash.to_string(), "1011.01");
    assert_eq!(approval.reservation().exposure.to_string(), "1010");
    assert!(approval.reservation().slot);
}

#[test]
fn each_limit_refuses_by_its_own_name() {
    let whole = Amount::whole;
    assert_eq!(
        refused(|b, _, _| b.kill = b.kill.killed(KillMode::KeepStops, "a", "b", Timestamp::from_ms(0))),
        Layer::Kill
    );
    assert_eq!(refused(|b, _, _| b.frozen = Some("x".to_owned())), Layer::Frozen);
    assert_eq!(refused(|b, _, _| b.market_frozen = Some("x".to_owned())), Layer::MarketFrozen);
    assert_eq!(refused(|_, _, s| s.decided_at = s.decided_at.plus_ms(-120_001)), Layer::StaleData);
    assert_eq!(refused(|_, p, _| p.symbol_whitelist = Some(std::collections::BTreeSet::new())), Layer::SymbolWhitelist);
    assert_eq!(refused(|_, _, s| s.target = Wished::Flat), Layer::Position);
    // What it has bought may not be known yet: a second one would double the position.
    assert_eq!(refused(|b, _, _| b.opening = true), Layer::Position);
    assert_eq!(refused(|_, p, _| p.max_order = whole(999)), Layer::MaxOrder);
    assert_eq!(refused(|b, _, _| b.headroom.exposure = whole(1009)), Layer::MaxPosition);
    assert_eq!(refused(|b, _, _| b.equity = whole(10_099)), Layer::MaxPositionSize);
    assert_eq!(refused(|b, _, _| b.exposure = whole(999_000)), Layer::Leverage);
    assert_eq!(refused(|_, p, _| p.max_risk_per_trade = "0.19".parse().unwrap()), Layer::RiskPerTrade);
    assert_eq!(refused(|b, _, _| b.headroom.slots = Amount::ZERO), Layer::MaxOpenPositions);
    assert_eq!(refused(|b, _, _| b.headroom.cash = "1011.009".parse().unwrap()), Layer::Cash);
    let stake = |n: u32| Wished::Long {
        stake: crate::money::Notional::new(whole(n)).unwrap(),
        stop_distance: "200".parse().unwrap(),
    };
    assert_eq!(refused(|_, _, s| (s.target, s.close) = (stake(1), "1000000".parse().unwrap())), Layer::OrderSize);
}

#[test]
fn a_limit_that_is_just_met_is_not_exceeded() {
    let met = judge(|b, p, _| {
        p.max_order = Amount::whole(1000);
        p.max_position = Amount::whole(1010);
        b.headroom.exposure = Amount::whole(1010);
        b.equity = Amount::whole(10_100);
        b.exposure = Amount::whole(9090);
        b.headroom.slots = Amount::ONE;
        b.headroom.cash = "1011.01".parse().unwrap();
    });
    assert!(matches!(met.verdict, Verdict::Approved(_)), "{:?}", met.checks);
}

#[test]
fn an_exit_is_not_held_up_by_limits_that_bind_entries() {
    let review = judge(|b, p, s| {
        s.target = Wished::Flat;
        b.position.quantity = Amount::ONE;
        b.position.opened_at = Some(Timestamp::from_ms(0));
        b.headroom = Headroom { cash: Amount::ZERO, slots: Amount::ZERO, exposure: Amount::ZERO };
        b.frozen = Some("x".to_owned());
        p.max_order = Amount::ONE;
    });
    let Verdict::Approved(approval) = review.verdict else { panic!("refused") };
    assert_eq!(*approval.reservation(), Reservation::NONE);
    assert_eq!(approval.intent().side, Side::Sell);
}

#[test]
fn a_refusal_still_shows_every_check() {
    let review = judge(|b, p, _| {
        p.max_order = Amount::ONE;
        b.headroom.cash = Amount::ZERO;
    });
    let failed: Vec<Layer> = review.checks.iter().filter(|c| !c.passed).map(|c| c.layer).collect();
    assert_eq!(failed, [Layer::MaxOrder, Layer::Cash]);
    assert_eq!(review.checks.len(), 14);
}
