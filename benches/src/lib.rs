//! What our measurements share: a real installation, a client, clocks of CPU time. The figures are in `BENCHMARKS.md`.

mod asked;
pub mod bundle;
mod client;
mod cpu;
pub mod gate;
pub mod handshake;
mod installation;
pub mod issue;
mod machine;
pub mod nginx;
mod primitives;
mod process;
pub mod program;
pub mod seal;
pub mod sign;
mod spread;

pub use asked::Asked;
pub use spread::Spread;
