//! Attacks by name: what each would win, what it is met with, and what it costs whom it is made on.

mod clients;
pub(crate) mod servers;
