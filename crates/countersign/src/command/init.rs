//! `countersign init`.

use anyhow::Result;
use serde_json::json;

use crate::{
    cli::{Global, Init},
    output, state,
};

pub(super) async fn run(global: &Global, asked: &Init) -> Result<()> {
    let made = state::found(&global.state, asked, &global.passphrases()).await?;
    let layout = state::Layout::new(&global.state);
    let roots = ["device-root", "server-root"].map(|name| layout.authority_key(name));
    if global.json {
        return output::json(&json!({
            "state": global.state,
            "settings": layout.settings(),
            "product": asked.product,
            "author": made.author,
            "author_key": made.author_key,
            "root_keys": roots,
        }));
    }
    println!("made {}", global.state.display());
    let mut pairs = vec![
        ("  settings", layout.settings().display().to_string()),
        ("  hosts", asked.hosts.join(", ")),
        ("  product", asked.product.clone()),
        ("  author", made.author),
    ];
    for (name, key) in [
        ("  device issuing key", &asked.device_issuing_key),
        ("  server issuing key", &asked.server_issuing_key),
    ] {
        pairs.extend(key.clone().map(|key| (name, key)));
    }
    output::pairs(&pairs);
    if asked.encrypt_keys {
        println!(
            "\nThe authorities' keys in files are encrypted: without the passphrase they are lost."
        );
    }
    if let Some(key) = made.author_key.filter(|_| made.author_key_made) {
        println!(
            "\nThe author's key is {}. The server never needs it: keep it where releases are made.",
            key.display()
        );
    }
    println!("\nTake the keys of the two roots offline now; `serve` works without them:");
    for root in roots {
        println!("  {}", root.display());
    }
    Ok(())
}
