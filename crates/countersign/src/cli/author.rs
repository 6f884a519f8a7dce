//! Who signs a product's releases.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Author {
    /// Make a product's first author set and sign it; needs no server and no state
    Init(AuthorInit),
    /// Make the next author set, with an author more
    Add(AuthorNext),
    /// Make the next author set, with other authors in the place of some
    Replace(AuthorReplace),
    /// Sign an author set that others made, on the machine where the key is
    Sign(AuthorSign),
    /// Who is in a set, how many it takes, when it ends, and whose signatures are still missing
    Show(AuthorShow),
    /// Hand a set that enough have signed to the server, which hands it to devices
    Publish {
        /// The author set
        #[arg(value_name = "SET")]
        set: PathBuf,
    },
}

/// What every new set is made with.
#[derive(Args, Debug)]
pub(crate) struct AuthorMaking {
    /// An author's private key, with which the set is signed: PEM, plain or encrypted, or a line with a PKCS#11 URI; may be repeated
    #[arg(long = "key", value_name = "FILE", required = true)]
    pub(crate) keys: Vec<PathBuf>,
    /// An author's public key, PEM, for one who signs elsewhere; may be repeated
    #[arg(long = "author", value_name = "FILE")]
    pub(crate) authors: Vec<PathBuf>,
    /// The last moment in which devices accept what it signs, for example 2027-06-30T00:00:00Z, or `never`
    #[arg(long, value_name = "TIME|never")]
    pub(crate) not_after: Option<String>,
    /// Where to write it
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct AuthorInit {
    /// The product
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) product: String,
    /// How many authors must sign a release
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) threshold: u8,
    /// A key that signs and is no author of the set: one that devices know from the factory; may be repeated
    #[arg(long = "former", value_name = "FILE")]
    pub(crate) former: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) making: AuthorMaking,
}

#[derive(Args, Debug)]
pub(crate) struct AuthorNext {
    /// The author set that it follows
    #[arg(value_name = "SET")]
    pub(crate) set: PathBuf,
    /// How many authors must sign a release; without it, as many as before
    #[arg(long, value_name = "N")]
    pub(crate) threshold: Option<u8>,
    #[command(flatten)]
    pub(crate) making: AuthorMaking,
}

#[derive(Args, Debug)]
pub(crate) struct AuthorReplace {
    /// The id of an author who leaves, 16 hexadecimal digits; may be repeated
    #[arg(long = "remove", value_name = "ID", required = true)]
    pub(crate) remove: Vec<String>,
    #[command(flatten)]
    pub(crate) next: AuthorNext,
}

#[derive(Args, Debug)]
pub(crate) struct AuthorSign {
    /// The author set, in which the signatures are put
    #[arg(value_name = "SET")]
    pub(crate) set: PathBuf,
    /// An author's private key, as `author init` takes it; may be repeated
    #[arg(long = "key", value_name = "FILE", required = true)]
    pub(crate) keys: Vec<PathBuf>,
    /// The set that it follows, to say whose signatures are still missing
    #[arg(long, value_name = "SET")]
    pub(crate) after: Option<PathBuf>,
    /// Where to write it; without it, in its place
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct AuthorShow {
    /// The author set
    #[arg(value_name = "SET", required_unless_present = "product")]
    pub(crate) set: Option<PathBuf>,
    /// The set that it follows, to say whose signatures are still missing
    #[arg(long, value_name = "SET", requires = "set")]
    pub(crate) after: Option<PathBuf>,
    /// The sets of a product, as the server has them, newest first
    #[arg(long, value_name = "NAME", conflicts_with = "set")]
    pub(crate) product: Option<String>,
    /// Where to write the newest of them
    #[arg(long, short, value_name = "FILE", requires = "product",
        conflicts_with_all = ["set", "after"])]
    pub(crate) out: Option<PathBuf>,
}
