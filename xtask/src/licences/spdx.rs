//! SPDX licence expressions: whether a list of licences is enough for one.
//!
//! Source: SPDX 2.3, Annex D, and cargo's older `/` for "or".

/// Tells whether someone who accepts only `allowed` may use what is under `expression`; no to what is no expression.
pub(super) fn admits(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut tokens = spaced.split_whitespace().peekable();
    let admitted = either(&mut tokens, allowed);
    admitted == Some(true) && tokens.next().is_none()
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// `OR` binds loosest.
fn either(tokens: &mut Tokens<'_>, allowed: &[&str]) -> Option<bool> {
    let mut admitted = both(tokens, allowed)?;
    while tokens.next_if_eq(&"OR").is_some() {
        admitted |= both(tokens, allowed)?;
    }
    Some(admitted)
}

fn both(tokens: &mut Tokens<'_>, allowed: &[&str]) -> Option<bool> {
    let mut admitted = one(tokens, allowed)?;
    while tokens.next_if_eq(&"AND").is_some() {
        admitted &= one(tokens, allowed)?;
    }
    Some(admitted)
}

fn one(tokens: &mut Tokens<'_>, allowed: &[&str]) -> Option<bool> {
    match tokens.next()? {
        "(" => {
            let admitted = either(tokens, allowed)?;
            tokens.next_if_eq(&")").map(|_| admitted)
        }
        ")" | "AND" | "OR" | "WITH" => None,
        licence if tokens.next_if_eq(&"WITH").is_some() => {
            let whole = format!("{licence} WITH {}", tokens.next()?);
            Some(allowed.contains(&whole.as_str()))
        }
        licence => Some(allowed.contains(&licence)),
    }
}

#[cfg(test)]
mod tests {
    use super::admits;

    #[test]
    fn follows_and_or_with_and_parentheses() {
        let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"];
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("GPL-3.0-only OR MIT", true),
            ("GPL-3.0-only AND MIT", false),
            ("MIT/Apache-2.0", true),
            ("ISC AND (Apache-2.0 OR MIT)", true),
            ("ISC AND (Apache-2.0 OR BSL-1.0)", false),
            ("Apache-2.0", false),
            ("Apache-2.0 WITH LLVM-exception OR Apache-2.0", true),
            ("GPL-3.0-only OR MIT AND ISC", true),
        ] {
            assert_eq!(admits(expression, &allowed), expected, "{expression}");
        }
    }

    #[test]
    fn admits_nothing_that_is_no_expression() {
        for expression in [
            "", "(MIT", "MIT)", "MIT OR", "AND MIT", "MIT ISC", "MIT WITH",
        ] {
            assert!(!admits(expression, &["MIT", "ISC"]), "{expression}");
        }
    }
}
