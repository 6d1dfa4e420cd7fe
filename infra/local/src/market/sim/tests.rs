use super::walk::whole;
use super::*;

const START: Timestamp = Timestamp::from_ms(1_704_067_200_000);

fn market(seed: u64) -> SimMarket {
    SimMarket::new(seed, START, Interval::MINUTE, &default_symbols().unwrap()).unwrap()
}

fn closes(seed: u64, symbol: usize, bars: usize) -> Vec<f64> {
    market(seed).take(bars).map(|candles| candles[symbol].close.value().to_f64().unwrap()).collect()
}

fn returns(closes: &[f64]) -> Vec<f64> {
    closes.windows(2).map(|pair| (pair[1] / pair[0]).ln()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).unwrap())
}

/// The mean product of the deviations of two samples.
fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, mean_b) = (mean(a), mean(b));
    mean(&a.iter().zip(b).map(|(x, y)| (x - mean_a) * (y - mean_b)).collect::<Vec<_>>())
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    covariance(a, b) / (covariance(a, a) * covariance(b, b)).sqrt()
}

#[test]
fn the_same_seed_gives_the_same_bars_and_another_seed_others() {
    let bars = |seed| market(seed).take(500).collect::<Vec<_>>();
    assert_eq!(bars(1), bars(1));
    let (one, two) = (bars(1), bars(2));
    for symbol in 0..5 {
        let same = one.iter().zip(&two).filter(|(a, b)| a[symbol].close == b[symbol].close).count();
        assert!(same < 50, "{same} of 500 closes are the same");
    }
}

#[test]
fn the_bars_of_a_seed_are_the_same_on_every_machine() {
    let last = market(7).take(1000).last().unwrap();
    let text: Vec<String> =
        last.iter().map(|c| format!("{} {} {} {} {}", c.open, c.high, c.low, c.close, c.volume)).collect();
    let pinned = [
        "44144.82 44151.55 44057.26 44060.07 73.48183",
        "2394 2394.79 2388.96 2389.11 330.8958",
        "106.85 106.9 106.65 106.67 4600.73",
        "0.6439 0.6439 0.6421 0.6423 308609",
        "15.798 15.814 15.717 15.765 4010.4",
    ];
    assert_eq!(text, pinned);
}

#[test]
fn a_symbol_moves_the_same_whoever_else_is_simulated() {
    let symbols = default_symbols().unwrap();
    let alone = SimMarket::new(5, START, Interval::MINUTE, &symbols[2..3]).unwrap();
    for (alone, all) in alone.zip(market(5)).take(200) {
        assert_eq!(alone[0], all[2]);
    }
}

#[test]
fn every_bar_is_believable_and_follows_the_one_before_it() {
    let mut bars = market(11);
    let instruments = bars.instruments().to_vec();
    let mut previous = bars.next().unwrap();
    assert_eq!(previous[0].open_time, START);
    let (mut gaps, mut flat) = (0, 0);
    for candles in bars.take(20_000) {
        assert_eq!(candles.len(), instruments.len());
        for ((candle, before), instrument) in candles.iter().zip(&previous).zip(&instruments) {
            candle.check(instrument.tick).unwrap();
            assert_eq!(candle.follows(before, Interval::MINUTE), Ok(0));
            assert!(!candle.volume.is_zero() && candle.volume.is_on(instrument.lot));
            gaps += u32::from(candle.open != before.close);
            flat += u32::from(candle.high == candle.low);
        }
        previous = candles;
    }
    assert!((5_000..50_000).contains(&gaps), "{gaps} of 100000 opens differ from the last close");
    assert!(flat < 5_000, "{flat} of 100000 bars are flat");
}

#[test]
fn a_calm_minute_of_bitcoin_moves_about_a_tenth_of_a_per_cent() {
    let mut moves: Vec<f64> = returns(&closes(3, 0, 20_000)).into_iter().map(f64::abs).collect();
    moves.sort_by(f64::total_cmp);
    // Half of all normal moves are smaller than 0.67 standard deviations.
    let sigma = moves[moves.len() / 2] / 0.6745;
    assert!((0.0005..0.0015).contains(&sigma), "{sigma}");
}

#[test]
fn returns_have_fat_tails() {
    for symbol in 0..5 {
        let returns = returns(&closes(1, symbol, 20_000));
        let centre = mean(&returns);
        let moment = |power: i32| mean(&returns.iter().map(|r| (r - centre).powi(power)).collect::<Vec<_>>());
        let kurtosis = moment(4) / moment(2).powi(2);
        assert!(kurtosis > 3.5, "symbol {symbol}: {kurtosis}");
    }
}

#[test]
fn large_moves_follow_large_moves() {
    for symbol in 0..5 {
        let sizes: Vec<f64> = returns(&closes(1, symbol, 20_000)).into_iter().map(f64::abs).collect();
        let lagged = correlation(&sizes[1..], &sizes[..sizes.len() - 1]);
        assert!(lagged > 0.05, "symbol {symbol}: {lagged}");
    }
}

#[test]
fn symbols_move_together_and_more_is_traded_when_they_move() {
    let bitcoin = returns(&closes(1, 0, 20_000));
    for symbol in 1..5 {
        let together = correlation(&bitcoin, &returns(&closes(1, symbol, 20_000)));
        assert!((0.3..0.99).contains(&together), "symbol {symbol}: {together}");
    }
    let bars: Vec<Candle> = market(1).take(20_000).map(|candles| candles[0]).collect();
    let volume: Vec<f64> = bars.iter().skip(1).map(|bar| bar.volume.value().to_f64().unwrap()).collect();
    let sizes: Vec<f64> = bitcoin.into_iter().map(f64::abs).collect();
    assert!(correlation(&sizes, &volume) > 0.3);
}

#[test]
fn a_price_stays_in_sight_of_its_start() {
    for (seed, interval, bars) in [(1, "1m", 200_000), (2, "1m", 200_000), (3, "1d", 5_000), (4, "1w", 5_000)] {
        let symbols = default_symbols().unwrap();
        let market = SimMarket::new(seed, START, interval.parse().unwrap(), &symbols).unwrap();
        let start: Vec<f64> = symbols.iter().map(|symbol| symbol.start.value().to_f64().unwrap()).collect();
        let mut extremes = vec![(f64::MAX, 0.0_f64); 5];
        for candles in market.take(bars) {
            for ((candle, start), (low, high)) in candles.iter().zip(&start).zip(&mut extremes) {
                let ratio = candle.close.value().to_f64().unwrap() / start;
                (*low, *high) = (low.min(ratio), high.max(ratio));
            }
        }
        println!("{seed} {interval} {extremes:?}");
        for (low, high) in extremes {
            assert!(low > 1.0 / 20.0 && high < 20.0, "seed {seed}, {interval}: {low} to {high}");
            assert!(high / low > 1.3, "seed {seed}, {interval}: the price doesn't move: {low} to {high}");
        }
    }
}

#[test]
fn even_the_wildest_symbol_stays_within_its_bounds() {
    let symbols = default_symbols().unwrap().into_iter().take(1);
    let wild: Vec<SimSymbol> = symbols.map(|symbol| SimSymbol { beta: 5.0, noise: 5.0, ..symbol }).collect();
    let week = Interval::from_ms(604_800_000).unwrap();
    let mut farthest = 1.0_f64;
    for candles in SimMarket::new(1, START, week, &wild).unwrap().take(5_000) {
        candles[0].check(wild[0].instrument.tick).unwrap();
        let ratio = candles[0].close.value().to_f64().unwrap() / 42_000.0;
        farthest = farthest.max(ratio).max(1.0 / ratio);
    }
    assert!((10.0..=18.0).contains(&farthest), "{farthest}");
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    let symbols = default_symbols().unwrap();
    let refused = |symbols: &[SimSymbol]| SimMarket::new(1, START, Interval::MINUTE, symbols).unwrap_err();
    let changed = |change: fn(&mut SimSymbol)| {
        let mut symbol = symbols[0].clone();
        change(&mut symbol);
        refused(&[symbol])
    };
    assert_eq!(refused(&[]), SimError::NoSymbol);
    assert!(matches!(refused(&[symbols[0].clone(), symbols[0].clone()]), SimError::Twice { .. }));
    assert!(matches!(changed(|s| s.instrument.tick = "1000".parse().unwrap()), SimError::Tick { .. }));
    assert!(matches!(changed(|s| s.beta = f64::NAN), SimError::Parameter { what: "beta", .. }));
    assert!(matches!(changed(|s| s.noise = -1.0), SimError::Parameter { what: "noise", .. }));
    assert!(matches!(changed(|s| s.turnover_minute = f64::INFINITY), SimError::Parameter { .. }));
    assert!(matches!(changed(|s| s.turnover_minute = 0.0), SimError::Parameter { .. }));
}

#[test]
fn a_float_that_is_no_number_never_becomes_a_count() {
    assert_eq!(whole(2.5), Some(3));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e15, -2e15] {
        assert_eq!(whole(bad), None, "{bad}");
    }
}
