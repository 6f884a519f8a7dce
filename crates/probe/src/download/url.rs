//! Where a file is.

use std::{fmt, str::FromStr};

use http::uri::PathAndQuery;

use crate::{NotATarget, Target};

/// An https URL: whom to ask, and for what.
///
/// [`Display`](fmt::Display) leaves the query away, which may be a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Url {
    target: Target,
    path: PathAndQuery,
}

/// The text is no URL that is fetched. It is not repeated, since it may hold secrets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAUrl {
    /// No URL at all.
    #[error("it is no URL; https://HOST/... is wanted")]
    Form,
    /// It names no host.
    #[error(transparent)]
    Target(NotATarget),
    /// A user and a password, which are sent to nobody.
    #[error("there is a user in the URL, and none is sent")]
    User,
}

impl Url {
    /// Whom to ask.
    pub const fn target(&self) -> &Target {
        &self.target
    }

    pub(super) fn path_and_query(&self) -> &str {
        self.path.as_str()
    }

    /// Where a redirect from here leads (RFC 3986 §5.2; a path is taken as it is, with its dots).
    pub(super) fn join(&self, place: &str) -> Result<Self, NotAUrl> {
        let place = place.split('#').next().unwrap_or_default();
        if place.contains("://") {
            return place.parse();
        }
        if place.starts_with("//") {
            return format!("https:{place}").parse();
        }
        let path = match place.as_bytes().first() {
            Some(b'/') => place.to_owned(),
            Some(b'?') => [self.path.path(), place].concat(),
            _ => {
                let folder = self
                    .path
                    .path()
                    .rsplit_once('/')
                    .map_or("", |(folder, _)| folder);
                format!("{folder}/{place}")
            }
        };
        Ok(Self {
            target: self.target.clone(),
            path: path.parse().map_err(|_| NotAUrl::Form)?,
        })
    }
}

impl FromStr for Url {
    type Err = NotAUrl;

    fn from_str(text: &str) -> Result<Self, NotAUrl> {
        let (_, rest) = text.split_once("://").ok_or(NotAUrl::Form)?;
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).ok_or(NotAUrl::Form)?;
        let target = text.parse().map_err(NotAUrl::Target)?;
        if authority.contains('@') {
            return Err(NotAUrl::User);
        }
        let path = match path {
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            path => path.to_owned(),
        };
        Ok(Self {
            target,
            path: path.parse().map_err(|_| NotAUrl::Form)?,
        })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}{}", self.target, self.path.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_query() {
        for (text, shown, path) in [
            ("https://h", "https://h/", "/"),
            (
                "HTTPS://H:8443/a?b=secret#c",
                "https://h:8443/a",
                "/a?b=secret",
            ),
            ("https://[::1]?b=secret", "https://[::1]/", "/?b=secret"),
        ] {
            let url: Url = text.parse().unwrap();
            assert_eq!(
                (url.to_string().as_str(), url.path_and_query()),
                (shown, path)
            );
        }
        for (text, error) in [
            ("h/a", NotAUrl::Form),
            ("https://u:p@h/", NotAUrl::User),
            ("http://h/", NotAUrl::Target(NotATarget::PlainHttp)),
            ("ftp://h/", NotAUrl::Target(NotATarget::Scheme)),
            ("https:///a", NotAUrl::Target(NotATarget::Host)),
            ("https://h/a b", NotAUrl::Form),
        ] {
            assert_eq!(text.parse::<Url>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_redirect_leads_on_from_where_it_was() {
        let url: Url = "https://h:2/a/b?c".parse().unwrap();
        for (place, leads_to) in [
            ("https://other/x", Ok("https://other/x")),
            ("//other/x", Ok("https://other/x")),
            ("/x?y", Ok("https://h:2/x")),
            ("x", Ok("https://h:2/a/x")),
            ("?y", Ok("https://h:2/a/b")),
            ("http://h/x", Err(NotAUrl::Target(NotATarget::PlainHttp))),
        ] {
            let joined = url.join(place).map(|url| url.to_string());
            assert_eq!(joined, leads_to.map(str::to_owned), "{place}");
        }
    }
}
