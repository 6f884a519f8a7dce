//! One certificate, a line for each thing that it says.

use crate::inspect::report::CertificateReport;

/// Prints it.
pub(super) fn print(certificate: &CertificateReport) {
    let position = certificate.position;
    let Some(fields) = &certificate.fields else {
        let why = certificate.unreadable.as_deref().unwrap_or_default();
        println!("  {position}  cannot be read: {why}");
        line("sha256", &certificate.sha256);
        return pem(certificate);
    };
    println!("  {position}  {}", fields.subject);
    line("issuer", &fields.issuer);
    for (index, group) in fields.names.iter().enumerate() {
        let names = match (&group.names[..], group.ending.as_str()) {
            // One name alone reads best whole.
            ([name], ending) if !ending.is_empty() && !name.ends_with(ending) => {
                format!("{name}.{ending}")
            }
            (names, "") => names.join(", "),
            ([name], _) => name.clone(),
            (names, ending) => format!("{ending}: {}", names.join(", ")),
        };
        line(if index == 0 { "names" } else { "" }, &names);
    }
    if let Some(found) = &fields.matches {
        let text = match found.rule {
            "exact" => format!("{}, exactly", found.host),
            "wildcard" => format!("{}, by the wildcard {}", found.host, found.name),
            "address" => format!("{}, by its address", found.host),
            _ => format!(
                "{}, by the common name {}: there are no alternative names, so browsers refuse it",
                found.host, found.name
            ),
        };
        line("is for", &text);
    }
    let day = |time: &str| time.split('T').next().unwrap_or_default().to_owned();
    let left = match fields.days_left {
        0 => "ends within a day".to_owned(),
        1 => "1 day left".to_owned(),
        days @ 2.. => format!("{days} days left"),
        days => format!("ended {} days ago", days.unsigned_abs()),
    };
    let span = format!(
        "{} to {}, {left}",
        day(&fields.not_before),
        day(&fields.not_after)
    );
    line("valid", &span);
    line(
        "key",
        &format!("{}; signed with {}", fields.key, fields.signature),
    );
    line("serial", &fields.serial);
    line("sha256", &certificate.sha256);
    line("of key", &fields.key_sha256);
    for note in &certificate.notes {
        line("note", note);
    }
    pem(certificate);
}

fn line(name: &str, text: &str) {
    println!("     {name:7} {text}");
}

fn pem(certificate: &CertificateReport) {
    if let Some(pem) = &certificate.pem {
        print!("{pem}");
    }
    println!();
}
