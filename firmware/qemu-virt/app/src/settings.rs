//! What the app is told on QEMU's command line, as it is about this machine and not about the device.
//!
//! | file                     | what                                                                     |
//! |--------------------------|--------------------------------------------------------------------------|
//! | `opt/countersign/hosts`  | `NAME=ADDRESS NAME=ADDRESS`: where names lead, as IPv4 addresses         |
//! | `opt/countersign/every`  | seconds between two check-ins, whatever the server says                  |
//! | `opt/countersign/tls`    | `1.2`: offers TLS 1.2 alone                                              |
//! | `opt/countersign/count`  | `yes`: tells of instructions, which QEMU counts where it has `-icount`    |

use core::net::Ipv4Addr;

use qemu_virt_machine::fw_cfg;

/// All of it.
pub(crate) struct Settings {
    pub(crate) hosts: Hosts,
    pub(crate) every_s: Option<u32>,
    pub(crate) tls12_only: bool,
    pub(crate) count: bool,
}

impl Settings {
    /// Reads it. What is not there, or no such thing, is left as a device has it.
    pub(crate) fn read() -> Self {
        let mut hosts = Hosts {
            bytes: [0; 128],
            len: 0,
        };
        hosts.len = fw_cfg::read("opt/countersign/hosts", &mut hosts.bytes).unwrap_or_default();
        let every = file("opt/countersign/every");
        Self {
            hosts,
            every_s: text(&every).parse().ok(),
            tls12_only: text(&file("opt/countersign/tls")) == "1.2",
            count: text(&file("opt/countersign/count")) == "yes",
        }
    }
}

/// A table of names.
pub(crate) struct Hosts {
    bytes: [u8; 128],
    len: usize,
}

impl Hosts {
    /// Where a name leads; an address leads to itself.
    pub(crate) fn find(&self, name: &str) -> Option<Ipv4Addr> {
        if let Ok(address) = name.parse() {
            return Some(address);
        }
        let table = self.bytes.get(..self.len).unwrap_or_default();
        let mut rows = core::str::from_utf8(table).ok()?.split(' ');
        rows.find_map(|row| {
            row.split_once('=')
                .filter(|row| row.0 == name)?
                .1
                .parse()
                .ok()
        })
    }
}

/// A short file, cut to its room.
fn file(name: &str) -> ([u8; 16], usize) {
    let mut bytes = [0; 16];
    let len = fw_cfg::read(name, &mut bytes).unwrap_or_default();
    (bytes, len)
}

fn text((bytes, len): &([u8; 16], usize)) -> &str {
    let text = bytes.get(..*len).unwrap_or_default();
    core::str::from_utf8(text).unwrap_or_default()
}
