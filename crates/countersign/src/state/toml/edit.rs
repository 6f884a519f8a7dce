//! One setting changed in the text of `countersign.toml`; all else in it stays to the byte.

use std::ops::Range;

use anyhow::{Context as _, Result, bail};
use toml::{Table, Value, de::DeTable};

/// The text with a setting of a product at that value, or without it.
pub(crate) fn edited(
    text: &str,
    product: &str,
    key: &str,
    value: Option<&Value>,
) -> Result<String> {
    let found = find(text, product, key)?;
    let changed = match (found.setting, value) {
        (Some(there), Some(value)) => put(text, there.value, &value.to_string()),
        (Some(there), None) => {
            let lines = line_of(text, there.key.start).start..line_of(text, there.value.end).end;
            put(text, lines, "")
        }
        (None, Some(value)) => {
            let at = line_of(text, found.last).end;
            let cut = if text.get(..at).is_some_and(|before| before.ends_with('\n')) {
                ""
            } else {
                "\n"
            };
            put(text, at..at, &format!("{cut}{key} = {value}\n"))
        }
        (None, None) => text.to_owned(),
    };
    // Tables may be written in ways that are not met here. Nothing but what was asked for may have changed.
    if read(&changed).ok() != Some(wanted(text, product, key, value)?) {
        bail!(
            "[product.{product}] is not written line by line in countersign.toml: change `{key}` there by hand"
        );
    }
    Ok(changed)
}

/// Where a setting stands, and where the last one of its product ends.
struct Found {
    setting: Option<Setting>,
    last: usize,
}

struct Setting {
    key: Range<usize>,
    value: Range<usize>,
}

fn find(text: &str, product: &str, key: &str) -> Result<Found> {
    let document = DeTable::parse(text)?;
    let products = document.get_ref().get("product");
    let settings = products
        .and_then(|products| products.get_ref().as_table())
        .and_then(|products| products.get(product))
        .and_then(|settings| settings.get_ref().as_table())
        .with_context(|| format!("countersign.toml has no [product.{product}]"))?;
    let mut found = Found {
        setting: None,
        last: 0,
    };
    for (name, value) in settings {
        found.last = found.last.max(value.span().end);
        if name.get_ref() == key {
            found.setting = Some(Setting {
                key: name.span(),
                value: value.span(),
            });
        }
    }
    Ok(found)
}

/// What the changed text shall say.
fn wanted(text: &str, product: &str, key: &str, value: Option<&Value>) -> Result<Table> {
    let mut table = read(text)?;
    let settings = table
        .get_mut("product")
        .and_then(|products| products.get_mut(product))
        .and_then(Value::as_table_mut)
        .with_context(|| format!("countersign.toml has no [product.{product}]"))?;
    match value {
        Some(value) => drop(settings.insert(key.to_owned(), value.clone())),
        None => drop(settings.remove(key)),
    }
    Ok(table)
}

fn read(text: &str) -> Result<Table> {
    text.parse().context("countersign.toml is not right")
}

/// The line with the byte at `at`, and its end.
fn line_of(text: &str, at: usize) -> Range<usize> {
    let (before, behind) = text.split_at_checked(at).unwrap_or((text, ""));
    let start = before.rfind('\n').map_or(0, |end| end.saturating_add(1));
    let rest = behind
        .find('\n')
        .map_or(behind.len(), |end| end.saturating_add(1));
    start..at.saturating_add(rest)
}

fn put(text: &str, place: Range<usize>, what: &str) -> String {
    let before = text.get(..place.start).unwrap_or_default();
    let behind = text.get(place.end..).unwrap_or_default();
    [before, what, behind].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# ours\nhosts = [\"a\"]\n\n[product.lamp]\n# who\nauthors = [\n  \"a.pem\", # Ann\n] # all\n\
                        unsigned_images = false\n# chip = \"esp32\"\n\n[product.oven]\nauthors = []";

    fn change(text: &str, product: &str, key: &str, value: Option<&str>) -> String {
        let value = value.map(|value| Value::String(value.to_owned()));
        edited(text, product, key, value.as_ref()).unwrap()
    }

    #[test]
    fn changes_one_setting_and_no_other_byte() {
        let added = change(TEXT, "lamp", "chip", Some("esp32c3"));
        let there = "unsigned_images = false\n";
        assert_eq!(
            added,
            TEXT.replace(there, &format!("{there}chip = \"esp32c3\"\n"))
        );
        let other = change(&added, "lamp", "chip", Some("a \"b\" \\"));
        assert!(other.contains("chip = 'a \"b\" \\'\n"), "{other}");
        assert_eq!(change(&other, "lamp", "chip", None), TEXT);
        assert_eq!(change(TEXT, "lamp", "chip", None), TEXT);
        // At the end of a file without a last line's end; over several lines.
        let last = change(TEXT, "oven", "chip", Some("esp32"));
        assert_eq!(last, format!("{TEXT}\nchip = \"esp32\"\n"));
        let none = change(TEXT, "lamp", "authors", None);
        assert!(none.contains("# who\nunsigned_images"), "{none}");
    }

    #[test]
    fn what_is_written_in_another_way_is_left_alone() {
        for text in [
            "product.lamp = { authors = [], chip = \"esp32\" }\n",
            "[product]\nlamp = { authors = [] }\n",
            "[product.oven]\n",
            "[product.lamp\n",
            "product = 1\n",
        ] {
            for key in ["project", "chip"] {
                let value = Value::String("x".to_owned());
                // Either by hand, or changed and nothing else.
                if let Ok(changed) = edited(text, "lamp", key, Some(&value)) {
                    assert_eq!(
                        read(&changed).unwrap(),
                        wanted(text, "lamp", key, Some(&value)).unwrap()
                    );
                }
            }
        }
        let inline = "[product]\nlamp = { authors = [] }\n";
        let refused = edited(inline, "lamp", "chip", Some(&Value::Boolean(true)));
        assert!(refused.unwrap_err().to_string().contains("by hand"));
    }
}
