//! Writes the first inputs of every corpus, valid ones by our own builders: `fuzz/corpus/TARGET/ok_*`.
//!
//! Keys and certificates are new each time, and nobody's. What fuzzing found lies beside them and stays as it is.

#![expect(
    clippy::unwrap_used,
    reason = "a chore: what goes wrong ends it, and says where"
)]

mod flash;
mod identity;
mod text;
mod wire;

use std::{fs, path::Path};

/// Valid inputs: the target, a name, the bytes.
pub(crate) type Seeds = Vec<(&'static str, &'static str, Vec<u8>)>;

fn main() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    let seeds = [
        flash::seeds(),
        identity::seeds(),
        text::seeds(),
        wire::seeds(),
    ];
    for (target, name, bytes) in seeds.concat() {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("ok_{name}")), bytes).unwrap();
    }
}
