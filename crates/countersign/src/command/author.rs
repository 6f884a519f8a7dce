//! `countersign author`: who signs a product's releases, and how many of them it takes.

mod look;
mod make;

use anyhow::{Context as _, Result};
use countersign_operations::view::AuthorSetView;
use http::{Method, header};
use http_body_util::Full;

use crate::{
    cli::{Author, Global},
    command::block_on,
    files,
    operator::{self, Operator},
    output,
};

pub(super) fn run(global: &Global, verb: &Author) -> Result<()> {
    match verb {
        Author::Init(asked) => make::init(global, asked),
        Author::Add(asked) => make::next(global, asked, &[]),
        Author::Replace(asked) => make::next(global, &asked.next, &asked.remove),
        Author::Sign(asked) => make::sign(global, asked),
        Author::Show(asked) => match (&asked.set, &asked.product) {
            (Some(set), _) => look::file(global, set, asked.after.as_deref()),
            (None, product) => {
                let product = product.as_deref().unwrap_or_default();
                block_on(look::product(global, product, asked.out.as_deref()))
            }
        },
        Author::Publish { set } => block_on(publish(global, set)),
    }
}

async fn publish(global: &Global, path: &std::path::Path) -> Result<()> {
    let set = files::read(path)?;
    let request = operator::request(Method::POST, "/v1/author-sets")
        .header(header::CONTENT_TYPE, "application/cose")
        .body(Full::new(set.into()))?;
    let mut operator = Operator::reach(global).await?;
    let published: AuthorSetView = operator
        .call(request)
        .await
        .with_context(|| path.display().to_string())?;
    if global.json {
        return output::json(&published);
    }
    println!(
        "published author set {} of {}: devices follow it at their next check-ins",
        published.sequence, published.product
    );
    Ok(())
}
