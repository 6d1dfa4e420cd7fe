//! What stands in for AWS on one machine: DynamoDB on two SQLite files, and queues on a third.

mod dynamo;
pub mod queue;
mod remembered;
mod shelves;

pub use dynamo::client;
pub use shelves::Shelves;

/// The table's name in the embedded store.
pub(crate) const TABLE: &str = "ballast";
