//! What a certificate costs, over a bare signature: with a key in a file and with one on a token.

mod token;

use std::{fmt, hint::black_box, path::Path, sync::Arc, time::Instant};

use anyhow::Result;
use countersign_fleet_sqlite::SqliteStore;
use countersign_keys::FileKey;
use countersign_operations::{Clock as _, Context, authorities::Kind, enroll, found};
use countersign_pki::{Authority, Profile, Signer, certificate_request};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

pub use self::token::Token;
use crate::{
    Spread, cpu,
    installation::{System, context_of},
    machine::Machine,
    spread::shown,
};

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rounds, each with all rows.
    pub rounds: u32,
    /// Of each row in a round.
    pub times: u32,
}

impl Plan {
    /// For figures.
    pub const fn full() -> Self {
        Self {
            rounds: 7,
            times: 500,
        }
    }

    /// To see that it still runs; its figures mean nothing.
    pub const fn quick() -> Self {
        Self {
            rounds: 1,
            times: 2,
        }
    }
}

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    machine: Machine,
    plan: Plan,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    key: &'static str,
    what: &'static str,
    /// CPU time of the whole process, in microseconds.
    us: Spread,
    /// On the clock at the wall, in microseconds.
    wall: Spread,
    over_signature: Spread,
}

/// Where a key lies, and an authority with it and all that enrolls devices.
struct Ground {
    key: &'static str,
    signer: Arc<dyn Signer>,
    context: Context,
}

/// CPU time and time at the wall of one, in microseconds.
#[derive(Clone, Copy)]
struct Cost {
    us: f64,
    wall: f64,
}

/// Makes all rounds; with a token where this process was started with one.
///
/// # Errors
/// Those of the keys and of the store.
pub fn run(plan: &Plan) -> Result<Report> {
    let folder = tempfile::Builder::new()
        .prefix("countersign-bench-")
        .tempdir()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut keys: Vec<(&'static str, Arc<dyn Signer>)> =
        vec![("file", Arc::new(FileKey::generate()?))];
    if let Some(key) = token::key()? {
        keys.push(("SoftHSM", key));
    }
    let grounds = keys
        .into_iter()
        .map(|(name, signer)| Ground::new(name, signer, folder.path(), &runtime))
        .collect::<Result<Vec<_>>>()?;
    let mut costs = vec![Vec::new(); grounds.len() * WHAT.len()];
    let mut serial = 0;
    // The round before the first warms up.
    for round in 0..=plan.rounds {
        let all = grounds
            .iter()
            .map(|ground| ground.round(plan.times, &mut serial, &runtime));
        let all = all.collect::<Result<Vec<_>>>()?;
        if round > 0 {
            for (costs, cost) in costs.iter_mut().zip(all.into_iter().flatten()) {
                costs.push(cost);
            }
        }
    }
    let names = grounds
        .iter()
        .flat_map(|ground| WHAT.map(|what| (ground.key, what)));
    let rows = names.enumerate().map(|(number, (key, what))| {
        let of = |number: usize| costs.get(number).map(Vec::as_slice).unwrap_or_default();
        let own = of(number);
        // The first row of the same key.
        let bare = of(number - number % WHAT.len());
        let over = own.iter().zip(bare).map(|(own, bare)| own.us / bare.us);
        Row {
            key,
            what,
            us: Spread::of(own.iter().map(|cost| cost.us)),
            wall: Spread::of(own.iter().map(|cost| cost.wall)),
            over_signature: Spread::of(over),
        }
    });
    Ok(Report {
        machine: Machine::look(),
        plan: *plan,
        rows: rows.collect(),
    })
}

impl Ground {
    fn new(
        key: &'static str,
        signer: Arc<dyn Signer>,
        folder: &Path,
        runtime: &Runtime,
    ) -> Result<Self> {
        let root: Arc<dyn Signer> = Arc::new(FileKey::generate()?);
        let made = found::hierarchy("Bench", "device", &root, &signer, &System, &System)?;
        let above = vec![made.root.clone()];
        let authority = Authority::new(made.issuing, above, Arc::clone(&signer))?;
        let database = folder.join(format!("{key}.db"));
        let store = runtime.block_on(SqliteStore::open(&database))?;
        let images = folder.join(format!("{key}-images"));
        let author = FileKey::generate()?;
        let root = made.root;
        let context = context_of(
            Arc::new(store),
            &images,
            &authority,
            root.clone(),
            root,
            &author,
        )?;
        Ok(Self {
            key,
            signer,
            context,
        })
    }

    /// A bare signature, a certificate, and a device that is enrolled.
    fn round(&self, times: u32, serial: &mut u32, runtime: &Runtime) -> Result<Vec<Cost>> {
        let device = FileKey::generate()?;
        let message = [7; CERTIFICATE];
        let bare = each(times, |_| {
            black_box(self.signer.sign(black_box(&message))?);
            Ok(())
        })?;
        let first = *serial;
        *serial = first.saturating_add(times);
        let issued = each(times, |number| {
            let (profile, serial) = of_device(first + number);
            let rules = &self.context.settings.profiles.device;
            let validity = rules.validity(System.now());
            let issuing = self.context.authorities.issuing(Kind::Device);
            black_box(issuing.issue(&profile, rules, device.public_key(), validity, serial)?);
            Ok(())
        })?;
        // What the factory's side does is no part of it.
        let requests = (first..*serial).map(|number| {
            let id = id_of(number);
            let request = certificate_request(&device, &id)?.into_bytes();
            Ok((id, request))
        });
        let requests = requests.collect::<Result<Vec<_>>>()?;
        let mut requests = requests.into_iter();
        let enrolled = each(times, |_| {
            let Some((id, request)) = requests.next() else {
                return Ok(());
            };
            let asked = enroll::Request {
                id: id.parse()?,
                product: None,
                request,
            };
            runtime.block_on(enroll::enroll(&self.context, &asked))?;
            Ok(())
        })?;
        Ok(vec![bare, issued, enrolled])
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn each(times: u32, mut what: impl FnMut(u32) -> Result<()>) -> Result<Cost> {
    let (start, cpu) = (Instant::now(), cpu::of_process());
    for number in 0..times {
        what(number)?;
    }
    let us = cpu::of_process() - cpu;
    let wall = start.elapsed().as_secs_f64() * 1e6;
    Ok(Cost {
        us: us / f64::from(times),
        wall: wall / f64::from(times),
    })
}

fn of_device(number: u32) -> (Profile, [u8; 16]) {
    let id = id_of(number);
    let mut serial = [0x11; 16];
    serial[..4].copy_from_slice(&number.to_be_bytes());
    serial[0] = 0x11;
    let urn = countersign_pki::urn::device_urn(&id);
    (Profile::Device { id, urn }, serial)
}

fn id_of(number: u32) -> String {
    format!("bench-{number:08}")
}

impl Report {
    /// For programs.
    pub fn json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "key": row.key,
                "what": row.what,
                "cpu_us": row.us.json(),
                "wall_us": row.wall.json(),
                "over_signature": row.over_signature.json(),
            })
        };
        json!({
            "machine": self.machine.json(),
            "rounds": self.plan.rounds,
            "times": self.plan.times,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine {
            cores,
            cpu,
            aws_lc_rs,
            ..
        } = &self.machine;
        let Plan { rounds, times } = self.plan;
        writeln!(f, "{cores} cores, {cpu}; aws-lc-rs {aws_lc_rs}")?;
        writeln!(
            f,
            "median (least-most) of {rounds} rounds, {times} of each in a round\n"
        )?;
        writeln!(
            f,
            "{:<40}{:>20}{:>10}{:>24}{:>22}",
            "P-256", "CPU µs", "per CPU-s", "÷ a signature", "wall µs"
        )?;
        for row in &self.rows {
            let (us, wall) = (shown(row.us, 0), shown(row.wall, 0));
            let (per_s, over) = (1e6 / row.us.median, shown(row.over_signature, 2));
            let name = format!("{}: {}", row.key, row.what);
            writeln!(f, "{name:<40}{us:>20}{per_s:>10.0}{over:>24}{wall:>22}")?;
        }
        if self.rows.iter().all(|row| row.key == "file") {
            writeln!(f, "SKIPPED: {}", token::MISSING)?;
        }
        Ok(())
    }
}

const WHAT: [&str; 3] = [
    "a bare signature",
    "a device's certificate",
    "a device enrolled, in the store",
];

/// About as long as what is signed of a device's certificate, in bytes.
const CERTIFICATE: usize = 450;

#[cfg(test)]
mod tests {
    use countersign_skips::skip;

    use super::*;

    #[test]
    fn a_quick_run_of_issuing_has_a_figure_in_every_row() {
        let test = "a_quick_run_of_issuing_has_a_figure_in_every_row";
        if let Some(token) = Token::make().unwrap() {
            let mut again = token.command(&std::env::current_exe().unwrap());
            let name = format!("issue::tests::{test}");
            let output = again.args([&name, "--exact"]).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{said}");
            assert!(said.contains("1 passed"), "{said}");
            return;
        }
        let report = run(&Plan::quick()).unwrap();
        let json = report.json();
        let rows = json["rows"].as_array().unwrap();
        if rows.len() == WHAT.len() {
            skip(test, "SoftHSM 2", "apt-get install softhsm2");
        }
        for row in rows {
            assert!(row["cpu_us"]["median"].as_f64().unwrap() > 0.0, "{row}");
        }
        assert!(report.to_string().contains("÷ a signature"));
    }
}
