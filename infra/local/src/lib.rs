//! The whole desk on one machine.
//!
//! - [`cloud`]: what the desk on AWS costs, and the tools that deploy it;
//! - [`cli`]: the operator's command line, a verb a file;
//! - [`desk`]: the handlers in one process, with a market that waits for them;
//! - [`embedded`]: what stands in for DynamoDB and SQS;
//! - [`keyring`]: the exchanges' keys, sealed in a file;
//! - [`in_use`]: which of them a desk trades with at the moment;
//! - [`history`]: bars pulled from a venue into Parquet;
//! - [`market`]: recorded bars and the simulated market;
//! - [`folder`]: the data folder, its lock, its run, its token;
//! - [`private`]: that nobody else reads it;
//! - [`report`]: the figures of a run, read back from the books.

pub mod cli;
pub mod cloud;
pub mod desk;
pub mod embedded;
pub mod folder;
pub mod history;
pub mod in_use;
pub mod keyring;
pub mod market;
pub mod private;
pub mod report;
