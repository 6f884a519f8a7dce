//! The node on a computer: a flash that loses power, a server that lies, a boot loader that goes back.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panic"
)]
#![expect(clippy::print_stderr, reason = "tests show what they measured")]

mod author;
mod author_sets;
mod boot;
mod chip;
mod device;
#[path = "../../../../acceptance/harness/table.rs"]
mod table;
mod world;

mod bounds;
mod downloads;
mod flashes;
mod patience;
mod power;
mod refusals;
mod sending;
mod servers;
mod signed;
mod trial;
mod update;
