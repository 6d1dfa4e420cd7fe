//! The simulator held to its own promises: runs are clean and repeatable, the sweeps find nothing, every mutant is noticed,
//! and the failures that cost users of other desks money don't happen here.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod incidents;
mod promises;
mod sources;
