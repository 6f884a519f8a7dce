//! The node on a computer: a flash that loses power, a server that lies, a boot loader that goes back.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panic"
)]

mod author;
mod boot;
mod chip;
mod device;
mod world;

mod bounds;
mod downloads;
mod flashes;
mod power;
mod refusals;
mod sending;
mod servers;
mod trial;
mod update;
