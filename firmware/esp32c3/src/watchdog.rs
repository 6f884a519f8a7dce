//! The watchdog, which the executor feeds.

use embassy_time::Timer;
use esp_hal::{
    rtc_cntl::{Rtc, RwdtStage},
    time::Duration,
};

/// Starts it.
///
/// It is the RTC's, which runs on a clock of its own and resets all of the chip.
pub(crate) fn start(rtc: &mut Rtc<'_>) {
    rtc.rwdt.set_timeout(RwdtStage::Stage0, LIMIT);
    rtc.rwdt.enable();
}

/// Feeds it as long as the executor comes to this task: whatever computes or loops without an end starves it.
#[embassy_executor::task]
pub(crate) async fn feed(mut rtc: Rtc<'static>) -> ! {
    loop {
        rtc.rwdt.feed();
        Timer::after_secs(FEED_S).await;
    }
}

/// How long the executor may not get to the task before the chip is reset. The longest that it has work to do at a
/// stretch is a handshake's public-key arithmetic, some two seconds.
const LIMIT: Duration = Duration::from_secs(30);

/// How long the task sleeps, in seconds.
const FEED_S: u64 = 5;
