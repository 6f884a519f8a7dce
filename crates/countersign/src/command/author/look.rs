//! `countersign author show`.

use std::path::Path;

use anyhow::{Context as _, Result};
use countersign_images::author_set;
use countersign_operations::{text, view::AuthorSetView};
use countersign_protocol::{AuthorId, Authors, SignedAuthorSet};
use serde_json::{Value, json};

use super::make::parse;
use crate::{
    cli::Global,
    files::{self, Mode},
    operator::{self, Operator},
    output::{self, or_dash},
};

/// What a set still needs, of its own authors or of those before.
struct Missing {
    needed: u8,
    signers: Vec<(AuthorId, bool)>,
}

impl Missing {
    fn of(authors: &Authors<'_>, signed: &SignedAuthorSet<'_>) -> Self {
        Self {
            needed: authors.threshold(),
            signers: author_set::signers(authors, signed),
        }
    }

    fn have(&self) -> usize {
        self.signers.iter().filter(|(_, has)| *has).count()
    }

    fn is_met(&self) -> bool {
        self.have() >= usize::from(self.needed)
    }

    fn text(&self) -> String {
        let absent = self.signers.iter().filter(|(_, has)| !has);
        let absent: Vec<String> = absent.map(|(id, _)| id.to_string()).collect();
        let signed = format!("{} of {} signatures needed", self.have(), self.needed);
        if self.is_met() {
            return signed;
        }
        format!("{signed}; not yet signed by {}", absent.join(", "))
    }

    fn json(&self) -> Value {
        let author =
            |(id, signed): &(AuthorId, bool)| json!({ "id": id.to_string(), "signed": signed });
        json!({
            "needed": self.needed,
            "signed": self.have(),
            "met": self.is_met(),
            "authors": self.signers.iter().map(author).collect::<Vec<_>>(),
        })
    }
}

/// A set's file, and what it still needs.
pub(super) fn file(global: &Global, path: &Path, after: Option<&Path>) -> Result<()> {
    let bytes = files::read(path)?;
    let (signed, set) = parse(&bytes, path)?;
    let own = Missing::of(&author_set::authors_of(&set), &signed);
    let before = after.map(files::read).transpose()?;
    let mut former = None;
    let mut unfit = None;
    if let (Some(bytes), Some(after)) = (&before, after) {
        let (_, before) = parse(bytes, after)?;
        let authors = author_set::authors_of(&before);
        former = Some(Missing::of(&authors, &signed));
        unfit = author_set::follow(&signed, &authors, before.product).err();
    }
    if global.json {
        return output::json(&json!({
            "file": path,
            "product": set.product,
            "sequence": set.sequence,
            "threshold": set.threshold,
            "created": text::rfc3339(set.created),
            "not_after": set.not_after.map(text::rfc3339),
            "own": own.json(),
            "former": former.as_ref().map(Missing::json),
            "unfit": unfit.map(|why| why.to_string()),
        }));
    }
    println!(
        "author set {} of {}: {}",
        set.sequence,
        set.product,
        path.display()
    );
    let mut rows = vec![
        (
            "  releases need",
            of_authors(set.threshold, own.signers.len()),
        ),
        ("  made", text::rfc3339(set.created)),
        (
            "  good until",
            set.not_after
                .map_or_else(|| "no end".to_owned(), text::rfc3339),
        ),
        ("  its own authors", own.text()),
    ];
    if let Some(former) = &former {
        rows.push(("  those before", former.text()));
    }
    output::pairs(&rows);
    for (id, has) in &own.signers {
        println!("  {id}{}", if *has { "  has signed the set" } else { "" });
    }
    if let Some(why) = unfit {
        println!("  not to be followed yet: {why}");
    }
    Ok(())
}

/// A product's sets, as the server has them.
pub(super) async fn product(global: &Global, product: &str, out: Option<&Path>) -> Result<()> {
    let path = operator::path("/v1/products/", product, "/author-sets");
    let sets: Vec<AuthorSetView> = Operator::reach(global).await?.get(&path).await?;
    if let Some(out) = out {
        let newest = sets.first();
        let newest = newest.with_context(|| format!("`{product}` has no author set yet"))?;
        let bytes = super::super::device_enroll::unhex(&newest.signed);
        let bytes = bytes.context("the answer's author set is not hexadecimal")?;
        files::write(out, &bytes, Mode::Public)?;
    }
    if global.json {
        return output::json(&sets);
    }
    if sets.is_empty() {
        println!(
            "no author set yet: each author in countersign.toml publishes alone; `countersign author init` makes one"
        );
        return Ok(());
    }
    let row = |set: AuthorSetView| {
        let authors: Vec<&str> = set
            .authors
            .iter()
            .map(|author| author.id.as_str())
            .collect();
        vec![
            set.sequence.to_string(),
            of_authors(set.threshold, authors.len()),
            authors.join(" "),
            or_dash(set.not_after.as_deref()),
            or_dash(set.published_at.as_deref()),
        ]
    };
    let heading = ["SET", "RELEASES NEED", "AUTHORS", "GOOD UNTIL", "PUBLISHED"];
    output::table(&heading, sets.into_iter().map(row).collect());
    Ok(())
}

fn of_authors(threshold: u8, authors: usize) -> String {
    format!("{threshold} of {authors}")
}
