//! Holds the venues' adapters to published cases.
//!
//! A case gives the input of a common method and either the request that must follow or an answer and what it means.
//! [`questions`] turns the input into our own question, [`compare`] holds the result to the case by the rules that
//! the cases come with, [`venues`] has the adapters and, with a reason each, where they differ on purpose.

#![allow(clippy::wildcard_enum_match_arm, reason = "JSON values are not going to have other kinds")]

pub mod cases;
pub mod compare;
pub mod fuzz;
pub mod input;
pub mod markets;
pub mod questions;
pub mod run;
mod unified;
pub mod venues;

use std::path::PathBuf;

/// Where the cases are: `$BALLAST_CONFORMANCE`, or `ccxt` in the test data.
#[must_use]
pub fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("BALLAST_CONFORMANCE") {
        return PathBuf::from(folder);
    }
    testdata().join("ccxt")
}

/// Where the test data is: `$BALLAST_TESTDATA`, or beside the project.
#[must_use]
pub fn testdata() -> PathBuf {
    std::env::var_os("BALLAST_TESTDATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/testdata")), PathBuf::from)
}
