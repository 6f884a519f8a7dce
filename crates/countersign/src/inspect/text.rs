//! The report as text for people.

mod certificate;
mod tree;

use super::{
    report::{AddressReport, ChainReport, LogReport, Report, TargetReport},
    words::counted,
};

/// All of it.
pub(crate) fn print(report: &Report, steps: bool) {
    for target in &report.targets {
        self::target(target, steps);
    }
    if report.targets.len() > 1 {
        summary(report);
    }
    // Where nothing was seen, nothing was judged.
    if report.targets.iter().all(|target| target.chains.is_empty()) {
        return;
    }
    let age = match report.roots_age_days {
        None => String::new(),
        Some(days) => format!("; {} old", counted_days(days)),
    };
    println!("roots: {}{age}", report.roots);
    if !report.rules_only_read.is_empty() {
        println!(
            "the verdicts of {} follow what was read in ESP-IDF and mbedTLS; those of the others were held against mbedTLS itself",
            report.rules_only_read
        );
    }
    let dates = if report.devices_look_at_dates {
        "devices look at dates"
    } else {
        "devices do not look at dates, as by default; --clock has them do so"
    };
    println!("taken for now: {}; {dates}", report.time);
}

/// What devices make of the chains, and no more.
pub(crate) fn print_devices(report: &Report, steps: bool) {
    for target in &report.targets {
        println!("{}", verdict(target));
        failures(target);
        for one in target.addresses.iter().filter(|one| one.failure.is_some()) {
            println!("  {}", address_line(one, false));
        }
        for note in &target.notes {
            println!("  note: {note}");
        }
        differences(target);
        for (index, chain) in target.chains.iter().enumerate() {
            if target.chains.len() > 1 {
                println!("  chain {}", index.saturating_add(1));
            }
            devices(chain, steps);
        }
        println!();
    }
}

fn target(target: &TargetReport, steps: bool) {
    println!("{}", verdict(target));
    failures(target);
    for address in &target.addresses {
        println!("  {}", address_line(address, target.chains.len() > 1));
        client(address);
    }
    for note in &target.notes {
        println!("  note: {note}");
    }
    differences(target);
    for (index, chain) in target.chains.iter().enumerate() {
        println!();
        let many = target.chains.len() > 1;
        let which = if many {
            format!("chain {}: ", index.saturating_add(1))
        } else {
            String::new()
        };
        println!(
            "  {which}{}, {} bytes",
            counted(chain.certificates.len(), "certificate"),
            chain.size
        );
        println!();
        for line in tree::lines(chain) {
            println!("    {line}");
        }
        println!();
        for one in &chain.certificates {
            certificate::print(one);
        }
        for fault in &chain.faults {
            println!("  wrong: {fault}");
        }
        for note in &chain.notes {
            println!("  note: {note}");
        }
        if !(chain.faults.is_empty() && chain.notes.is_empty()) {
            println!();
        }
        devices(chain, steps);
    }
    println!();
}

/// In what the chains of a server's addresses differ from the first one.
fn differences(target: &TargetReport) {
    for difference in &target.differences {
        let (chain, at) = (
            difference.chain.saturating_add(1),
            difference.addresses.join(", "),
        );
        for what in &difference.what {
            println!("    chain {chain}, at {at}: {what}");
        }
    }
}

fn verdict(target: &TargetReport) -> String {
    let verdict = if target.verified {
        "verifies"
    } else {
        "does not verify"
    };
    format!("{}: {verdict}", target.target)
}

fn failures(target: &TargetReport) {
    if let Some(failure) = &target.failure {
        println!("  failed: {failure}");
    }
}

fn address_line(address: &AddressReport, many: bool) -> String {
    let mut parts = vec![address.address.clone()];
    if let Some(tls) = address.tls {
        parts.push(format!("TLS {tls}"));
    }
    parts.extend(address.suite.clone());
    if let Some(index) = address.chain.filter(|_| many) {
        parts.push(format!("chain {}", index.saturating_add(1)));
    }
    if address.key_proved == Some(false) {
        parts.push("WITHOUT proof that it holds the key".to_owned());
    }
    if address.tls == Some("1.3") {
        parts.push("refuses TLS 1.2, which is all that ESP-IDF offers by default".to_owned());
    }
    if let Some(failure) = &address.failure {
        parts.push(format!("failed: {failure}"));
    }
    parts.join("  ")
}

fn client(address: &AddressReport) {
    let Some(client) = &address.client_certificate else {
        return;
    };
    let given = if client.shown {
        "the given one was shown"
    } else {
        "none was shown (--cert, --key)"
    };
    let outcome = match &client.refused {
        Some(alert) => format!("{given}, and it refused: {alert}"),
        None => given.to_owned(),
    };
    println!("    asks for a client certificate; {outcome}");
    if client.authorities.is_empty() {
        println!("    names no CAs for it");
    }
    for name in client.authorities.iter().take(MOST_CAS) {
        println!("    of the CA {name}");
    }
    let more = client.authorities.len().saturating_sub(MOST_CAS);
    if more > 0 {
        println!(
            "    and of {more} more: a long list costs a device memory, and it does not read it"
        );
    }
}

fn devices(chain: &ChainReport, steps: bool) {
    if chain.devices.called.is_empty() {
        println!(
            "  devices were not asked: no name could be read that they would call it by; say --host"
        );
        return;
    }
    if chain.devices.rows.is_empty() {
        return;
    }
    println!("  devices, which call it {}", chain.devices.called);
    let rows = &chain.devices.rows;
    let widest = rows.iter().map(|row| row.releases.len()).max().unwrap_or(0);
    let mut above: &[LogReport] = &[];
    for row in rows {
        let verdict = if row.accepted {
            format!("accept, by {}", row.why)
        } else {
            format!("refuse: {}", row.why)
        };
        println!("    {:widest$}  {:6}  {verdict}", row.releases, row.bundle);
        for step in row.steps.iter().filter(|_| steps) {
            println!("    {:widest$}          {step}", "");
        }
        let same = !row.log.is_empty() && row.log == above;
        if same {
            println!("    {:widest$}           log as above", "");
        }
        for (index, line) in row.log.iter().enumerate().filter(|_| !same) {
            let log = if index == 0 { "log" } else { "" };
            let only = if line.releases == row.releases {
                String::new()
            } else {
                format!("  ({})", line.releases)
            };
            println!("    {:widest$}          {log:>4} {}{only}", "", line.line);
        }
        if !row.log.is_empty() {
            above = &row.log;
        }
        if !row.flags.is_empty() {
            println!(
                "    {:widest$}               with the flags {}",
                "",
                row.flags.join(", ")
            );
        }
        for (index, mend) in row.mends.iter().enumerate() {
            let or = if index == 0 { "mend" } else { "or" };
            println!("    {:widest$}          {or:>4} {mend}", "");
        }
    }
}

/// One line by server, so that differences show.
fn summary(report: &Report) {
    let rows = report.targets.iter().map(|target| {
        let best = target.chains.iter().filter_map(|chain| chain.paths.first());
        let mut roots: Vec<&str> = best.map(|path| path.name.as_str()).collect();
        roots.dedup();
        let certificates = target.chains.iter().flat_map(|chain| &chain.certificates);
        let days = certificates
            .filter(|one| one.position == 0)
            .filter_map(|one| one.fields.as_ref())
            .map(|fields| fields.days_left);
        vec![
            target.target.clone(),
            if target.verified { "yes" } else { "no" }.to_owned(),
            days.min()
                .map_or_else(|| "-".to_owned(), |days| days.to_string()),
            roots.join(", "),
        ]
    });
    crate::output::table(&["SERVER", "VERIFIES", "DAYS", "ROOT"], rows.collect());
    println!();
}

fn counted_days(days: u64) -> String {
    counted(usize::try_from(days).unwrap_or(usize::MAX), "day")
}

/// How many CA names are shown.
const MOST_CAS: usize = 8;
