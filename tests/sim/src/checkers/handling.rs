//! Handling: messages in order, effects once, and nothing that shows a secret.

use super::Verdict;
use crate::world::World;

/// I16: in a group nothing is begun before what stands in front of it is done.
pub(super) fn i16_a_group_keeps_its_order(world: &World) -> Verdict {
    world.mirror.step.overtaken.clone().map_or(Ok(()), Err)
}

/// I17: a handler that runs again, or at the same time as another, does nothing a second time: a cursor moves forward with every
/// write, and every transaction of the ledger stands behind the one before it.
pub(super) fn i17_a_step_is_done_once(world: &World) -> Verdict {
    let step = &world.mirror.step;
    if let Some((Some(before), after)) = step.cursors.iter().find(|(before, after)| before.is_some_and(|b| b >= *after))
    {
        return Err(format!("a cursor that stood at {} was moved to {}", before.ms(), after.ms()));
    }
    step.unchained.map_or(Ok(()), |seq| Err(format!("transaction {seq} does not stand behind the one before it")))
}

/// I18: whoever asks again about what it has written hears of its success, and nobody hears of one that is not its own.
pub(super) fn i18_an_own_success_is_recognised(world: &World) -> Verdict {
    let step = &world.mirror.step;
    step.denied.clone().or_else(|| step.feigned.clone()).map_or(Ok(()), Err)
}

/// I18: what was told to be stored is stored: nobody is sent to place an order that the books don't have.
pub(super) fn i18_nothing_is_sent_that_was_not_stored(world: &World) -> Verdict {
    match &world.mirror.step.sent {
        Some(id) if !world.mirror.orders.contains_key(id) => {
            Err(format!("order {id} was sent to be placed, and nobody has stored it"))
        }
        Some(_) | None => Ok(()),
    }
}

/// I20: no line of a log shows a secret.
pub(super) fn i20_no_secret_is_logged(world: &World) -> Verdict {
    let shows = world.mirror.step.logged.as_ref().is_some_and(|text| text.contains(crate::port::CANARY));
    if shows { Err("a line of a log shows a secret".to_owned()) } else { Ok(()) }
}
