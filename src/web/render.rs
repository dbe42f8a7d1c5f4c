//! Templates: parsed once at start, escaped always, strict about what is undefined and bounded in
//! what they may do. Knows the layout's needs, not what any page means.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value, context};
use serde::Serialize;

use super::assets::{AssetError, Assets};
use super::views::shell::Shell;
use super::{chart, format, heat, paths, tiles};

/// Steps a template may take: the largest page with 200 rows takes about 60,000.
const FUEL: u64 = 2_000_000;

#[derive(rust_embed::RustEmbed)]
#[folder = "assets/templates"]
struct Templates;

/// Renders pages. Built once at start, shared by all threads.
#[derive(Debug)]
pub struct Renderer {
    environment: Environment<'static>,
    assets: Arc<Assets>,
}

/// Why pages cannot be rendered at all. All of these are mistakes of the build.
#[derive(Debug)]
#[non_exhaustive]
pub enum RenderError {
    /// A template does not parse, or one could not be rendered with its page.
    Template(Error),
    /// A template is not UTF-8.
    Text(String),
    /// The static files are broken.
    Asset(AssetError),
}

impl std::fmt::Display for RenderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Template(error) => {
                let at = error.name().unwrap_or("?");
                write!(f, "template {at} line {}: {error}", error.line().unwrap_or(0))
            }
            Self::Text(name) => write!(f, "template {name} is not UTF-8"),
            Self::Asset(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for RenderError {}

impl From<Error> for RenderError {
    fn from(error: Error) -> Self {
        Self::Template(error)
    }
}

impl Renderer {
    /// Parses every template; fails on the first that does not parse.
    pub fn new(assets: Arc<Assets>) -> Result<Self, RenderError> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_formatter(|out, state, value| match value.as_str() {
            Some(text) if !value.is_safe() => escape(out, text),
            _ => minijinja::escape_formatter(out, state, value),
        });
        // Nothing a template prints may skip escaping; charts and icons come from functions.
        environment.remove_filter("safe");
        add_functions(&mut environment, &assets);
        for name in Templates::iter() {
            let file = Templates::get(&name).map(|file| file.data.into_owned());
            let text = String::from_utf8(file.unwrap_or_default())
                .map_err(|_| RenderError::Text(name.to_string()))?;
            environment.add_template_owned(name.to_string(), text)?;
        }
        Ok(Self { environment, assets })
    }

    /// Loads assets and templates: what the composition root calls.
    pub fn load() -> Result<Self, RenderError> {
        Self::new(Arc::new(Assets::load().map_err(RenderError::Asset)?))
    }

    /// The static files the pages refer to.
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    /// The page `name` (a template without `.html`) showing `page` inside `shell`.
    pub fn page(
        &self,
        name: &str,
        page: &impl Serialize,
        shell: &Shell,
    ) -> Result<String, RenderError> {
        let template = self.environment.get_template(&format!("{name}.html"))?;
        Ok(template.render(context! {
            page => Value::from(minijinja::value::Serde(page)),
            shell => Value::from(minijinja::value::Serde(shell)),
        })?)
    }

    /// Names of all templates, for tests.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.environment.templates().map(|(name, _)| name)
    }
}

fn add_functions(environment: &mut Environment<'static>, assets: &Arc<Assets>) {
    let files = Arc::clone(assets);
    environment.add_function("asset", move |name: &str| {
        files.url(name).map(str::to_owned).ok_or_else(|| missing("asset", name))
    });
    let sprite = assets.url("icons.svg").unwrap_or_default().to_owned();
    environment.add_function("icon", move |name: &str, class: Option<&str>| {
        let class = class.unwrap_or("i");
        if !is_word(name) || !class.split(' ').all(is_word) {
            return Err(missing("icon", name));
        }
        Ok(Value::from_safe_string(format!(
            "<svg class=\"{class}\" aria-hidden=\"true\"><use href=\"{sprite}#{name}\"/></svg>"
        )))
    });
    environment.add_function("sparkline", |series: Vec<u64>, unit: &str| {
        Value::from_safe_string(chart::sparkline(&series, unit))
    });
    environment.add_function("hour_bars", |hours: Vec<u64>, now: usize, usual: Vec<u64>| {
        Value::from_safe_string(chart::hour_bars(&hours, now, &usual))
    });
    environment.add_function("state_map", |codes: Vec<String>, counts: Vec<u64>| {
        let counts: Vec<(String, u64)> = codes.into_iter().zip(counts).collect();
        Value::from_safe_string(tiles::state_map(&counts))
    });
    environment.add_function("heat_map", |rows: Vec<Vec<u64>>| {
        Value::from_safe_string(heat::heat_map(&rows))
    });
    environment.add_function("heat_key", || Value::from_safe_string(heat::heat_key()));
    environment.add_function("rank_meter", |value: u64, most: u64| {
        Value::from_safe_string(chart::rank_meter(value, most))
    });
    environment.add_function("confidence", |percent: f64| {
        let low = super::views::read::LOW_CONFIDENCE;
        Value::from_safe_string(chart::confidence(percent as f32, low))
    });
    environment.add_filter("number", format::number);
    environment.add_filter("bytes", format::bytes);
    environment.add_filter("percent", |value: f64| format::percent(value as f32));
    environment.add_function("bytes_of", format::bytes_of);
    let known: BTreeMap<&str, &str> = paths::ALL.iter().copied().collect();
    environment.add_global("path", Value::from(minijinja::value::Serde(known)));
}

/// Escapes `text` for element content and quoted attributes. The engine's own escaping also
/// rewrites every slash, which makes addresses unreadable and pages a fifth larger. Characters
/// that reverse the text after them become visible, so that no label can disguise its neighbours.
fn escape(out: &mut minijinja::Output, text: &str) -> Result<(), Error> {
    let mut plain_from = 0;
    for (at, character) in text.char_indices() {
        let Some(instead) = format::escaped(character) else { continue };
        out.write_str(text.get(plain_from..at).unwrap_or_default())?;
        out.write_str(instead)?;
        plain_from = at + character.len_utf8();
    }
    Ok(out.write_str(text.get(plain_from..).unwrap_or_default())?)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn missing(what: &str, name: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("there is no {what} {name:?}"))
}

#[cfg(test)]
mod tests {
    use super::{Renderer, context};

    fn renderer_with(source: &'static str) -> Renderer {
        let mut renderer = Renderer::load().unwrap();
        renderer.environment.add_template("test.html", source).unwrap();
        renderer
    }

    fn render(source: &'static str) -> Result<String, minijinja::Error> {
        let renderer = renderer_with(source);
        let template = renderer.environment.get_template("test.html")?;
        template.render(context! { text => "<b a='1' c=\"2\">/&\u{202e}x" })
    }

    #[test]
    fn everything_printed_is_escaped() {
        let expected = "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;/&amp;\u{fffd}x";
        for source in [
            "{{ text }}",
            "{% macro m(it) %}{{ it }}{% endmacro %}{{ m(text) }}",
            "{{ text ~ '' }}",
            "{{ [text][0] }}",
        ] {
            assert_eq!(render(source).unwrap(), expected, "{source}");
        }
    }

    #[test]
    fn nothing_skips_escaping_and_nothing_undefined_prints() {
        for source in ["{{ text | safe }}", "{{ nothing }}", "{{ text.nothing.more }}"] {
            let renderer = Renderer::load().unwrap();
            let mut environment = renderer.environment.clone();
            let parsed = environment.add_template("test.html", source);
            assert!(parsed.is_err() || render(source).is_err(), "{source}");
        }
    }

    #[test]
    fn a_runaway_template_is_stopped() {
        let source =
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
        assert!(render(source).is_err());
    }

    #[test]
    fn icons_exist_and_names_are_checked() {
        let renderer = Renderer::load().unwrap();
        let sprite = renderer.assets().named("icons.svg").unwrap();
        let sprite = std::str::from_utf8(&sprite.bytes).unwrap();
        for name in super::Templates::iter() {
            let file = super::Templates::get(&name).unwrap();
            let text = std::str::from_utf8(&file.data).unwrap();
            for icon in text.split("icon(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(sprite.contains(&format!("id=\"{icon}\"")), "{name}: {icon}");
            }
            assert!(!text.contains("style="), "{name}");
        }
        assert!(render("{{ icon('\"><script>') }}").is_err());
        assert!(render("{{ icon('home', 'i\"') }}").is_err());
        assert!(render("{{ asset('none.css') }}").is_err());
    }
}
