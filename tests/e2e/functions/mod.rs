//! The functions as they run on AWS, in this process: each with a view of the table and the queues of its own that
//! remembers what it did, and a market that nobody drives.

mod bench;
mod contention;
mod desk;
mod keyless;
mod parity;
mod permissions;
mod usage;
mod watched;
