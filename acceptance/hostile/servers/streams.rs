//! In the middle of a download: our server talks, or one does that a device was sent to, and then nobody does.

use std::io::{self, Write as _};

use super::{
    Attack,
    Attacker::{Path, Store},
    NINE_TRIES, Script, attack,
    scene::Scene,
    wire::{Next, Tls, honest, part, read, reset, send, shake_hands, silence},
};

pub(super) fn attacks() -> Vec<Attack> {
    let middle = |name, wins, script| attack(name, Path, wins, script).within(NINE_TRIES);
    let store = |name, wins, script| attack(name, Store, wins, script).within(NINE_TRIES);
    vec![
        middle(
            "an alert in the middle of a download",
            "an image that ends where he likes",
            in_the_middle(|_, mut tls| send(&mut tls.sock, &[21, 3, 3, 0, 2, 1, 0])),
        ),
        middle(
            "garbage in the middle of a download",
            "bytes of his in the image",
            in_the_middle(|_, mut tls| send(&mut tls.sock, &[0x17; 5000])),
        ),
        middle(
            "an end of TCP in the middle of a download",
            "an image that ends where he likes",
            in_the_middle(|_, _| Ok(())),
        ),
        middle(
            "silence in the middle of a download",
            "a device that waits for ever",
            in_the_middle(|scene, mut tls| silence(scene, &mut tls.sock)),
        ),
        middle(
            "a TCP reset in the middle of a download",
            "a download that never comes to its end",
            in_the_middle(|_, tls| reset(tls.sock)),
        ),
        store(
            "a sealed alert in the middle of a download",
            "an image that ends where he likes",
            in_the_middle(|_, mut tls| {
                // Whom garbage is fed to sends an alert, sealed with the connection's keys.
                tls.conn.read_tls(&mut &[0x17, 3, 3, 0, 32][..])?;
                tls.conn.read_tls(&mut &[0x55; 32][..])?;
                let refused = tls.conn.process_new_packets();
                assert!(refused.is_err());
                while tls.conn.wants_write() {
                    tls.conn.write_tls(&mut tls.sock)?;
                }
                Ok(())
            }),
        ),
        store(
            "TLS ended in good order in the middle of a download",
            "an image that ends where he likes",
            in_the_middle(|_, mut tls| {
                tls.conn.send_close_notify();
                tls.flush()
            }),
        ),
    ]
}

/// Serves the first sector, and then half a sector of what the device asks for next.
fn in_the_middle(then: impl Fn(&Scene, Tls) -> io::Result<()> + Send + Sync + 'static) -> Script {
    Box::new(move |scene: &Scene, tcp| {
        let mut tls = shake_hands(scene.tls(), tcp)?;
        loop {
            let ask = read(&mut tls)?;
            match ask.range {
                Some(range) if range.0 > 0 => {
                    let (head, body) = part(scene, range);
                    send(&mut tls, &[head.as_bytes(), &body[..2048]].concat())?;
                    return then(scene, tls);
                }
                _ => {
                    if let Next::Close = honest(scene, &ask, &mut tls)? {
                        return Ok(());
                    }
                }
            }
        }
    })
}
