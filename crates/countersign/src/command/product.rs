//! `countersign product`: what must hold for a product's releases.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use countersign_operations::view::ProductView;
use serde_json::json;

use crate::{
    cli::{Global, Product, ProductSet},
    operator::{self, Operator},
    output::{self, or_dash},
};

pub(super) async fn run(global: &Global, verb: &Product) -> Result<()> {
    match verb {
        Product::List => list(global).await,
        Product::Show { product } => {
            let path = operator::path("/v1/products/", product, "");
            let product: ProductView = Operator::reach(global).await?.get(&path).await?;
            show(global, &product)
        }
        Product::Set(asked) => set(global, asked).await,
    }
}

async fn list(global: &Global) -> Result<()> {
    let products: Vec<ProductView> = Operator::reach(global).await?.get("/v1/products").await?;
    if global.json {
        return output::json(&products);
    }
    if products.is_empty() {
        println!("no product in countersign.toml");
        return Ok(());
    }
    let row = |product: ProductView| {
        let newest = product.newest_release;
        vec![
            product.product,
            or_dash(newest.as_ref().map(|newest| newest.version.as_str())),
            or_dash(newest.map(|newest| newest.counter.to_string()).as_deref()),
            or_dash(product.chip.as_deref()),
            or_dash(product.supported_until.as_deref()),
        ]
    };
    let heading = ["PRODUCT", "NEWEST", "COUNTER", "CHIP", "SUPPORTED UNTIL"];
    output::table(&heading, products.into_iter().map(row).collect());
    Ok(())
}

async fn set(global: &Global, asked: &ProductSet) -> Result<()> {
    let mut settings = BTreeMap::new();
    for setting in &asked.settings {
        let (key, value) = setting.split_once('=').with_context(|| {
            format!("`{setting}` is no setting; write it as KEY=VALUE, or KEY= to take it out")
        })?;
        if settings.insert(key.trim(), value.trim()).is_some() {
            bail!("`{}` is set twice", key.trim());
        }
    }
    let path = operator::path("/v1/products/", &asked.product, "/set");
    let mut operator = Operator::reach(global).await?;
    let body = json!({ "settings": settings });
    let product: ProductView = operator.post(&path, &body).await?;
    show(global, &product)
}

fn show(global: &Global, product: &ProductView) -> Result<()> {
    if global.json {
        return output::json(product);
    }
    let newest = product.newest_release.as_ref();
    output::pairs(&[
        ("product", product.product.clone()),
        ("authors", authors(product)),
        ("images", images(product)),
        (
            "chip",
            product.chip.clone().unwrap_or_else(|| {
                newest.map_or_else(
                    || "that of the first release".to_owned(),
                    |newest| format!("{}, as {} is", newest.chip, newest.version),
                )
            }),
        ),
        (
            "project",
            product.project.clone().unwrap_or_else(|| "any".to_owned()),
        ),
        (
            "largest image",
            product.slot.map_or_else(
                || "not said: no partition table is named".to_owned(),
                |slot| format!("{slot} bytes, the smallest OTA slot"),
            ),
        ),
        (
            "newest release",
            newest.map_or_else(
                || "-".to_owned(),
                |newest| {
                    format!(
                        "{}: the next one has a counter above {}, and a secure version of {} or more",
                        newest.version, newest.counter, newest.secure_version
                    )
                },
            ),
        ),
        ("supported until", supported(product)),
    ]);
    if product.sealed {
        eprintln!(
            "note: it demands sealed images, which cannot be published yet: until that is taken out, it gets no release"
        );
    }
    Ok(())
}

fn authors(product: &ProductView) -> String {
    let named = |ids: Vec<&str>| ids.join(", ");
    if let Some(set) = &product.author_set {
        let ids = set.authors.iter().map(|author| author.id.as_str());
        let ids = named(ids.collect());
        let end = match &set.not_after {
            Some(end) => format!(", until {end}"),
            None => String::new(),
        };
        return format!("set {}: {} of {ids}{end}", set.sequence, set.threshold);
    }
    let ids = product.authors.iter().map(String::as_str).collect();
    match product.authors.len() {
        0 => "nobody: no release can be published".to_owned(),
        1 => named(ids),
        _ => format!("any of {}", named(ids)),
    }
}

fn images(product: &ProductView) -> String {
    if product.sealed {
        return "sealed".to_owned();
    }
    match &product.secure_boot {
        Some(demanded) => {
            let keys = demanded.keys.join(", ");
            let block = match demanded.blocks.as_str() {
                "first" => "the first block",
                _ => "any block",
            };
            format!("signed, {block} by {keys}")
        }
        None if product.unsigned_images => "with or without a Secure Boot signature".to_owned(),
        None => "signed for Secure Boot v2, by whomever".to_owned(),
    }
}

fn supported(product: &ProductView) -> String {
    match &product.supported_until {
        Some(day) if product.support_ended => format!("{day}, which is over"),
        Some(day) => day.clone(),
        None => "not said".to_owned(),
    }
}
