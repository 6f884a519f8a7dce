//! A device's settings: an NVS partition, read by a tool ([`countersign_provision::nvs`]) and by a device
//! ([`esp_formats::nvs`]).

use countersign_provision::nvs::{AUTHOR, NAMESPACE, SERVER, read, write};
use esp_formats::nvs::Nvs;

use crate::seal;

/// Both with the CRCs as they are and put right. What is read can be written, where it keeps to what we write, and
/// reads the same, to a device too.
pub fn run(bytes: &[u8]) {
    let _ = read(bytes);
    for partition in [bytes, &seal::nvs(bytes)] {
        let _ = on_device(partition);
    }
    let Ok(settings) = read(&seal::nvs(bytes)) else {
        return;
    };
    if let Ok(written) = write(&settings, 8 * seal::NVS_PAGE) {
        assert_eq!(read(&written).unwrap(), settings);
        let (server, author) = on_device(&written).unwrap();
        assert_eq!(server, settings.server);
        assert_eq!(author.as_ref(), settings.authors.first());
    }
}

/// The server and the first author, as a device finds them.
fn on_device(partition: &[u8]) -> Option<(String, Option<Vec<u8>>)> {
    let nvs = Nvs::parse(partition).ok()?;
    let mut room = vec![0; partition.len()];
    let author = nvs.blob(NAMESPACE, &format!("{AUTHOR}0"), &mut room);
    let author = author.ok()?.map(<[u8]>::to_vec);
    let server = nvs.text(NAMESPACE, SERVER).ok()??;
    Some((server.to_owned(), author))
}
