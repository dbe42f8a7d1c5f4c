//! Templates of generic webhooks: JSON or any text with `{{names}}`. Values are escaped as JSON
//! strings need it, so that no plate can leave its quotes.

use super::message::{Message, VALUES};

/// Whether `template` knows only names that messages have, and is JSON when it looks like it.
///
/// # Errors
/// Which name is unknown, or what is wrong with the form.
pub fn check(template: &str) -> Result<(), String> {
    let filled = fill(template, |name| {
        VALUES.iter().any(|(known, _)| *known == name).then(|| "x".to_owned())
    })?;
    if is_json(template)
        && let Err(error) = serde_json::from_str::<serde_json::Value>(&filled)
    {
        return Err(format!("it is no JSON: {error}; texts need quotes, as in \"{{{{plate}}}}\""));
    }
    Ok(())
}

/// `template` with the values of `message`.
///
/// # Errors
/// As [`check`].
pub fn render(template: &str, message: &Message) -> Result<String, String> {
    let json = is_json(template);
    fill(template, |name| {
        let known = VALUES.iter().any(|(known, _)| *known == name);
        let value = known.then(|| message.value(name))?;
        Some(if json { inside_quotes(&value) } else { value })
    })
}

/// Media type of what `template` makes.
pub fn media_type(template: &str) -> &'static str {
    if is_json(template) { "application/json" } else { "text/plain; charset=utf-8" }
}

fn is_json(template: &str) -> bool {
    template.trim_start().starts_with(['{', '[']) && !template.trim_start().starts_with("{{")
}

fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, behind) = after.split_once("}}").ok_or("a {{ has no }} behind it".to_owned())?;
        let name = name.trim();
        let value = value(name).ok_or_else(|| {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            let known: Vec<&str> = VALUES.iter().map(|(known, _)| *known).collect();
            format!("{{{{{shown}}}}} is not known; there are {}", known.join(", "))
        })?;
        filled.push_str(before);
        filled.push_str(&value);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// `value` escaped for the inside of a JSON string.
fn inside_quotes(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::message;

    #[test]
    fn hostile_values_stay_in_their_quotes() {
        for plate in ["A\",\"x\":\"", "=cmd|' /C'!A0", "<script>", "\u{1f697}", "\\", "a\nb"] {
            let mut message = message();
            message.values.insert("plate", plate.to_owned());
            let made = render("{\"p\": \"{{plate}}\", \"t\": \"{{ topic }}\"}", &message).unwrap();
            let parsed: serde_json::Value = serde_json::from_str(&made).unwrap();
            assert_eq!((&parsed["p"], &parsed["t"]), (&plate.into(), &"match".into()), "{made}");
            assert_eq!(parsed.as_object().unwrap().len(), 2);
            assert_eq!(render("p={{plate}}", &message).unwrap(), format!("p={plate}"));
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (template, part) in [
            ("{\"a\": \"{{colour}}\"}", "{{colour}} is not known"),
            ("{{plate", "has no }}"),
            ("{\"a\": {{plate}}}", "no JSON"),
            ("{\"a\": \"{{plate}}\"", "no JSON"),
        ] {
            let error = check(template).unwrap_err();
            assert!(error.contains(part), "{template}: {error}");
        }
        for template in ["{{plate}} seen", "", "[\"{{image}}\"]", "a } b"] {
            check(template).unwrap();
        }
    }
}
