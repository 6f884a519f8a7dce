//! `countersign product`.

use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};

/// Products, and what must hold for their releases.
#[derive(Debug, Subcommand)]
pub(crate) enum Product {
    /// All products
    List,
    /// What must hold for a product's releases: authors, signatures, chip, project, size, end of support
    Show {
        /// Its name
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        product: String,
    },
    /// Change what must hold for a product's releases, in countersign.toml and in a server that runs; all of it, or nothing
    Set(ProductSet),
}

#[derive(Args, Debug)]
pub(crate) struct ProductSet {
    /// Its name
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) product: String,
    /// Settings as in countersign.toml, several values of one with commas between; KEY= takes one out. Keys: `authors`,
    /// `unsigned_images`, `sealed`, `chip`, `project`, `secure_boot_keys`, `secure_boot_blocks`, `partition_table`,
    /// `supported_until`
    #[arg(value_name = "KEY=VALUE", required = true)]
    pub(crate) settings: Vec<String>,
}
