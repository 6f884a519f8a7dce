//! The gate by whole programs: a folder of wrong certificates, none of which gets in; revocation that ends what is under way;
//! and a device's certificate where a server's should be.

pub(crate) mod client;
mod cuts;
mod der;
mod forge;
mod key;
mod servers;
mod wrong;
