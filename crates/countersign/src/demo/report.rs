//! How the story went, for people and for programs.

use anyhow::Result;
use serde::Serialize;

use crate::output;

/// How the story went.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// What was done, in order.
    pub(super) steps: Vec<Step>,
    /// Who was turned away, by whom and why.
    pub(super) refusals: Vec<Refusal>,
    /// The device.
    pub(super) device: Device,
    /// The server.
    pub(super) server: Server,
}

/// One step.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// Its stable name.
    pub(super) name: &'static str,
    /// What happened.
    pub(super) detail: String,
    /// How many bytes it was about.
    pub(super) bytes: Option<u64>,
    /// How long it took, in milliseconds.
    pub(super) ms: u64,
}

/// Somebody was turned away, for the right reason.
#[derive(Debug, Serialize)]
pub(super) struct Refusal {
    /// Its stable name.
    pub(super) name: &'static str,
    /// Who, or what, in words.
    pub(super) what: &'static str,
    /// By whom: `server` or `device`.
    pub(super) by: &'static str,
    /// Where: `device-plane` or `download-plane`; on a device, what it was at: `connection`, `manifest`, `address`,
    /// `image`.
    #[serde(rename = "where")]
    pub(super) place: &'static str,
    /// Why: a stable code.
    pub(super) reason: String,
    /// Why, in words.
    pub(super) reason_text: String,
}

/// The device.
#[derive(Debug, Default, Serialize)]
pub(super) struct Device {
    /// Its id.
    pub(super) id: String,
    /// Its chip.
    pub(super) chip: String,
    /// What it ran.
    pub(super) running_version: Versions,
    /// Its TLS version.
    pub(super) tls: String,
    /// How long a handshake took on it, the last one of the update, in microseconds.
    pub(super) handshake_us: u64,
}

/// What the device ran, one after the other.
#[derive(Debug, Default, Serialize)]
pub(super) struct Versions {
    /// At the beginning.
    pub(super) before: String,
    /// After the update, confirmed.
    pub(super) after_update: String,
    /// After the release that never confirmed, and the boot loader's way back.
    pub(super) after_rollback: String,
}

/// The server.
#[derive(Debug, Default, Serialize)]
pub(super) struct Server {
    /// Its CPU time for one check-in with a full handshake, in microseconds.
    pub(super) cpu_us_per_check_in: u64,
    /// Over how many that was measured.
    pub(super) check_ins_measured: u64,
}

impl Refusal {
    /// Why, as short as the table wants it: what would mend it, and the like, is left out.
    pub(super) fn because(&self) -> String {
        let mut text = self.reason_text.as_str();
        for end in [": ", " for `", " ("] {
            if text.len() > BECAUSE {
                text = text.split(end).next().unwrap_or(text);
            }
        }
        text.to_owned()
    }
}

impl Report {
    pub(super) fn print(&self, json: bool) -> Result<()> {
        if json {
            return output::json(self);
        }
        let rows = self.steps.iter().map(|step| {
            vec![
                step.name.replace('-', " "),
                step.detail.clone(),
                step.bytes.map(output::bytes).unwrap_or_default(),
                format!("{} ms", step.ms),
            ]
        });
        println!();
        output::table(&["STEP", "WHAT HAPPENED", "SIZE", "TIME"], rows.collect());
        println!();
        let rows = self.refusals.iter().map(|refusal| {
            vec![
                refusal.what.to_owned(),
                refusal.by.to_owned(),
                refusal.because(),
            ]
        });
        output::table(&["REFUSED", "BY", "BECAUSE"], rows.collect());
        println!();
        let device = &self.device;
        println!(
            "device {} ({}) ran {}, was updated to {}, and was back on {} after a release that never confirmed",
            device.id,
            device.chip,
            device.running_version.before,
            device.running_version.after_update,
            device.running_version.after_rollback,
        );
        println!(
            "handshake on the device {}.{} ms ({}); CPU time of the server per check-in {} µs, full handshake included",
            device.handshake_us / 1000,
            device.handshake_us % 1000 / 100,
            device.tls,
            self.server.cpu_us_per_check_in,
        );
        Ok(())
    }
}

/// How long a reason may be in the table, in bytes: with what it is said of, a line has 110 then.
const BECAUSE: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_its_column_and_is_whole_elsewhere() {
        let because = |text: &str| {
            let refusal = Refusal {
                name: "",
                what: "",
                by: "",
                place: "",
                reason: String::new(),
                reason_text: text.to_owned(),
            };
            refusal.because()
        };
        for (text, short) in [
            ("the device is revoked", "the device is revoked"),
            (
                "certificate 1 was not signed by the key that the bundle has for `CN=A`: put the right `CN=A` into it",
                "certificate 1 was not signed by the key that the bundle has",
            ),
            (
                "the server's certificate is not for servers: it needs the extended key usage serverAuth",
                "the server's certificate is not for servers",
            ),
        ] {
            assert_eq!(because(text), short);
            assert!(short.len() <= BECAUSE);
        }
    }
}
