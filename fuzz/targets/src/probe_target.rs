//! A host or a URL as a person types it ([`countersign_probe::Target`]).

use countersign_probe::Target;

use crate::plain::{assert_plain, assert_plain_error};

/// What is read is shown as something that reads the same. Of a URL nothing else than host and port is ever shown,
/// whatever stands in its user, its path, its query and its fragment.
pub fn run(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    if let Ok(target) = text.parse::<Target>() {
        assert!(target.port > 0 && !target.host.is_empty() && target.host.len() <= 253);
        assert!(
            target
                .host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
        );
        assert!(!target.host.bytes().any(|byte| byte.is_ascii_uppercase()));
        assert_plain(&target.to_string());
        assert_eq!(target.to_string().parse(), Ok(target.clone()));
        assert_eq!(format!("https://{target}").parse(), Ok(target));
    }
    for secret in [
        format!("{text}?X-Amz-Signature={SECRET}"),
        format!("https://{text}?{SECRET}"),
        format!("https://{text}/{SECRET}"),
        format!("https://{text}#{SECRET}"),
        format!("https://{SECRET}@{text}"),
        format!("https://user:{SECRET}@{text}?{SECRET}"),
        format!("https://h/{text}{SECRET}"),
        format!("https://h:{text}/{SECRET}"),
        format!("http://{text}{SECRET}"),
    ] {
        let shown = match secret.parse::<Target>() {
            Ok(target) => format!("{target} {target:?}"),
            Err(error) => {
                assert_plain_error(&error);
                format!("{error} {error:?}")
            }
        };
        assert!(
            !shown.to_ascii_lowercase().contains(SECRET),
            "{secret:?} is shown as {shown:?}"
        );
    }
}

/// In small letters, as hosts are shown.
const SECRET: &str = "5ec3e7-5ec3e7";
