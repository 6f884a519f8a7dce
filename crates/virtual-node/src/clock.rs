//! Time since the machine started.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use countersign_node::Clock;
use tokio::time::{Instant, timeout};

/// How time passes for a machine.
#[derive(Clone, Debug, Default)]
pub struct Time {
    /// Where waits take no time: how long they were, in milliseconds.
    skipped_ms: Option<Arc<AtomicU64>>,
}

impl Time {
    /// Time in which the machine's waits are added up and not waited for, so that hours pass in a moment. What the
    /// network takes passes as it does, and as [`Time::skip`] says.
    pub fn hurried() -> Self {
        Self {
            skipped_ms: Some(Arc::default()),
        }
    }

    /// Lets that much more time have passed, where time is hurried.
    pub fn skip(&self, time: Duration) {
        if let Some(skipped_ms) = &self.skipped_ms {
            let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            skipped_ms.fetch_add(ms, Ordering::Relaxed);
        }
    }

    /// How much time was not waited for.
    pub fn skipped(&self) -> Duration {
        let skipped_ms = self.skipped_ms.as_ref();
        Duration::from_millis(skipped_ms.map_or(0, |ms| ms.load(Ordering::Relaxed)))
    }

    /// Waits for `work`, and no longer than that much time.
    pub(crate) async fn timeout<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        if self.skipped_ms.is_none() {
            return timeout(limit, work).await.ok();
        }
        let (start, before) = (Instant::now(), self.skipped());
        let mut work = pin!(work);
        loop {
            if let Ok(done) = timeout(LOOK, work.as_mut()).await {
                return Some(done);
            }
            if start.elapsed() + self.skipped().saturating_sub(before) >= limit {
                return None;
            }
        }
    }

    pub(crate) async fn sleep(&self, time: Duration) {
        if self.skipped_ms.is_none() {
            return tokio::time::sleep(time).await;
        }
        self.skip(time);
        tokio::task::yield_now().await;
    }
}

/// The uptime of a virtual machine; it begins again with each reset.
#[derive(Clone, Debug)]
pub struct Uptime {
    time: Time,
    start: Instant,
    skipped_before: Duration,
}

impl Uptime {
    /// Starts now.
    pub fn start(time: Time) -> Self {
        let skipped_before = time.skipped();
        Self {
            time,
            start: Instant::now(),
            skipped_before,
        }
    }
}

impl Clock for Uptime {
    fn uptime_ms(&self) -> u64 {
        let skipped = self.time.skipped().saturating_sub(self.skipped_before);
        u64::try_from((self.start.elapsed() + skipped).as_millis()).unwrap_or(u64::MAX)
    }

    async fn sleep_ms(&mut self, ms: u64) {
        self.time.sleep(Duration::from_millis(ms)).await;
    }
}

/// How often time that is hurried is looked at.
const LOOK: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hurried_time_passes_with_every_wait_and_takes_none() {
        let time = Time::hurried();
        time.skip(Duration::from_secs(5));
        let mut uptime = Uptime::start(time.clone());
        let day_ms = 24 * 3600 * 1000;
        uptime.sleep_ms(day_ms).await;
        time.skip(Duration::from_millis(7));
        assert!((day_ms + 7..2 * day_ms).contains(&uptime.uptime_ms()));
        assert_eq!(time.skipped().as_millis(), u128::from(day_ms) + 5007);
    }

    #[tokio::test]
    async fn what_waits_for_nothing_ends_when_hurried_time_has_passed() {
        let time = Time::hurried();
        let hour = Duration::from_hours(1);
        assert_eq!(time.timeout(hour, async { 7 }).await, Some(7));
        let skipping = time.clone();
        let skips = tokio::spawn(async move { skipping.skip(hour) });
        assert_eq!(time.timeout(hour, std::future::pending::<()>()).await, None);
        skips.await.unwrap();
    }
}
