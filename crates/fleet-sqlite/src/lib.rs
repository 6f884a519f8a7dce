//! The fleet in one `SQLite` file.
//!
//! **Connections.** `SQLite` has one writer at a time whatever one does, so there is one writing connection, which
//! callers wait for in a queue of ours instead of in `SQLite`'s busy loop, and a few reading ones, which the write-ahead
//! log never makes wait. A write transaction awaits nothing but the database.
//!
//! **What lasts.** Everything but [`note_seen`](countersign_fleet::Store::note_seen) is on the disk before its call
//! returns (`synchronous = FULL`). A batch of what devices last said is only written to the log (`NORMAL`): a power cut may lose it, never
//! damages the file, and each device says it again. Both go through the one writing connection, which sets its
//! `synchronous` anew with each transaction: a second connection would only wait for the first, and the next synced
//! commit takes the unsynced ones before it to the disk too, in order.
//!
//! **Standings.** A store that [keeps](SqliteStore::keeping_standings) what is asked with each request of a device asks the
//! database once, and again when it has changed something of it. Nobody else may write then.
//!
//! **Journal.** What was barred for good shall stay so where an older copy of the database is restored: see [`journal`].
//!
//! **Schema.** `PRAGMA user_version` counts the migrations in the file. A file of a newer program is refused untouched.

mod arrivals;
mod audit;
mod author_sets;
mod authorities;
mod certificates;
mod devices;
mod error;
pub mod journal;
mod offers;
mod refusals;
mod releases;
mod row;
mod schema;
mod standing;
mod standings;
mod store;
mod strangers;

pub use store::SqliteStore;
