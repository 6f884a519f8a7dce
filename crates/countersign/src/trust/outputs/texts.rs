//! The files that people read.

use std::{borrow::Cow, fmt::Write as _};

use countersign_operations::text::rfc3339;
use countersign_protocol::UnixTime;
use countersign_trust::{Clock, IdfRelease, choose::Target};
use esp_formats::bundle::{DEFAULT_MAX_ENTRIES, Format};

use super::{CA_CERT, bundle_name, why_name};
use crate::trust::{
    made::{Made, Root},
    releases::{counts_entries, ranges},
};

/// Every certificate under a comment that says whose it is.
pub(super) fn ca_cert(made: &Made) -> String {
    let len = made.roots.iter().map(|root| root.pem.len() + COMMENT).sum();
    let mut text = String::with_capacity(len);
    text.push_str(
        "# The roots that devices trust, made by `countersign trust bundle`. As `cert_pem`, or as ESP-IDF's custom bundle.\n",
    );
    for root in &made.roots {
        let certificate = &root.certificate;
        let hosts = if root.hosts.is_empty() {
            String::new()
        } else {
            format!(", for {}", root.hosts.join(" "))
        };
        let until = format!(
            "until {}; {}{hosts}",
            rfc3339(UnixTime(certificate.not_after())),
            why_name(root.why)
        );
        let digest = format!("SHA-256 {}", root.sha256);
        let lines = [&root.name, certificate.subject_text(), &digest, &until];
        text.push('\n');
        for line in lines {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# {}", comment(line));
        }
        text.push_str(&root.pem);
    }
    text
}

/// A line of a comment that nobody takes for the begin of a certificate: mbedTLS looks for that anywhere.
fn comment(line: &str) -> Cow<'_, str> {
    if !line.contains("--") && !line.contains(char::is_control) {
        return Cow::Borrowed(line);
    }
    Cow::Owned(line.replace(char::is_control, " ").replace("--", "- -"))
}

/// The lines that put our PEM in the place of ESP-IDF's list.
pub(super) fn sdkconfig(made: &Made, folder: &str) -> String {
    let all = || ranges(made.targets.iter().map(|target| target.label.as_str()));
    let mut text = format!(
        "# Made by `countersign trust bundle` for ESP-IDF {}.\n\
         # Add these lines to the project's sdkconfig.defaults, or name this file beside it in its CMakeLists.txt:\n\
         #   set(SDKCONFIG_DEFAULTS \"sdkconfig.defaults;{folder}/sdkconfig.defaults\")\n\
         # The path is seen from the project's folder. The custom bundle is added to ESP-IDF's own list, so that is off;\n\
         # off without a custom bundle, the build ends with an error of gen_crt_bundle.py.\n\
         CONFIG_MBEDTLS_CERTIFICATE_BUNDLE=y\n\
         CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_DEFAULT_NONE=y\n\
         CONFIG_MBEDTLS_CUSTOM_CERTIFICATE_BUNDLE=y\n\
         CONFIG_MBEDTLS_CUSTOM_CERTIFICATE_BUNDLE_PATH=\"{folder}/{CA_CERT}\"\n",
        all()
    );
    if made.max_entries != DEFAULT_MAX_ENTRIES {
        let _ = writeln!(
            text,
            "CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_MAX_CERTS={}",
            made.max_entries
        );
    }
    let able = |target: &&Target| target.release >= CROSS_SIGNED_SINCE;
    let mut able: Vec<bool> = made
        .targets
        .iter()
        .filter(able)
        .map(|target| target.cross_signed)
        .collect();
    able.dedup();
    // Where releases differ, each does as it does by default, and no line is needed.
    if let [crossed] = able[..] {
        let value = if crossed { "y" } else { "n" };
        let _ = writeln!(
            text,
            "# For v6.0 and later; the proof holds with this alone.\n\
             CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_CROSS_SIGNED_VERIFY={value}"
        );
    }
    let dated = |target: &Target| target.clock != Clock::Ignored;
    if made.targets.iter().any(dated) {
        text.push_str("# The proof was made for devices that look at dates; they need a clock that is right.\nCONFIG_MBEDTLS_HAVE_TIME_DATE=y\n");
    }
    text
}

/// The lines that embed the binary bundle, and how the application sets it.
pub(super) fn cmake(made: &Made, folder: &str) -> String {
    let mut text = format!(
        "# Made by `countersign trust bundle`. Two ways to put the bundle to use:\n\
         #\n\
         # 1. By the lines of {folder}/sdkconfig.defaults alone: ESP-IDF makes its bundle of {CA_CERT}. This file is not needed.\n\
         #    ESP-IDF makes it anew when that file changes.\n\
         # 2. The binary is embedded here, and the application sets it. For a bundle that shall be exchanged while the\n\
         #    application runs. In the CMakeLists.txt of a component, behind idf_component_register():\n\
         #      include(\"${{CMAKE_CURRENT_LIST_DIR}}/../{folder}/trust.cmake\")\n\
         #    The lines of sdkconfig.defaults are needed all the same: the build wants a bundle of its own.\n\
         #    In C, once, before the first connection ({} of rodata):\n\
         #      #include \"esp_crt_bundle.h\"\n\
         #      extern const uint8_t trust_start[] asm(\"_binary_trust_bundle_bin_start\");\n\
         #      extern const uint8_t trust_end[] asm(\"_binary_trust_bundle_bin_end\");\n",
        sizes(made)
    );
    // `esp_crt_bundle_set` takes a size since it counts.
    let sized = |target: &&Target| counts_entries(target.release);
    let with = ranges(
        made.targets
            .iter()
            .filter(sized)
            .map(|target| target.label.as_str()),
    );
    let without = ranges(
        made.targets
            .iter()
            .filter(|target| !sized(target))
            .map(|target| target.label.as_str()),
    );
    if !with.is_empty() {
        let _ = write!(
            text,
            "#    ESP-IDF {with}: esp_err_t esp_crt_bundle_set(const uint8_t *x509_bundle, size_t bundle_size):\n\
             #      ESP_ERROR_CHECK(esp_crt_bundle_set(trust_start, trust_end - trust_start));\n"
        );
    }
    if !without.is_empty() {
        let _ = write!(
            text,
            "#    ESP-IDF {without}: void esp_crt_bundle_set(const uint8_t *x509_bundle):\n\
             #      esp_crt_bundle_set(trust_start);\n"
        );
    }
    text.push_str(
        "\n# Under another name: the build writes x509_crt_bundle.S for its own bundle, and two rules for one file are an error.\n",
    );
    let copy = |name: &str| {
        format!(
            "configure_file(\"${{CMAKE_CURRENT_LIST_DIR}}/{name}\" \"${{CMAKE_CURRENT_BINARY_DIR}}/trust_bundle.bin\" COPYONLY)\n"
        )
    };
    match &made.packs[..] {
        [(format, _)] => text.push_str(&copy(bundle_name(made, *format))),
        _ => {
            let _ = write!(
                text,
                "if(IDF_VERSION_MAJOR GREATER 5 OR (IDF_VERSION_MAJOR EQUAL 5 AND IDF_VERSION_MINOR GREATER 3))\n  {}else()\n  {}endif()\n",
                copy(bundle_name(made, Format::Offsets)),
                copy(bundle_name(made, Format::Legacy)),
            );
        }
    }
    text.push_str(
        "target_add_binary_data(${COMPONENT_LIB} \"${CMAKE_CURRENT_BINARY_DIR}/trust_bundle.bin\" BINARY)\n",
    );
    text
}

fn sizes(made: &Made) -> String {
    let sizes = made.packs.iter().map(|(_, packed)| packed.bytes.len());
    let most = sizes.max().unwrap_or(0);
    format!("{most} bytes")
}

/// A root in one line, for people.
pub(crate) fn line(root: &Root) -> String {
    let hosts = if root.hosts.is_empty() {
        String::new()
    } else {
        format!(" for {}", root.hosts.join(", "))
    };
    format!("{}{hosts}", why_name(root.why))
}

/// About how long the comment of a certificate is, in bytes.
const COMMENT: usize = 384;

/// `CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_CROSS_SIGNED_VERIFY` (`components/mbedtls/Kconfig`).
const CROSS_SIGNED_SINCE: IdfRelease = IdfRelease::new(6, 0, 0);
