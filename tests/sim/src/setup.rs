//! What a run begins with, drawn from its seed.

use crate::chance::{self, Chance, draw, span};
use crate::desk::Desk;
use crate::fault::{Fault, Faults};
use crate::market::{BAR, Markets, START, instrument};
use crate::memory::Alone;
use crate::mutants::Mutant;
use crate::seed::Options;
use crate::trace::Trace;
use crate::venue::Exchange;
use crate::world::{Beginning, Shared, World};
use boot::config::{DeskConfig, MarketConfig, PaperConfig, StrategyConfig};
use desk::id::{AccountId, VenueId};
use desk::money::{Amount, Notional};
use desk::order::Timing;
use desk::risk::Profile;
use desk::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::Store;
use store::rows::OpeningRow;
use store::verbs::Found;

/// Why a run can't begin.
pub type Fails = Box<dyn std::error::Error>;

fn config(seed: u64) -> Result<DeskConfig, Fails> {
    let mut chance = Chance::new(draw(&[seed, chance::text("config")]));
    let markets = 1 + usize::try_from(chance.below(2))?;
    let markets = (0..markets).map(|n| Ok(MarketConfig { instrument: instrument(n)?, interval: BAR }));
    let parameters = [("fast", "1"), ("slow", "3"), ("stop-pct", "1")];
    let mut profile = Profile::named("careful")?;
    // Tight, so that two wishes at once are one too many.
    profile.max_open_positions = 1 + u32::try_from(chance.below(2))?;
    profile.max_position = Amount::whole(1_500);
    Ok(DeskConfig {
        account: AccountId::new("sim")?,
        venue: VenueId::new("sim")?,
        quote: instrument(0)?.quote,
        cash: Amount::whole(20_000),
        strategy: StrategyConfig {
            name: "ema-cross".to_owned(),
            parameters: parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            stake: Notional::new(Amount::whole(1_000))?,
        },
        profile,
        paper: PaperConfig { fee: "10".parse()?, slippage: "0".parse()?, participation: None },
        markets: markets.collect::<Result<_, Fails>>()?,
        live: None,
    })
}

/// The world of a seed, and the desk in it.
///
/// # Errors
/// If the desk's configuration is refused, or its account can't be opened.
pub fn world(seed: u64, options: &Options) -> Result<(Shared, Desk), Fails> {
    let config = Arc::new(config(seed)?);
    let strategy = config.check()?;
    let symbols = config.markets.iter().map(|market| market.instrument.symbol.clone());
    let markets = Markets::new(symbols, options.bars, &mut Chance::new(draw(&[seed, chance::text("market")])));
    let now = Timestamp::from_ms(START);
    let opened = Store::new(Alone::default());
    // As reconciliation opens an account at a venue: with what it finds there.
    let history = OpeningRow { at: now, trades: BTreeMap::new(), movements: BTreeSet::new(), rest: BTreeMap::new() };
    let found = Found { holdings: BTreeMap::from([(config.quote.clone(), config.cash)]), history };
    desk::fake::run(opened.open_found(&config.opening(now), &found))?;
    let instruments = config.markets.iter().map(|market| market.instrument.clone());
    let money = (config.quote.clone(), config.cash);
    let (id, account) = (config.venue.clone(), config.account.clone());
    let timing = timing(options);
    let mut world = World::new(Beginning {
        seed,
        now,
        faults: Faults::of(draw(&[seed, chance::text(options.semantics.name)]), options.faults.clone()),
        trace: Trace::new(options.trace),
        memory: opened.table().copy(),
        exchange: Exchange::new(id, options.semantics, account, instruments, money),
        markets,
        config: config.clone(),
        strategy: strategy.clone(),
        timing,
        mutant: options.mutant,
    });
    set_clocks(&mut world);
    let world = Shared::new(world);
    Ok((world.clone(), Desk { world, config, strategy, timing, mutant: options.mutant }))
}

fn timing(options: &Options) -> Timing {
    let timing = options.semantics.timing();
    if options.mutant == Some(Mutant::NoGrace) { Timing { grace_ms: 0, ..timing } } else { timing }
}

/// Clocks that are off: by so little that it is not noticed, or by up to five seconds.
fn set_clocks(world: &mut World) {
    for actor in ["risk-validation", "order-placement", "fill-booking", "reconciliation", "kill-switch"] {
        let visit = world.faults.visit(actor, "clock");
        if world.faults.fires(actor, "clock", visit, &[Fault::ClockOff]).is_some() {
            let bits = world.faults.number(actor, "clock", visit, "skew");
            let most = if bits.is_multiple_of(4) { 450 } else { 5_000 };
            let skew = span(bits >> 8, -most, most);
            world.note(actor, format_args!("clock 1 {} by {skew} ms", Fault::ClockOff));
            world.skews.insert(actor, skew);
        }
    }
}
