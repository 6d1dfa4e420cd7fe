//! Which kinds of faults come in a run, and how often.
//!
//! In two runs of three each kind is off in half of them (faults hide one another), and the others come often or seldom. Every
//! third run is about one subject, because what takes three faults at once hardly happens by itself.

use crate::chance::Chance;
use crate::fault::Fault;
use std::collections::BTreeMap;

/// The factors by which kinds come less often in a run than they might.
const SELDOM: [u64; 4] = [1, 3, 10, 40];

/// Subjects: kinds that are dangerous together. In a run about one of them, two in three of its kinds come, much more often
/// than elsewhere, and nothing else goes wrong.
const SUBJECTS: [&[Fault]; 5] = [
    // Nobody knows what became of an order.
    &[
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::RequestLost,
        Fault::RequestLate,
        Fault::AnswerLost,
        Fault::VenueFailsAfter,
        Fault::QueryLag,
        Fault::Forgets,
        Fault::StreamMissed,
        Fault::RoundAmid,
        Fault::ClockOff,
        Fault::HandCancel,
        Fault::VenueExpires,
    ],
    // A kill in the worst moment.
    &[
        Fault::KillAmid,
        Fault::Kill,
        Fault::Unkill,
        Fault::FreezeBefore,
        Fault::FreezeAfter,
        Fault::TableDown,
        Fault::Contended,
        Fault::RequestLate,
        Fault::AnswerLost,
        Fault::Delayed,
        Fault::ScheduleMissed,
        Fault::InParts,
    ],
    // Messages come twice, late, and many at once.
    &[
        Fault::CrashAfter,
        Fault::FreezeAfter,
        Fault::TableDown,
        Fault::TableAgain,
        Fault::SendUnclear,
        Fault::SendTwice,
        Fault::Delayed,
        Fault::Early,
        Fault::AckLost,
        Fault::Held,
        Fault::Cold,
        Fault::InParts,
        Fault::StreamLate,
    ],
    // What is filled is not what was ordered.
    &[
        Fault::InParts,
        Fault::VenueExpires,
        Fault::FillAfterCancel,
        Fault::FillAfterEnd,
        Fault::RefusedLater,
        Fault::StreamLate,
        Fault::StreamMissed,
        Fault::StreamTwice,
        Fault::HandCancel,
        Fault::CrashAfter,
        Fault::TableUnclear,
        Fault::Limits,
        Fault::RoundAmid,
    ],
    // Other hands are in the account.
    &[
        Fault::HandTrade,
        Fault::HandCancel,
        Fault::Deposit,
        Fault::Withdrawal,
        Fault::StreamMissed,
        Fault::StreamLate,
        Fault::InParts,
        Fault::FillAfterCancel,
        Fault::Contended,
        Fault::AnswerLost,
        Fault::Kill,
        Fault::Held,
    ],
];

impl Fault {
    /// One in how many of its places it comes, at most: there are many calls, and few orders.
    const fn often(self) -> u64 {
        match self {
            Self::CrashBefore
            | Self::CrashAfter
            | Self::FreezeBefore
            | Self::FreezeAfter
            | Self::TableDown
            | Self::TableUnclear
            | Self::TableAgain
            | Self::Contended => 60,
            Self::Timeout => 200,
            Self::Cold
            | Self::SendLost
            | Self::SendUnclear
            | Self::SendTwice
            | Self::Delayed
            | Self::Early
            | Self::AckLost
            | Self::ScheduleTwice
            | Self::ScheduleMissed
            | Self::PullFails
            | Self::PullStale
            | Self::PullTwice
            | Self::PullRevised
            | Self::Held => 12,
            Self::RequestLost
            | Self::RequestLate
            | Self::AnswerLost
            | Self::VenueFails
            | Self::VenueFailsAfter
            | Self::RateLimited
            | Self::RefusedLater
            | Self::Kill
            | Self::HandCancel
            | Self::Limits
            | Self::KillAmid
            | Self::RoundAmid
            | Self::HandTrade
            | Self::Deposit
            | Self::Withdrawal => 10,
            Self::QueryLag
            | Self::Forgets
            | Self::StreamLate
            | Self::StreamMissed
            | Self::StreamTwice
            | Self::InParts
            | Self::VenueExpires
            | Self::FillAfterCancel
            | Self::FillAfterEnd
            | Self::ClockOff
            | Self::Unkill => 4,
        }
    }
}

/// Which kinds come in a run, each once in how many of 65,536 places.
#[must_use]
pub fn mixture(chance: &mut Chance) -> BTreeMap<Fault, u64> {
    let subject = usize::try_from(chance.below(3 * SUBJECTS.len() as u64)).ok().and_then(|index| SUBJECTS.get(index));
    if let Some(subject) = subject {
        let comes = subject.iter().filter(|_| !chance.one_in(3));
        return comes.map(|kind| (*kind, 65_536 / (kind.often() / 4).max(2))).collect();
    }
    let mut rates = BTreeMap::new();
    for kind in Fault::ALL {
        let seldom = usize::try_from(chance.below(4)).ok().and_then(|index| SELDOM.get(index)).copied().unwrap_or(1);
        if !chance.one_in(2) {
            rates.insert(*kind, 65_536 / (kind.often() * seldom));
        }
    }
    rates
}
