//! An installation in a folder of its own, its server, and the programs that judge what it makes.

mod ask;
pub(crate) mod ca;
mod house;
mod images;
mod live;
mod mint;
mod openssl;
mod peers;
mod table;
mod tls;

pub(crate) use self::{
    ask::{Answer, REVOKED, SUSPENDED, ask, barred, times_refused, wait_until},
    house::{DEVICE, House, Server, curl, run},
    images::{Image, built_with, composed, image, large, secured},
    live::{CUT_WITHIN, Live},
    mint::{Authority, Leaf, self_signed},
    openssl::OpenSsl,
    peers::{espressif, judge, need, python, skip},
    table::Table,
    tls::{Tls, over_each_tls},
};
