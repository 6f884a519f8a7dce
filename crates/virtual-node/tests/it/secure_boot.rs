//! Machines whose eFuse holds keys, and images that espsecure signed.

use countersign_node::{Blocks, Scheme};
use countersign_protocol::Reason;
use countersign_virtual_node::{Event, Options, TrustedKeys};
use esp_formats::{
    app_image::AppImage,
    secure_boot::{Block, blocks},
};

use crate::device::{Factory, image};
use crate::device_plane::DevicePlane;
use crate::tls::{Tls, scenarios};

scenarios! {
    a_chip_with_the_key_takes_the_image_and_one_without_keeps_what_it_runs,
}

const SIGNED: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_signed_rsa_p256.bin");

/// What an eFuse holds of the key of one of the image's blocks.
fn key_digest(number: usize) -> [u8; 32] {
    let sector = SIGNED.last_chunk().unwrap();
    let block: Block<'_> = blocks(sector)[number].unwrap();
    countersign_x509::sha256(block.key)
}

/// Offers the signed image to a machine with these keys; gives the version that runs then, and why it refused.
async fn offered(
    tls: &impl Tls,
    scheme: Scheme,
    digests: Vec<[u8; 32]>,
) -> (String, Option<Reason>) {
    let factory = Factory::new();
    let plane = DevicePlane::start(&factory).await;
    let blocks = Blocks::Any;
    let options = Options {
        secure_boot: Some(TrustedKeys {
            scheme,
            digests,
            blocks,
        }),
        secure_version: 1,
        ..factory.device("dev", plane.port, &image("1.0.0", b""))
    };
    assert!(AppImage::parse(SIGNED, countersign_x509::sha256).is_ok());
    let manifest = factory.author.sign(SIGNED, "2.0", 1);
    plane.memory.lock().unwrap().release = Some((manifest, SIGNED.to_vec()));
    let mut refused = None;
    let watch = |event| {
        if let Event::Refused { reason } = event {
            refused = Some(reason);
        }
    };
    let ended = tls.run(options, watch).await.unwrap();
    (ended.version, refused)
}

async fn a_chip_with_the_key_takes_the_image_and_one_without_keeps_what_it_runs(tls: &impl Tls) {
    let (rsa, p256) = (key_digest(0), key_digest(1));
    let taken = ("2.0".to_owned(), None);
    let refused = ("1.0.0".to_owned(), Some(Reason::UntrustedImage));
    for (scheme, key, stranger) in [(Scheme::Rsa3072, rsa, p256), (Scheme::EcdsaP256, p256, rsa)] {
        assert_eq!(offered(tls, scheme, vec![[7; 32], key]).await, taken);
        assert_eq!(offered(tls, scheme, vec![stranger, [7; 32]]).await, refused);
    }
}
