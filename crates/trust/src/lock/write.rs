//! Writing a lock file, key by key in a fixed order. Most of it is PEM, over which a general writer takes too long.

use std::fmt::Write as _;

use super::{HEAD, Lock};

impl Lock {
    /// Writes it; the same value gives the same bytes.
    pub fn to_text(&self) -> String {
        let certificates = self.root.iter().map(|root| &root.pem);
        let certificates = certificates.chain(self.seen.iter().map(|one| &one.pem));
        let len = certificates.map(|pem| pem.len() + BESIDE_PEM).sum();
        let mut out = Text(String::with_capacity(len));
        out.line(HEAD);
        out.plain("version", self.version);
        out.text("chosen_from", &self.chosen_from);
        out.line("\n[policy]");
        out.plain("cross_sign_parents", self.policy.cross_sign_parents);
        out.plain("successors", self.policy.successors);
        out.plain("mozilla_only", self.policy.mozilla_only);
        out.plain("max_certs", self.policy.max_certs);
        for bundle in &self.bundle {
            out.line("\n[[bundle]]");
            out.text("file", &bundle.file);
            out.text("format", &bundle.format);
            out.plain("bytes", bundle.bytes);
            out.plain("roots", bundle.roots);
            out.text("sha256", &bundle.sha256);
        }
        for device in &self.device {
            out.line("\n[[device]]");
            out.text("idf", &device.idf);
            out.plain("cross_signed_verify", device.cross_signed_verify);
            out.plain("dates", device.dates);
        }
        for root in &self.root {
            out.line("\n[[root]]");
            out.text("name", &root.name);
            out.text("subject", &root.subject);
            out.text("sha256", &root.sha256);
            out.text("not_before", &root.not_before);
            out.text("not_after", &root.not_after);
            if let Some(after) = &root.distrust_after {
                out.text("distrust_after", after);
            }
            out.text("from", &root.from);
            out.text("why", &root.why);
            out.list("hosts", &root.hosts);
            out.pem(&root.pem);
        }
        for host in &self.host {
            out.line("\n[[host]]");
            out.text("host", &host.host);
            out.text("name", &host.name);
            out.line("chains = [");
            for chain in &host.chains {
                out.0.push_str("    ");
                out.strings(chain);
                out.line(",");
            }
            out.line("]");
        }
        for certificate in &self.seen {
            out.line("\n[[seen]]");
            out.text("sha256", &certificate.sha256);
            out.text("subject", &certificate.subject);
            out.text("not_after", &certificate.not_after);
            out.pem(&certificate.pem);
        }
        out.0
    }
}

/// TOML (v1.0.0) under way. Writing to a string cannot fail.
struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// A number, or whether something is so.
    fn plain(&mut self, key: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{key} = {value}");
    }

    fn text(&mut self, key: &str, value: &str) {
        let _ = write!(self.0, "{key} = ");
        self.string(value);
        self.0.push('\n');
    }

    fn list(&mut self, key: &str, values: &[String]) {
        let _ = write!(self.0, "{key} = ");
        self.strings(values);
        self.0.push('\n');
    }

    fn strings(&mut self, values: &[String]) {
        self.0.push('[');
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                self.0.push_str(", ");
            }
            self.string(value);
        }
        self.0.push(']');
    }

    /// A basic string: what may not stand in it is escaped.
    fn string(&mut self, value: &str) {
        let plain = |c: char| c != '"' && c != '\\' && !c.is_control();
        if value.chars().all(plain) {
            self.0.extend(["\"", value, "\""]);
            return;
        }
        self.0.push('"');
        for c in value.chars() {
            match c {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                c if c.is_control() => {
                    let _ = write!(self.0, "\\u{:04X}", u32::from(c));
                }
                c => self.0.push(c),
            }
        }
        self.0.push('"');
    }

    /// PEM of our own making: there is nothing in it to escape.
    fn pem(&mut self, pem: &str) {
        let _ = writeln!(self.0, "pem = \"\"\"\n{pem}\"\"\"");
    }
}

/// About what stands beside each certificate, in bytes.
const BESIDE_PEM: usize = 512;

#[cfg(test)]
mod tests {
    use super::super::{
        LockedBundle, LockedCertificate, LockedDevice, LockedHost, LockedPolicy, LockedRoot,
    };
    use super::*;

    #[test]
    fn a_lock_file_is_read_as_it_was_written() {
        let odd = "a \"b\" \\ c\n\u{7f}\u{1b}[0m é \"\"\"".to_owned();
        let lock = Lock {
            version: 1,
            chosen_from: odd.clone(),
            policy: LockedPolicy {
                cross_sign_parents: true,
                successors: false,
                max_certs: 250,
                mozilla_only: true,
            },
            bundle: vec![LockedBundle {
                file: odd.clone(),
                format: "legacy".to_owned(),
                bytes: 7,
                roots: 1,
                sha256: "00".to_owned(),
            }],
            device: vec![LockedDevice {
                idf: "v5.5".to_owned(),
                cross_signed_verify: false,
                dates: true,
            }],
            root: vec![LockedRoot {
                name: odd.clone(),
                subject: odd.clone(),
                sha256: "11".to_owned(),
                not_before: "1".to_owned(),
                not_after: "2".to_owned(),
                distrust_after: Some("3".to_owned()),
                from: odd.clone(),
                why: "given".to_owned(),
                hosts: vec![odd.clone(), "x".to_owned()],
                pem: "-----BEGIN\nAA==\n".to_owned(),
            }],
            host: vec![LockedHost {
                host: odd.clone(),
                name: odd.clone(),
                chains: vec![vec!["22".to_owned()], vec![], vec!["22".to_owned(), odd]],
            }],
            seen: vec![LockedCertificate {
                sha256: "22".to_owned(),
                subject: String::new(),
                not_after: String::new(),
                pem: "AA==\n".to_owned(),
            }],
        };
        let read: Lock = toml::from_str(&lock.to_text()).unwrap();
        assert_eq!(read, lock);
    }
}
