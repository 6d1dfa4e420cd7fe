//! The simulator held to its own promises: runs are clean and repeatable, the sweeps find nothing, every mutant is noticed,
//! and the failures that cost users of other desks money don't happen here.

mod incidents;
mod promises;
mod sources;
