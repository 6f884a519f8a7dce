//! How many roots a device takes.

use anyhow::{Result, bail};
use countersign_trust::choose::Target;

use crate::trust::{
    config::Plan,
    releases::{counts_entries, max_entries, ranges},
};

/// Refuses a bundle that is too long for a device, which would take none of it, and believe nobody. Repeated certificates count,
/// as they do for ESP-IDF's own build.
pub(super) fn check(roots: usize, plan: &Plan, targets: &[Target]) -> Result<()> {
    let limit = max_entries(plan.max_certs)?;
    let counting = targets
        .iter()
        .filter(|target| counts_entries(target.release));
    let releases = ranges(counting.map(|target| target.label.as_str()));
    if roots <= limit || releases.is_empty() {
        return Ok(());
    }
    let (whose, raise) = match plan.max_certs {
        Some(_) => (
            "as you say",
            "raise the limit, in your project too".to_owned(),
        ),
        None => (
            "as by default",
            format!(
                "say --max-certs {roots} (max_certs in trust.toml), and sdkconfig.defaults raises the limit"
            ),
        ),
    };
    bail!(
        "{roots} roots are too many: with CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_MAX_CERTS={limit}, {whose}, ESP-IDF {releases} takes no bundle that has more, and then believes nobody. Put in fewer; or {raise}"
    )
}
