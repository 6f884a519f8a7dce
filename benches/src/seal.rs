//! What a sealed image costs: sealing and opening over AES-256-GCM bare, and the whole process beside Python's.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use aes_gcm::{
    AeadInOut as _, AesGcm, KeyInit as _,
    aead::{Nonce, consts::U16},
    aes::Aes256,
};
use anyhow::{Context as _, Result, anyhow, ensure};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, UnboundKey};
use countersign_images::{
    sealed::{KeyText, OpeningKey, SealingKey, generate, open, seal},
    sha256,
};
use esp_formats::{
    app_image::{ChipId, Composition, compose, composed_len},
    sealed_image::Scheme,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Spread, bundle::processes::Times, cpu, machine::Machine, program, spread::shown};

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rounds, each with all rows, one after the other.
    pub rounds: u32,
    /// Runs of each row in a round.
    pub runs: u32,
    /// The length of the image in bytes.
    pub len: u32,
}

impl Plan {
    /// For figures.
    pub const fn full() -> Self {
        Self {
            rounds: 9,
            runs: 5,
            len: 8 << 20,
        }
    }

    /// To see that it still runs; its figures mean nothing.
    pub const fn quick() -> Self {
        Self {
            rounds: 1,
            runs: 1,
            len: 64 << 10,
        }
    }
}

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    machine: Machine,
    plan: Plan,
    /// On the calling thread, in milliseconds of CPU time.
    bare: Vec<(&'static str, Spread)>,
    /// Milliseconds of a process: CPU time, and on the clock at the wall.
    processes: Vec<(String, Spread, Spread)>,
}

/// Makes all rounds.
///
/// # Errors
/// Those of the system; a process that fails; what does not open again.
pub fn run(plan: &Plan) -> Result<Report> {
    let bench = Bench::new(plan)?;
    let mut bare: Vec<(&'static str, Vec<f64>)> = Vec::new();
    let mut processes: Vec<(String, Vec<Times>)> = Vec::new();
    // The first one is thrown away: it fills the caches.
    for round in 0..=plan.rounds {
        for (name, ms) in bench.bare(plan.runs)? {
            if round > 0 {
                match bare.iter_mut().find(|row| row.0 == name) {
                    Some((_, all)) => all.push(ms),
                    None => bare.push((name, vec![ms])),
                }
            }
        }
        for (name, times) in bench.processes(plan.runs)? {
            if round > 0 {
                match processes.iter_mut().find(|row| row.0 == name) {
                    Some((_, all)) => all.extend(times),
                    None => processes.push((name, times)),
                }
            }
        }
    }
    let bare = bare.into_iter();
    let processes = processes.into_iter();
    Ok(Report {
        machine: Machine::look(),
        plan: *plan,
        bare: bare.map(|(name, ms)| (name, Spread::of(ms))).collect(),
        processes: processes
            .map(|(name, times)| {
                let cpu = Spread::of(times.iter().filter_map(|times| times.cpu));
                (name, cpu, Spread::of(times.iter().map(|times| times.wall)))
            })
            .collect(),
    })
}

/// One scheme's keys, and an image sealed for them.
struct Keys {
    names: [&'static str; 2],
    public: SealingKey,
    private: OpeningKey,
    sealed: Vec<u8>,
    file: &'static str,
}

struct Bench {
    folder: TempDir,
    image: Vec<u8>,
    keys: Vec<Keys>,
    program: Option<PathBuf>,
    python: Option<PathBuf>,
}

impl Bench {
    fn new(plan: &Plan) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("countersign-bench-")
            .tempdir()?;
        let image = image(plan.len)?;
        fs::write(folder.path().join(IMAGE), &image)?;
        let mut keys = Vec::new();
        for (scheme, names) in [
            (Scheme::Rsa3072, ["seal, RSA-3072", "open, RSA-3072"]),
            (Scheme::EciesP256, ["seal, ECIES-P256", "open, ECIES-P256"]),
        ] {
            let made = generate(scheme)?;
            let pem = made.public.to_pem();
            fs::write(folder.path().join(made.public_name), pem)?;
            let private = match scheme {
                Scheme::Rsa3072 => match KeyText::read(&made.secret)? {
                    KeyText::Private(der) => OpeningKey::from_der(&der)?,
                    _ => return Err(anyhow!("no private key")),
                },
                Scheme::EciesP256 => OpeningKey::from_hmac_key(&made.secret)?,
            };
            let sealed = seal(&image, &made.public)?;
            ensure!(
                *open(&sealed, &private)?.plain == image,
                "it does not open again"
            );
            keys.push(Keys {
                names,
                public: made.public,
                private,
                sealed,
                file: made.public_name,
            });
        }
        let tools = env::var_os("COUNTERSIGN_TEST_TOOLS").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin"),
            PathBuf::from,
        );
        Ok(Self {
            folder,
            image,
            keys,
            program: program::find().ok(),
            python: Some(tools.join("python")).filter(|program| program.is_file()),
        })
    }

    /// The mean of each over some runs, in milliseconds.
    fn bare(&self, runs: u32) -> Result<Vec<(&'static str, f64)>> {
        let mut room = self.image.clone();
        let unbound = UnboundKey::new(&AES_256_GCM, &[7; 32]).map_err(|_| anyhow!("no key"))?;
        let key = LessSafeKey::new(unbound);
        let aws = each(runs, || {
            let nonce = aws_lc_rs::aead::Nonce::assume_unique_for_key([1; 12]);
            key.seal_in_place_separate_tag(nonce, Aad::empty(), &mut room)
                .ok()
                .map(drop)
        })?;
        let cipher = Cipher::new(&[7; 32].into());
        let rust = each(runs, || {
            let nonce = Nonce::<Cipher>::from([1; 16]);
            cipher
                .encrypt_inout_detached(&nonce, b"", room.as_mut_slice().into())
                .ok()
                .map(drop)
        })?;
        let mut rows = vec![(AWS, aws), (RUST, rust)];
        for keys in &self.keys {
            let [sealing, opening] = keys.names;
            let ms = each(runs, || seal(&self.image, &keys.public).ok().map(drop))?;
            rows.push((sealing, ms));
            let ms = each(runs, || open(&keys.sealed, &keys.private).ok().map(drop))?;
            rows.push((opening, ms));
        }
        Ok(rows)
    }

    /// So many runs of each program that is there, one behind the other.
    fn processes(&self, runs: u32) -> Result<Vec<(String, Vec<Times>)>> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../acceptance/tools/sealed.py");
        let mut commands = Vec::new();
        for Keys { names, file, .. } in &self.keys {
            let [name, _] = names;
            if let Some(program) = &self.program {
                let args = ["image", "seal", "--key", file, "--out", "ours.bin", IMAGE];
                commands.push((format!("countersign image {name}"), program, args.to_vec()));
            }
            if let Some(python) = &self.python {
                let args = vec![script, "seal", IMAGE, file, "theirs.bin"];
                commands.push((format!("Python with cryptography, {name}"), python, args));
            }
        }
        // The reference tool is in no package registry: whoever has it names it.
        let reference = env::var("COUNTERSIGN_ESP_ENC_IMG_GEN").ok();
        if let (Some(python), Some(script)) = (&self.python, &reference) {
            for Keys { names, file, .. } in &self.keys {
                let [name, _] = names;
                let args = vec![script, "encrypt", IMAGE, file, "reference.bin"];
                commands.push((format!("esp_enc_img_gen.py, {name}"), python, args));
            }
        }
        let mut rows = Vec::new();
        for (name, program, args) in commands {
            let mut command = Command::new(program);
            command.args(args).current_dir(self.folder.path());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut times = Vec::new();
            for _ in 0..runs {
                times.push(Times::of(&mut command).with_context(|| name.clone())?);
            }
            rows.push((name, times));
        }
        Ok(rows)
    }
}

fn image(len: u32) -> Result<Vec<u8>> {
    let composition = Composition {
        chip: ChipId::ESP32_S3,
        secure_version: 0,
        version: "1.0.0",
        project_name: "bench",
        time: "00:00:00",
        date: "Jan  1 2026",
        idf_version: "v5.5",
        payload: b"",
        filler_len: len,
    };
    let mut bytes = vec![0; composed_len(&composition)?];
    let len = compose(&composition, &mut bytes, |bytes| sha256(bytes).0)?;
    bytes.truncate(len);
    Ok(bytes)
}

fn each(runs: u32, mut what: impl FnMut() -> Option<()>) -> Result<f64> {
    let start = cpu::moment();
    for _ in 0..runs {
        what().context("the cryptographic library refused")?;
    }
    Ok(start.own_us() / 1000.0 / f64::from(runs))
}

impl Report {
    /// For programs.
    pub fn json(&self) -> Value {
        let bare = self.bare.iter();
        let bare = bare.map(|(name, ms)| json!({ "name": name, "cpu_ms": ms.json() }));
        let processes = self.processes.iter().map(|(name, cpu, wall)| {
            json!({ "name": name, "cpu_ms": cpu.json(), "wall_ms": wall.json() })
        });
        json!({
            "machine": self.machine.json(),
            "rounds": self.plan.rounds,
            "runs": self.plan.runs,
            "bytes": self.plan.len,
            "bare": bare.collect::<Vec<_>>(),
            "processes": processes.collect::<Vec<_>>(),
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
        let Plan { rounds, runs, len } = self.plan;
        writeln!(f, "{cores} cores, {cpu}; aws-lc-rs {aws_lc_rs}")?;
        writeln!(
            f,
            "median (least-most) of {rounds} rounds, {runs} runs in each"
        )?;
        let mib = f64::from(len) / f64::from(1 << 20);
        let head = format!("an image of {mib} MiB, one thread");
        let over = "÷ AES-GCM bare";
        writeln!(f, "\n{head:<50} {:>20} {:>8} {over:>15}", "CPU ms", "MiB/s")?;
        let bare = self.bare.iter().find(|row| row.0 == RUST);
        let bare = bare.map_or(f64::NAN, |row| row.1.median);
        for (name, ms) in &self.bare {
            let (rate, over) = (mib * 1000.0 / ms.median, ms.median / bare);
            writeln!(
                f,
                "{name:<50} {:>20} {rate:>8.0} {over:>15.2}",
                shown(*ms, 2)
            )?;
        }
        let head = "the whole process";
        writeln!(f, "\n{head:<50} {:>20} {:>24}", "CPU ms", "wall ms")?;
        for (name, cpu, wall) in &self.processes {
            writeln!(
                f,
                "{name:<50} {:>20} {:>24}",
                shown(*cpu, 1),
                shown(*wall, 1)
            )?;
        }
        Ok(())
    }
}

type Cipher = AesGcm<Aes256, U16>;

const IMAGE: &str = "app.bin";
const AWS: &str = "AES-256-GCM bare, AWS-LC, IV of 12 bytes";
const RUST: &str = "AES-256-GCM bare, aes-gcm, IV of 16 bytes";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_run_has_a_figure_in_every_row() {
        let report = run(&Plan::quick()).unwrap();
        let json = report.json();
        let bare = json["bare"].as_array().unwrap();
        assert_eq!(bare.len(), 6);
        for row in bare {
            assert!(row["cpu_ms"]["median"].as_f64().unwrap() > 0.0, "{row}");
        }
        for row in json["processes"].as_array().unwrap() {
            assert!(row["wall_ms"]["median"].as_f64().unwrap() > 0.0, "{row}");
        }
        assert!(report.to_string().contains("÷ AES-GCM bare"));
    }
}
