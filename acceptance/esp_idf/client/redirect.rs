//! Following redirects: the URL is replaced for good, the headers and the method stay.

use super::{EspErr, Failure, HttpClient, Parts, Quirk};

impl HttpClient<'_> {
    /// Whether a status is followed.
    pub(in crate::esp_idf) fn follows(&self, status: u16) -> bool {
        match status {
            301 | 302 | 307 => true,
            303 | 308 => !self.release.has(Quirk::ThreeRedirects),
            _ => false,
        }
    }

    /// `esp_http_client_set_redirection`.
    pub(in crate::esp_idf) fn set_redirection(&mut self) -> Result<(), Failure> {
        let Some(location) = self.inbox.location.clone() else {
            return Err(EspErr::InvalidArg.because("URL redirection Failed: no Location"));
        };
        let https = location
            .get(..8)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
        if self.release.has(Quirk::HttpsOnly) && self.target.is_https() && !https {
            let words = "HTTPS origin can only redirect to https:// targets";
            return Err(EspErr::HttpRedirectDowngrade.because(words));
        }
        self.set_url(&location)?;
        self.redirects += 1;
        self.again = true;
        Ok(())
    }

    /// `esp_http_client_set_url`: another host or port ends the connection. Another host's `Host` has no port; where only
    /// the port is another, it stays what it was.
    fn set_url(&mut self, url: &str) -> Result<(), Failure> {
        let Some(parts) = Parts::of(url) else {
            return Err(EspErr::InvalidArg.because(format!("Error parse url {url}")));
        };
        let next = self.target.then(&parts);
        let elsewhere = !next.host.eq_ignore_ascii_case(&self.target.host);
        if elsewhere {
            self.headers.set("Host", &next.host);
            if self.release.has(Quirk::DropsAuthorization) {
                self.headers.delete("Authorization");
            }
        }
        if elsewhere || next.port != self.target.port {
            self.inbox.forget_cached();
            self.close();
        }
        self.target = next;
        Ok(())
    }

    /// `esp_http_check_response`, of `esp_http_client_perform`.
    pub(super) fn check_response(&mut self) -> Result<(), Failure> {
        let status = self.inbox.status.unwrap_or_default();
        if (200..300).contains(&status) {
            return Ok(());
        }
        if self.redirects >= MAX_REDIRECTS {
            return Err(EspErr::HttpMaxRedirect.because("Error, reach max_redirection_count"));
        }
        if self.follows(status) {
            return match self.set_redirection() {
                Err(_) if self.release.has(Quirk::BadRedirectIgnored) => {
                    self.redirects += 1;
                    self.again = true;
                    Ok(())
                }
                Err(failure) if self.release.has(Quirk::BadRedirectAborts) => {
                    Err(Failure::Aborts(format!("ESP_ERROR_CHECK, {failure}")))
                }
                Err(failure) if self.release.has(Quirk::HttpsOnly) => Err(failure),
                Err(Failure::Err(_, words)) => Err(EspErr::Fail.because(words)),
                other => other,
            };
        }
        if status == 401 {
            return self.add_auth();
        }
        Ok(())
    }

    /// `esp_http_client_add_auth`, in the default build: no scheme of authentication is compiled in.
    pub(in crate::esp_idf) fn add_auth(&self) -> Result<(), Failure> {
        if self.release.has(Quirk::UnauthorizedFails) {
            return Err(EspErr::NotSupported.because("Authorization Failed"));
        }
        Ok(())
    }
}

/// `DEFAULT_MAX_REDIRECT`.
const MAX_REDIRECTS: usize = 10;
