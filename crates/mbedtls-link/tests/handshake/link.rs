//! The node's link and cryptography: what is kept of a session, dates, digests and signatures.

mod crypto;
mod dates;
mod machine;
mod resumption;
mod scene;
