//! Enough HTML to read the pages under test: tags, attributes, forms.

/// A start tag.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    /// Text up to the next tag.
    pub(crate) text: String,
}

impl Tag {
    pub(crate) fn get(&self, name: &str) -> String {
        self.find(name).unwrap_or_default()
    }

    pub(crate) fn find(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }
}

/// All tags of `html` in order; end tags have a name like `/form`. Attribute values are quoted by
/// house rule, so this is enough.
pub(crate) fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let mut quote = None;
        let end = rest.char_indices().find_map(|(at, c)| {
            match (quote, c) {
                (None, '>') => return Some(at),
                (None, '"' | '\'') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                _ => {}
            }
            None
        });
        let Some(end) = end else { break };
        let (inside, after) = (&rest[..end], &rest[end + 1..]);
        let text = after[..after.find('<').unwrap_or(after.len())].to_owned();
        let name = inside.split(|c: char| c.is_whitespace()).next().unwrap_or("").to_lowercase();
        found.push(Tag { attributes: attributes(&inside[name.len()..]), name, text });
        rest = after;
    }
    found
}

fn attributes(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let name = rest[..end].to_lowercase();
        rest = rest[end..].trim_start();
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (content, left) = match quote {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
            };
            value = unescape(content);
            rest = left;
        }
        if !name.is_empty() {
            found.push((name, value));
        }
        rest = rest.trim_start();
    }
    found
}

/// `text` without HTML entities of the usual five.
pub(crate) fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&#x2f;", "/")
        .replace("&#x2F;", "/")
        .replace("&amp;", "&")
}

fn is_tick(tag: &Tag) -> bool {
    matches!(tag.get("type").as_str(), "checkbox" | "radio")
}

/// Names and values that the form posting to `action` would send untouched.
pub(crate) fn form(html: &str, action: &str) -> Option<Vec<(String, String)>> {
    let all = tags(html);
    let start = all.iter().position(|tag| {
        let target = tag.get("action");
        tag.name == "form" && (target == action || target.split('?').next() == Some(action))
    })?;
    let mut fields = Vec::new();
    let mut select = String::new();
    for tag in all[start + 1..].iter().take_while(|tag| tag.name != "/form") {
        let name = tag.get("name");
        match tag.name.as_str() {
            "input" if name.is_empty() => {}
            "input" if is_tick(tag) && tag.find("checked").is_none() => {}
            "input" => fields.push((name, tag.get("value"))),
            "textarea" => fields.push((name, unescape(&tag.text))),
            "select" => {
                select = name;
                fields.push((select.clone(), String::new()));
            }
            "option" if tag.find("selected").is_some() => {
                if let Some(field) = fields.iter_mut().rfind(|(name, _)| *name == select) {
                    field.1 = tag.get("value");
                }
            }
            _ => {}
        }
    }
    Some(fields)
}
