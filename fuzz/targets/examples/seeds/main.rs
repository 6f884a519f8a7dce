//! Writes the first inputs of every corpus by our own builders: valid ones to `fuzz/corpus/TARGET/ok_*`, and some that
//! are wrong in a way which fuzzing takes long to come to, `err_*`.
//!
//! Keys and certificates are new each time, and nobody's. What fuzzing found lies beside them and stays as it is.

#![expect(
    clippy::unwrap_used,
    reason = "a chore: what goes wrong ends it, and says where"
)]

mod flash;
mod identity;
mod text;
mod thicket;
mod trust;
mod wire;

use std::{fs, path::Path};

/// Inputs: the target, a name, which begins with `err_` where they are wrong, the bytes.
pub(crate) type Seeds = Vec<(&'static str, &'static str, Vec<u8>)>;

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = here.join("../corpus");
    fs::write(
        here.join("src/chain_paths/thicket.der"),
        thicket::certificates(),
    )
    .unwrap();
    let seeds = [
        flash::seeds(),
        identity::seeds(),
        text::seeds(),
        trust::seeds(),
        wire::seeds(),
    ];
    for (target, name, bytes) in seeds.concat() {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder).unwrap();
        let file = if name.starts_with("err_") {
            name.to_owned()
        } else {
            format!("ok_{name}")
        };
        fs::write(folder.join(file), bytes).unwrap();
    }
}
