//! A client's part of a handshake, as far as the server's chain decides on it.

use esp_formats::bundle::{Bundle, Entry};

use super::{
    Accepted, Refusal,
    callback::{self, Answer, Reason},
    explanation,
};
use crate::{
    DeviceLog, Searched, Step,
    mbedtls::{
        Certificate, DIGITAL_SIGNATURE, Rules, SERVER_AUTH, Signatures, Time, Unreadable, flags,
        host_name,
        path::{Builder, Fault, Link, Root, Who},
        signature::Check,
    },
};

/// What matters of a device beside its bundle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings<'s> {
    pub(crate) rules: Rules,
    pub(crate) time: Time,
    pub(crate) cross_signed: bool,
    /// Whether the first certificate must be read. mbedTLS passes over one whose signature's algorithm
    /// it does not know, and takes the next one, and its key, for the server's. A TLS library that
    /// keeps to the first one's key must not be told that the second one is good: whoever has a good
    /// one of somebody else would send it behind their own.
    pub(crate) first_counts: bool,
    /// Those that were checked before.
    pub(crate) signatures: &'s Signatures,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Handshake<'b> {
    pub(crate) outcome: Result<Accepted<'b>, Refusal>,
    pub(crate) steps: Vec<Step>,
    pub(crate) log: DeviceLog,
}

/// All that was found out, for saying why a chain is refused.
pub(super) struct Findings<'f, 'a, 'b> {
    pub(super) host: &'f str,
    pub(super) settings: &'f Settings<'f>,
    pub(super) bundle: &'f Bundle<'b>,
    pub(super) sent: &'f [Certificate<'a>],
    /// What was passed over: its position, and the OID of its signature's algorithm.
    pub(super) passed_over: &'f [(usize, Vec<u8>)],
    pub(super) name_is_wrong: bool,
    pub(super) links: &'f [Link<'f, 'a>],
    /// A look-up that failed, and for which certificate.
    pub(super) failed: Option<(&'f Certificate<'a>, Reason<'b>)>,
}

/// Does what the device does when a server that it calls `host` sends `chain`.
pub(crate) fn run<'b>(
    chain: &[&[u8]],
    host: &str,
    bundle: &Bundle<'b>,
    settings: &Settings<'_>,
) -> Handshake<'b> {
    let mut steps = Vec::new();
    let (outcome, log) = decide(chain, host, bundle, settings, &mut steps);
    Handshake {
        outcome,
        steps,
        log,
    }
}

fn decide<'b>(
    chain: &[&[u8]],
    host: &str,
    bundle: &Bundle<'b>,
    settings: &Settings<'_>,
    steps: &mut Vec<Step>,
) -> (Result<Accepted<'b>, Refusal>, DeviceLog) {
    let rules = &settings.rules;
    let unread = |refusal| (Err(refusal), DeviceLog::default());

    // 1. Every certificate is read when it arrives, whether it is needed or not.
    let (sent, passed_over) = match read(chain, rules, steps) {
        Ok(read) => read,
        Err(refusal) => return unread(refusal),
    };
    if let Some((0, oid)) = passed_over.first()
        && settings.first_counts
    {
        return unread(explanation::unknown_signature(0, oid));
    }
    let Some(leaf) = sent.first() else {
        return unread(match passed_over.first() {
            Some((position, oid)) => explanation::unknown_signature(*position, oid),
            None => Refusal::NoCertificate,
        });
    };

    // 2. The name is compared, and the path built.
    let name_is_wrong = !host_name::matches(leaf, host, rules);
    steps.push(Step {
        position: Some(leaf.position),
        what: format!(
            "it is {}for `{}`",
            if name_is_wrong { "not " } else { "" },
            countersign_x509::name::escaped(host)
        ),
    });
    let builder = Builder {
        rules,
        time: settings.time,
        signatures: settings.signatures,
        root_for: |child: &Certificate<'_>| {
            let asked = settings.cross_signed && rules.cross_signed;
            let entry = asked.then(|| bundle.find(child.issuer_raw)).flatten()?;
            Some(Root {
                name: entry.name,
                public_key: entry.key,
            })
        },
    };
    let built = builder.build(&sent);
    let mut findings = Findings {
        host,
        settings,
        bundle,
        sent: &sent,
        passed_over: &passed_over,
        name_is_wrong,
        links: &[],
        failed: None,
    };
    let mut links = match built {
        Ok(links) => links,
        Err(fault) => {
            steps.push(fault_step(fault));
            let refusal = explanation::no_path(&findings, fault);
            return (Err(refusal), DeviceLog::fatal());
        }
    };
    if let Some(first) = links.first_mut() {
        if name_is_wrong {
            first.flags |= flags::CN_MISMATCH;
        }
        if !leaf.key.suits_profile(rules) {
            first.flags |= flags::BAD_KEY;
        }
    }
    path_steps(&links, steps);

    // 3. From the top down the bundle's callback is asked about each.
    let mut found = 0;
    let mut anchor: Option<Entry<'b>> = None;
    let mut failed = None;
    for link in links.iter().rev() {
        match callback::ask(link, bundle, settings, steps) {
            Answer::Left(left) => found |= left,
            Answer::Vouched(entry) => anchor = anchor.or(Some(entry)),
            Answer::Refused(reason) => {
                if let Who::Sent(certificate) = link.who {
                    failed = Some((certificate, reason));
                }
                break;
            }
        }
    }
    if let Some(Who::Root(root)) = links.last().map(|link| link.who) {
        anchor = bundle.find(root.name);
    }
    let mut log = match (failed.is_some(), found) {
        (true, _) => DeviceLog::fatal(),
        (false, 0) => DeviceLog::default(),
        (false, _) => DeviceLog::verify_failed(found),
    };
    log.searched = failed.as_ref().map(|(_, reason)| match reason {
        Reason::Missing => Searched::InVain,
        _ => Searched::OtherKey,
    });

    // 4. The server's own must be for servers. Every suite that a server would choose today signs.
    if !leaf.extensions.allows(DIGITAL_SIGNATURE) {
        log.add(flags::KEY_USAGE);
    }
    if !leaf.extensions.is_for(SERVER_AUTH) {
        log.add(flags::EXT_KEY_USAGE);
    }

    // 5. It must sign what is agreed on.
    if !leaf.key.is_computable() {
        log.cannot_compute();
    }

    if let (None, Some(anchor)) = (log.code, anchor) {
        let sent = |link: &Link<'_, '_>| match link.who {
            Who::Sent(certificate) => Some(certificate.position),
            Who::Root(_) => None,
        };
        let path = links.iter().filter_map(sent).collect();
        steps.push(Step {
            position: None,
            what: format!("trusted by `{}`", crate::text::name(anchor.name)),
        });
        return (Ok(Accepted { anchor, path }), log);
    }
    findings.links = &links;
    findings.failed = failed;
    (Err(explanation::of(&findings)), log)
}

type Read<'a> = (Vec<Certificate<'a>>, Vec<(usize, Vec<u8>)>);

fn read<'a>(chain: &[&'a [u8]], rules: &Rules, steps: &mut Vec<Step>) -> Result<Read<'a>, Refusal> {
    let mut sent = Vec::with_capacity(chain.len());
    let mut passed_over = Vec::new();
    for (position, der) in chain.iter().enumerate() {
        let mut say = |what| {
            steps.push(Step {
                position: Some(position),
                what,
            });
        };
        match Certificate::read(position, der, rules) {
            Ok(certificate) => {
                let subject = crate::text::name(certificate.subject_raw);
                say(format!("it is `{subject}`, with a key {}", certificate.key));
                sent.push(certificate);
            }
            Err(Unreadable::PassedOver { oid }) => {
                let oid_text = crate::text::oid(&oid);
                say(format!(
                    "it is passed over: its signature's algorithm {oid_text} is unknown"
                ));
                passed_over.push((position, oid));
            }
            Err(fault) => {
                let refusal = explanation::unreadable(position, der, &fault);
                say("it cannot be read, which ends the handshake".to_owned());
                return Err(refusal);
            }
        }
    }
    Ok((sent, passed_over))
}

fn path_steps(links: &[Link<'_, '_>], steps: &mut Vec<Step>) {
    for (place, link) in links.iter().enumerate() {
        let Who::Sent(certificate) = link.who else {
            continue;
        };
        let issuer = crate::text::name(certificate.issuer_raw);
        let next = links.get(place.saturating_add(1)).map(|next| next.who);
        let what = match next {
            Some(Who::Sent(parent)) => format!(
                "its issuer `{issuer}` is certificate {}, {}",
                parent.position,
                match link.signature {
                    Some(Check::Good) => "whose key signed it",
                    Some(Check::Unknown) => "whose signature cannot be checked here",
                    Some(Check::Bad) | None => "whose key did not sign it",
                }
            ),
            Some(Who::Root(_)) => {
                format!("its issuer `{issuer}` is in the bundle, and that key signed it")
            }
            None => format!("nothing behind it is its issuer `{issuer}`"),
        };
        steps.push(Step {
            position: Some(certificate.position),
            what,
        });
    }
}

fn fault_step(fault: Fault<'_>) -> Step {
    match fault {
        Fault::TooMany => Step {
            position: None,
            what: "there are more than eight intermediates".to_owned(),
        },
        Fault::RootKey { position, .. } => Step {
            position: Some(position),
            what: "the bundle's key for its issuer cannot be read".to_owned(),
        },
    }
}
