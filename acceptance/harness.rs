//! An installation in a folder of its own, its server, and the programs that judge what it makes.

mod ask;
pub(crate) mod ca;
mod guest;
mod house;
mod images;
mod link;
mod live;
mod mint;
mod openssl;
mod peers;
mod table;

pub(crate) use self::{
    ask::{Answer, REVOKED, SUSPENDED, ask, barred, times_refused, wait_until},
    guest::Guest,
    house::{DEVICE, FLASH_LEN, House, Server, curl, run},
    images::{Image, built_with, composed, image, large, secured},
    link::{Link, on_one_thread, over_each_library, over_each_link},
    live::{CUT_WITHIN, Live},
    mint::{Authority, Leaf, self_signed},
    openssl::OpenSsl,
    peers::{espressif, judge, need, python, python_of_esptool_4, skip},
    table::Table,
};
