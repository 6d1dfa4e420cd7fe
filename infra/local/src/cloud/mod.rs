//! The desk on AWS, seen from an operator's machine: what it costs, and deploying it. Nothing here talks to AWS: the
//! tools that do (`npx cdk`, `aws`) are called, and what they will do is shown before they are.

pub mod cost;
pub mod tools;
