//! What it costs to check an image and to sign one, over the hashing that cannot be left out; and the whole process beside
//! `espsecure`.

use std::{
    env, fmt, fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use countersign_images::{
    check_image,
    secure_boot::{How, Image, Signer, sign},
    sha256,
};
use countersign_keys::{
    Passphrases,
    image::{self, ImageSigner},
};
use esp_formats::app_image::{ChipId, Composition, compose, composed_len};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Spread, cpu, machine::Machine, program, spread::shown};

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rounds, each with everything once.
    pub rounds: u32,
    /// Length of the image, about, in bytes.
    pub len: u32,
}

impl Plan {
    /// For figures.
    pub const fn full() -> Self {
        Self {
            rounds: 15,
            len: 8 << 20,
        }
    }

    /// To see that it still runs; its figures mean nothing.
    pub const fn quick() -> Self {
        Self {
            rounds: 1,
            len: 1 << 18,
        }
    }
}

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    machine: Machine,
    rounds: u32,
    len: usize,
    /// MiB of image in a second of CPU time, on one thread.
    rates: Vec<(&'static str, Spread)>,
    /// How much of the time of SHA-256 alone each takes.
    over_sha256: Vec<(&'static str, Spread)>,
    /// Milliseconds of whole processes, by the clock at the wall.
    processes: Vec<(&'static str, Spread)>,
}

/// Makes all rounds.
///
/// # Errors
/// Those of the system; a process that fails; `openssl`, which makes the key, is not there.
pub fn run(plan: &Plan) -> Result<Report> {
    let bench = Bench::new(plan.len)?;
    let mut rates: Vec<Vec<(&'static str, f64)>> = Vec::new();
    let mut walls: Vec<Vec<(&'static str, f64)>> = Vec::new();
    // The first one is thrown away: it fills the caches.
    for round in 0..=plan.rounds {
        let (inside, processes) = (bench.inside()?, bench.processes()?);
        if round > 0 {
            rates.push(inside);
            walls.push(processes);
        }
    }
    let mib = f64::from(plan.len) / f64::from(1 << 20);
    Ok(Report {
        machine: Machine::look(),
        rounds: plan.rounds,
        len: bench.image.len(),
        rates: rows(&rates, |us, _| mib / (us / 1e6)),
        over_sha256: rows(&rates, |us, sha256| us / sha256),
        processes: rows(&walls, |ms, _| ms),
    })
}

/// Turns rounds into rows; `of` is given a value and the first one of its round.
fn rows(
    rounds: &[Vec<(&'static str, f64)>],
    of: impl Fn(f64, f64) -> f64,
) -> Vec<(&'static str, Spread)> {
    let names = rounds.first().into_iter().flatten().map(|(name, _)| *name);
    let spread = |name: &'static str| {
        let values = rounds.iter().filter_map(|round| {
            let (_, first) = round.first()?;
            let (_, value) = round.iter().find(|(known, _)| *known == name)?;
            Some(of(*value, *first))
        });
        (name, Spread::of(values))
    };
    names.map(spread).collect()
}

/// An image, a key, and the programs that are there.
struct Bench {
    folder: TempDir,
    image: Vec<u8>,
    key: std::sync::Arc<dyn ImageSigner>,
    ours: Option<PathBuf>,
    python: Option<PathBuf>,
}

impl Bench {
    fn new(len: u32) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("countersign-bench-")
            .tempdir()?;
        let composition = Composition {
            chip: ChipId::ESP32_C6,
            secure_version: 0,
            version: "1.0.0",
            project_name: "bench",
            time: "12:00:00",
            date: "Nov 23 2026",
            idf_version: "v5.5.1",
            payload: b"",
            filler_len: len.saturating_sub(1024),
        };
        let mut image = vec![0; composed_len(&composition).map_err(|error| anyhow!(error.kind))?];
        compose(&composition, &mut image, |bytes| sha256(bytes).0)
            .map_err(|error| anyhow!(error.kind))?;
        fs::write(folder.path().join("app.bin"), &image)?;
        let key = folder.path().join("key.pem");
        // It makes the file its owner's.
        let mut openssl = Command::new("openssl");
        openssl.args(["genrsa", "-traditional", "-out"]);
        let made = openssl.arg(&key).arg("3072").stderr(Stdio::null());
        ensure!(made.status()?.success(), "openssl makes no key");
        let tools = env::var_os("COUNTERSIGN_TEST_TOOLS").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin"),
            PathBuf::from,
        );
        Ok(Self {
            key: image::open(&key, &Passphrases::new(None))?,
            folder,
            image,
            ours: program::find().ok(),
            python: Some(tools.join("python")).filter(|program| program.is_file()),
        })
    }

    /// CPU time in microseconds on this thread; that of SHA-256 first.
    fn inside(&self) -> Result<Vec<(&'static str, f64)>> {
        let start = cpu::moment();
        black_box(sha256(black_box(&self.image)));
        let bare = start.own_us();

        let start = cpu::moment();
        black_box(check_image(black_box(&self.image))?);
        let checked = start.own_us();

        let start = cpu::moment();
        let image = Image::read(&self.image)?;
        let signed = sign(&image, &[Signer::Key(&*self.key)], How::New)?;
        let signing = start.own_us();

        let start = cpu::moment();
        let blocks = Image::read(black_box(&signed.bytes))?.blocks();
        let verified = start.own_us();
        ensure!(blocks.iter().all(|block| block.fault.is_none()));
        Ok(vec![
            ("SHA-256 alone", bare),
            ("check", checked),
            ("check and sign, RSA-3072", signing),
            ("check and verify, RSA-3072", verified),
        ])
    }

    /// Milliseconds of each program that is there.
    fn processes(&self) -> Result<Vec<(&'static str, f64)>> {
        let mut rows = Vec::new();
        if let Some(ours) = &self.ours {
            let mut command = Command::new(ours);
            command.args(["image", "sign", "--key", "key.pem", "--out", "ours.bin"]);
            rows.push(("countersign image sign", self.wall(command.arg("app.bin"))?));
        }
        if let Some(python) = &self.python {
            let mut command = Command::new(python);
            command.args(["-m", "espsecure", "sign-data", "-v", "2", "-k", "key.pem"]);
            command.args(["-o", "theirs.bin", "app.bin"]);
            rows.push(("espsecure sign-data", self.wall(&mut command)?));
            let mut command = Command::new(python);
            command.args(["-c", "import espsecure"]);
            rows.push(("Python that loads espsecure", self.wall(&mut command)?));
        }
        Ok(rows)
    }

    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    fn wall(&self, command: &mut Command) -> Result<f64> {
        command.current_dir(self.folder.path());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let status = command.status();
        let wall = start.elapsed().as_secs_f64() * 1000.0;
        let status = status.with_context(|| format!("{command:?}"))?;
        ensure!(status.success(), "{command:?}: {status}");
        Ok(wall)
    }
}

impl Report {
    /// For programs.
    pub fn json(&self) -> Value {
        let rows = |rows: &[(&str, Spread)]| {
            let rows = rows
                .iter()
                .map(|(name, spread)| json!({ "name": name, "value": spread.json() }));
            rows.collect::<Vec<_>>()
        };
        json!({
            "machine": self.machine.json(),
            "rounds": self.rounds,
            "image_bytes": self.len,
            "mib_per_second": rows(&self.rates),
            "over_sha256": rows(&self.over_sha256),
            "processes_ms": rows(&self.processes),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { cores, cpu, .. } = &self.machine;
        writeln!(
            f,
            "{cpu}, {cores} cores; an image of {} bytes, {} rounds; median (least-most)\n",
            self.len, self.rounds
        )?;
        writeln!(
            f,
            "| on one thread | MiB/s | ÷ SHA-256 alone |\n|---|---:|---:|"
        )?;
        for ((name, rate), (_, over)) in self.rates.iter().zip(&self.over_sha256) {
            writeln!(f, "| {name} | {} | {} |", shown(*rate, 0), shown(*over, 2))?;
        }
        writeln!(f, "\n| whole process | ms |\n|---|---:|")?;
        for (name, wall) in &self.processes {
            writeln!(f, "| {name} | {} |", shown(*wall, 1))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Bench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bench").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_run_has_a_figure_in_every_row() {
        let report = run(&Plan::quick()).unwrap();
        let json = report.json();
        for row in json["over_sha256"].as_array().unwrap() {
            assert!(row["value"]["median"].as_f64().unwrap() > 0.0, "{row}");
        }
        assert_eq!(json["mib_per_second"].as_array().unwrap().len(), 4);
        assert!(report.to_string().contains("MiB/s"));
    }
}
