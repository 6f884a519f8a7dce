//! How hosts are asked, as the command line says: what all commands that ask some share.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use countersign_probe::{ClientIdentity, Options, Place, Target};
use countersign_x509::name::escaped;
use zeroize::Zeroizing;

use crate::{cli::Asking, files};

/// How each host is asked.
#[derive(Clone, Debug)]
pub(crate) struct Ways {
    options: Options,
    connect: Vec<(Option<Place>, Place)>,
    names: Vec<(Option<Place>, String)>,
}

impl Ways {
    /// Reads the flags, and the files that they name.
    pub(crate) fn read(asking: &Asking) -> Result<Self> {
        if !(0.1..=600.0).contains(&asking.timeout) {
            bail!("--timeout takes seconds between 0.1 and 600");
        }
        let client = match (&asking.cert, &asking.key) {
            (Some(cert), Some(key)) => {
                let (chain, secret) = (files::read(cert)?, Zeroizing::new(files::read(key)?));
                let pair = ClientIdentity::from_pem(&chain, &secret);
                Some(pair.with_context(|| format!("{} and {}", cert.display(), key.display()))?)
            }
            (None, None) => None,
            _ => bail!("a client certificate and its key belong together: say both"),
        };
        Ok(Self {
            options: Options {
                client,
                timeout: Duration::from_secs_f64(asking.timeout),
                ..Options::default()
            },
            connect: said("--connect", &asking.connect, place)?,
            names: said("--sni", &asking.sni, name)?,
        })
    }

    /// How this one is asked.
    pub(crate) fn to(&self, target: &Target) -> Options {
        let connect = said_of(&self.connect, target);
        Options {
            connect: connect.into_iter().cloned().collect(),
            sni: said_of(&self.names, target).last().copied().cloned(),
            ..self.options.clone()
        }
    }

    /// Refuses what is said of a host that is not asked, which is a slip of the pen.
    pub(crate) fn are_for(&self, targets: &[Target]) -> Result<()> {
        let connect = self.connect.iter().map(|(whose, _)| ("--connect", whose));
        let names = self.names.iter().map(|(whose, _)| ("--sni", whose));
        for (flag, whose) in connect.chain(names) {
            if let Some(whose) = whose
                && !targets.iter().any(|target| is_of(whose, target))
            {
                bail!("{flag} is about {}, which is not asked", whose.host);
            }
        }
        Ok(())
    }
}

/// What is said of this host; without it, what is said of all.
fn said_of<'s, T>(said: &'s [(Option<Place>, T)], target: &Target) -> Vec<&'s T> {
    let own = said.iter().filter(|(whose, _)| {
        let whose = whose.as_ref();
        whose.is_some_and(|whose| is_of(whose, target))
    });
    let own: Vec<&T> = own.map(|(_, what)| what).collect();
    if !own.is_empty() {
        return own;
    }
    let all = said.iter().filter(|(whose, _)| whose.is_none());
    all.map(|(_, what)| what).collect()
}

fn is_of(whose: &Place, target: &Target) -> bool {
    whose.host == target.host && whose.port.is_none_or(|port| port == target.port)
}

/// Reads what is said of hosts: each `[HOST=]WHAT`.
fn said<T>(
    flag: &str,
    texts: &[String],
    what: fn(&str) -> Result<T>,
) -> Result<Vec<(Option<Place>, T)>> {
    let read = |text: &String| -> Result<_> {
        Ok(match text.split_once('=') {
            Some((whose, rest)) => (Some(place(whose)?), what(rest)?),
            None => (None, what(text)?),
        })
    };
    let named = |text: &String| read(text).with_context(|| format!("{flag} {}", escaped(text)));
    texts.iter().map(named).collect()
}

fn place(text: &str) -> Result<Place> {
    Ok(text.parse()?)
}

fn name(text: &str) -> Result<String> {
    let place = place(text)?;
    if place.port.is_some() {
        bail!("a name without a port is wanted");
    }
    Ok(place.host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(connect: &[&str], sni: &[&str]) -> Result<Ways> {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Ways::read(&Asking {
            connect: texts(connect),
            sni: texts(sni),
            ..Asking::default()
        })
    }

    #[test]
    fn what_is_said_of_one_host_goes_before_what_is_said_of_all() {
        let said = ["10.0.0.1", "a=10.0.0.2:1", "a=[::1]", "a:8443=10.0.0.3"];
        let ways = ways(&said, &["all", "b=only.b"]).unwrap();
        let asked = |host: &str, port| {
            let options = ways.to(&Target::new(host, port));
            let at = options.connect.into_iter().map(|place| place.host);
            (at.collect::<Vec<_>>(), options.sni.unwrap())
        };
        let all = || "all".to_owned();
        assert_eq!(
            asked("a", 443),
            (vec!["10.0.0.2".to_owned(), "::1".to_owned()], all())
        );
        assert_eq!(asked("a", 8443).0.last().unwrap(), "10.0.0.3");
        assert_eq!(
            asked("b", 443),
            (vec!["10.0.0.1".to_owned()], "only.b".to_owned())
        );
        let [a, b] = ["a", "b"].map(|host| Target::new(host, 443));
        ways.are_for(&[a.clone(), b.clone(), Target::new("a", 8443)])
            .unwrap();
        let error = ways.are_for(&[a, b]).unwrap_err().to_string();
        assert_eq!(error, "--connect is about a, which is not asked");
    }

    #[test]
    fn what_is_no_place_is_named() {
        for (connect, sni, part) in [
            ("a b", "", "--connect a b"),
            ("a=", "", "--connect a="),
            ("=10.0.0.1", "", "--connect =10.0.0.1"),
            ("10.0.0.1:0", "", "port"),
            ("", "a:443", "without a port"),
            ("", "*.a", "--sni *.a"),
        ] {
            let some = |text: &'static str| if text.is_empty() { vec![] } else { vec![text] };
            let error = ways(&some(connect), &some(sni)).unwrap_err();
            assert!(format!("{error:#}").contains(part), "{error:#}");
        }
    }
}
