//! Ranges without end, and such as have none.

use std::{fmt::Write as _, sync::Arc};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Attack;
use crate::hostile::clients::ground::{Ground, storm};

pub(super) const ATTACK: Attack = Attack {
    name: "thousands of ranges in one request, and ranges that overflow",
    would_win: "an answer many times as large as the image (CVE-2011-3192), a number that wraps",
    stopped_by: "one range is read; of several, none",
    codes: &[],
    run: |ground| Box::pin(run(ground)),
};

async fn run(ground: Arc<Ground>) -> String {
    storm(&ground, 4, |ground| async move {
        let mut many = "bytes=0-".to_owned();
        for number in 1..2500 {
            let _ = write!(many, ",{number}-");
        }
        let most = u64::MAX;
        let ranges = [
            (many, 200, ground.size),
            (format!("bytes=0-{most}"), 206, ground.size),
            (format!("bytes={most}-"), 416, 0),
            (format!("bytes=-{most}"), 206, ground.size),
            (format!("bytes={most}-{most}"), 416, 0),
            (format!("bytes={most}0-1"), 200, ground.size),
            ("bytes=5-4".to_owned(), 200, ground.size),
        ];
        for (range, status, length) in ranges {
            let mut stream = ground.tls(ground.download).await.ok()?;
            let request = ground.get_image(&format!("Range: {range}\r\nConnection: close\r\n"));
            stream.write_all(request.as_bytes()).await.ok()?;
            let mut told = vec![0; 1024];
            let count = stream.read(&mut told).await.ok()?;
            let told = String::from_utf8_lossy(&told[..count]).into_owned();
            let length = format!("content-length: {length}\r\n");
            if !told.starts_with(&format!("HTTP/1.1 {status}")) || !told.contains(&length) {
                let range: String = range.chars().take(50).collect();
                return Some(format!("{range}: {told}"));
            }
        }
        Some("the whole image once, or 416".to_owned())
    })
    .await
}
