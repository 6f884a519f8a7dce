//! Wi-Fi, joined and joined again.

use embassy_net::Runner;
use embassy_time::Timer;
use esp_println::println;
use esp_radio::wifi::{
    AuthenticationMethodConfig, Config, ControllerConfig, CountryInfo, Interface, WifiController,
    sta::StationConfig,
};

use crate::{fault::Fault, provisioned::Wifi};

/// Turns the radio on as a station of the network that the settings name.
pub(crate) fn start(
    radio: esp_hal::peripherals::WIFI<'static>,
    wifi: &Wifi,
) -> Result<(WifiController<'static>, Interface), Fault> {
    let ssid = wifi.ssid.as_str().try_into();
    let ssid = ssid.map_err(|_| Fault::Setting("wifi_ssid"))?;
    let authentication = match &wifi.password {
        None => AuthenticationMethodConfig::Open,
        Some(password) => {
            let password = password.as_str().try_into();
            let password = password.map_err(|_| Fault::Setting("wifi_password"))?;
            AuthenticationMethodConfig::Wpa2Personal(password)
        }
    };
    let station = StationConfig::default()
        .with_ssid(ssid)
        .with_authentication(authentication);
    let mut config = ControllerConfig::default().with_initial_config(Config::Station(station));
    if let Some(country) = wifi.country {
        config = config.with_country_info(CountryInfo::from(country));
    }
    let controller = WifiController::new(radio, config).map_err(Fault::Radio)?;
    Ok((controller, Interface::station()))
}

/// Joins, and joins again where the network was lost.
#[embassy_executor::task]
pub(crate) async fn keep_joined(mut controller: WifiController<'static>) -> ! {
    let mut wait_s = WAIT_S;
    loop {
        match controller.connect_async().await {
            Ok(joined) => {
                println!(
                    "Wi-Fi: joined {}, channel {}",
                    joined.ssid.as_str(),
                    joined.channel
                );
                wait_s = WAIT_S;
                if let Ok(left) = controller.wait_for_disconnect_async().await {
                    println!("Wi-Fi: lost ({:?})", left.reason);
                }
            }
            Err(error) => println!("Wi-Fi: not joined ({error:?}); again in {wait_s} s"),
        }
        Timer::after_secs(wait_s).await;
        wait_s = wait_s.saturating_mul(2).min(MAX_WAIT_S);
    }
}

/// Moves packets between the radio and the sockets.
#[embassy_executor::task]
pub(crate) async fn move_packets(mut runner: Runner<'static, Interface>) -> ! {
    runner.run().await
}

/// The first wait between two tries to join, in seconds; it doubles with each.
const WAIT_S: u64 = 2;

/// The longest one, so that a network that was off for a night is found again.
const MAX_WAIT_S: u64 = 60;
