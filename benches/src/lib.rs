//! What our measurements share: a real installation, a client, clocks of CPU time. The figures are in `BENCHMARKS.md`.

mod asked;
pub mod bundle;
mod client;
mod cpu;
pub mod handshake;
mod installation;
mod machine;
mod primitives;
mod spread;

pub use asked::Asked;
pub use spread::Spread;
