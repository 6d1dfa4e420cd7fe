//! `signal-inference`: folds new candles into the strategy and stores what it wishes.
//!
//! A poke says only that there is something new. The handler reads on from its own cursor, so order and repetition of
//! pokes don't matter:
//!
//! 1. If the last step's signal has not been judged, it may not have been sent: send it (again).
//! 2. Fold every candle behind the cursor into the strategy's memory. Only the newest may lead to a wish: an older one
//!    would be acted on too late.
//! 3. Move the cursor and store the wish, in one transaction, on the condition that nobody moved it meanwhile.
//! 4. Send the signal.
//!
//! A bar that closed before the position's last fill is history: it was decided when it was new, and moves the memory
//! only. That is the case when candles were lost with the power and pulled again.

use boot::config::{DeskConfig, MarketConfig};
use boot::{Failure, observe};
use desk::id::{SignalId, Symbol};
use desk::market::Candle;
use desk::message::Message;
use desk::port::{Outgoing, Publish, Table};
use desk::signal::{BarClose, Signal};
use desk::strategy::{Holding, Memory, Strategy};
use desk::time::Interval;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use store::rows::{CursorRow, HoldsRow};
use store::verbs::Advance;
use store::{Store, Versioned};

/// What the handler works with.
#[derive(Debug)]
pub struct Deps<T, Q> {
    /// The books.
    pub store: Store<T>,
    /// Where signals go.
    pub queues: Q,
    /// What is traded.
    pub config: Arc<DeskConfig>,
    /// By what.
    pub strategy: Strategy,
    /// The cursors this process has moved, by market.
    pub cursors: Cursors,
}

/// The cursors this process has moved last, to spare a look into the store. One that somebody else has moved since is
/// found out by the condition of the next move, and forgotten.
#[derive(Debug, Default)]
pub struct Cursors(Mutex<BTreeMap<Symbol, Versioned<CursorRow>>>);

impl Cursors {
    fn take(&self, symbol: &Symbol) -> Option<Versioned<CursorRow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(symbol)
    }

    fn keep(&self, symbol: &Symbol, cursor: Versioned<CursorRow>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(symbol.clone(), cursor);
    }
}

/// How many candles are folded at once.
const LIMIT: u32 = 1000;

/// Folds what is new.
///
/// # Errors
/// [`Failure::Poison`] for any other message or a market that is not configured; otherwise as the ports.
pub async fn handle<T: Table, Q: Publish>(deps: &Deps<T, Q>, message: &Message) -> Result<(), Failure> {
    let Message::Bars { symbol, interval } = message else {
        return Err(Failure::poison("this queue takes bars only"));
    };
    let market = deps.config.known_market(symbol)?;
    if market.interval != *interval {
        return Err(Failure::poison(format!("{symbol} is configured on {} bars, not {interval}", market.interval)));
    }
    let (account, strategy) = (&deps.config.account, deps.strategy.id());
    // Taken, not copied: a step that fails leaves no cursor behind, and the next one reads the store.
    let mut cursor = match deps.cursors.take(symbol) {
        Some(cursor) => Some(cursor),
        None => deps.store.cursor(account, strategy, symbol, *interval).await?,
    };
    if let Some(signal) = cursor.as_ref().and_then(|cursor| cursor.row.unsent.clone())
        && deps.store.verdicts(&signal).await?.is_empty()
    {
        send(deps, symbol, signal).await?;
    }
    loop {
        let after = cursor.as_ref().map(|cursor| cursor.row.last_bar);
        let candles = deps.store.candles_after(symbol, *interval, after, LIMIT).await?;
        // Of a full page the last candle is left to the next one: only the newest of all may lead to a wish.
        let full = candles.len() >= usize::try_from(LIMIT).unwrap_or(usize::MAX);
        let part = if full { candles.split_last().map_or(&[][..], |(_, older)| older) } else { &candles };
        if let Some((newest, older)) = part.split_last() {
            cursor = Some(step(deps, market, cursor, (older, newest), !full).await?);
        }
        if !full {
            cursor.into_iter().for_each(|cursor| deps.cursors.keep(symbol, cursor));
            return Ok(());
        }
    }
}

/// One step of the cursor over older candles and a newest one, which may lead to a wish if it `acts`.
async fn step<T: Table, Q: Publish>(
    deps: &Deps<T, Q>,
    market: &MarketConfig,
    cursor: Option<Versioned<CursorRow>>,
    (older, newest): (&[Candle], &Candle),
    acts: bool,
) -> Result<Versioned<CursorRow>, Failure> {
    let (symbol, interval) = (&market.instrument.symbol, market.interval);
    let version = cursor.as_ref().map(|cursor| cursor.version);
    let (mut memory, mut holds) =
        cursor.map_or_else(|| (deps.strategy.fresh(), None), |cursor| (cursor.row.memory, cursor.row.holds));
    for candle in older {
        extend(&mut holds, candle, memory);
        let _ = deps.strategy.on_bar(&mut memory, candle, Holding::Flat);
    }
    let before = memory;
    let wish = decide(deps, symbol, interval, &mut memory, newest).await?;
    let signal = wish.filter(|_| acts);
    if signal.is_none() {
        extend(&mut holds, newest, before);
    }
    let ended = if signal.is_some() { holds.take() } else { None };
    let unsent = signal.as_ref().map(|signal| signal.id.clone());
    let row = CursorRow { memory, last_bar: newest.open_time, unsent: unsent.clone(), holds };
    let (account, strategy) = (&deps.config.account, deps.strategy.id());
    let cursor = row.clone();
    let advance = Advance { account, strategy, symbol, interval, from: version, cursor, ended, signal: signal.clone() };
    deps.store.advance(advance).await?;
    if let Some(signal) = signal {
        observe::signal(&signal);
        send(deps, symbol, signal.id).await?;
    }
    Ok(Versioned { row, version: version.unwrap_or(0) + 1 })
}

/// Whether the bar leads to a wish. The position is read only if it can matter: at most bars a strategy has no wish
/// whatever is held.
async fn decide<T: Table, Q: Publish>(
    deps: &Deps<T, Q>,
    symbol: &Symbol,
    interval: Interval,
    memory: &mut Memory,
    bar: &Candle,
) -> Result<Option<Signal>, Failure> {
    let mut of_long = *memory;
    let if_long = deps.strategy.on_bar(&mut of_long, bar, Holding::Long);
    let if_flat = deps.strategy.on_bar(memory, bar, Holding::Flat);
    if if_long.is_none() && if_flat.is_none() {
        return Ok(None);
    }
    let position = deps.store.position(&deps.config.account, symbol).await?;
    let Some(wish) = (if position.is_open() { if_long } else { if_flat }) else { return Ok(None) };
    if position.as_of.is_some_and(|at| at > bar.close_time(interval)) {
        return Ok(None);
    }
    let close = BarClose { interval, bar: bar.open_time, price: bar.close };
    Ok(Some(Signal::new(&deps.config.account, &deps.strategy, symbol, close, &wish)))
}

/// Adds a bar to the stretch of holds, or begins one with the memory before the bar.
fn extend(holds: &mut Option<HoldsRow>, bar: &Candle, before: Memory) {
    let at = bar.open_time;
    let stretch = holds.get_or_insert(HoldsRow { from: at, to: at, bars: 0, memory: before });
    stretch.to = at;
    stretch.bars += 1;
}

async fn send<T: Table, Q: Publish>(deps: &Deps<T, Q>, symbol: &Symbol, signal: SignalId) -> Result<(), Failure> {
    Ok(deps.queues.publish(Outgoing::to_judge(&deps.config.account, symbol, &signal, 1)).await?)
}
