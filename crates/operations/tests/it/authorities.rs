//! Authorities that are not ours, and the devices that they vouch for.

mod admit;
mod house;
mod import;
mod mint;
mod register;
mod repin;
