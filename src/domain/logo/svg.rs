//! SVG: read by a real parser without DTDs, and written anew with the shapes, gradients and texts
//! that a drawing needs. Everything else (scripts, styles, links, images, foreign content, handlers,
//! addresses) is not carried over.

use std::fmt::Write as _;

use roxmltree::{Document, Node, NodeType, ParsingOptions};

use crate::base::limits::{LOGO_BYTES_MAX, LOGO_DEPTH_MAX, LOGO_NODES_MAX};

const SVG: &str = "http://www.w3.org/2000/svg";

/// Elements that are carried over. `use` is not: references to references grow without bound.
const ELEMENTS: [&str; 17] = [
    "svg",
    "g",
    "defs",
    "title",
    "desc",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "linearGradient",
    "radialGradient",
    "stop",
];

/// Attributes that are carried over: geometry and plain presentation.
const ATTRIBUTES: [&str; 58] = [
    "id",
    "viewBox",
    "width",
    "height",
    "preserveAspectRatio",
    "transform",
    "d",
    "x",
    "y",
    "x1",
    "y1",
    "x2",
    "y2",
    "dx",
    "dy",
    "cx",
    "cy",
    "r",
    "rx",
    "ry",
    "fx",
    "fy",
    "fr",
    "points",
    "offset",
    "gradientUnits",
    "gradientTransform",
    "spreadMethod",
    "pathLength",
    "fill",
    "fill-rule",
    "fill-opacity",
    "stroke",
    "stroke-width",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-opacity",
    "stop-color",
    "stop-opacity",
    "opacity",
    "color",
    "display",
    "visibility",
    "clip-rule",
    "paint-order",
    "vector-effect",
    "shape-rendering",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "letter-spacing",
    "text-anchor",
    "dominant-baseline",
    "textLength",
];

/// The drawing in `text`, or what to do about it.
pub(super) fn clean(text: &str) -> Result<String, String> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: LOGO_NODES_MAX,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => {
            "save the SVG without a document type and retry".to_owned()
        }
        roxmltree::Error::NodesLimitReached => {
            "this drawing has too many parts: choose a simpler one, or a PNG".to_owned()
        }
        _ => "this SVG cannot be read: save it again and retry".to_owned(),
    })?;
    let root = document.root_element();
    if !is(root, "svg") {
        return Err("the file is XML, but not an SVG drawing".into());
    }
    if root.attribute("viewBox").is_none()
        && (root.attribute("width").is_none() || root.attribute("height").is_none())
    {
        return Err("the SVG says no size: give it a viewBox, or width and height".into());
    }
    let mut out = String::with_capacity(text.len());
    let mut drawn = false;
    write(root, 0, &mut out, &mut drawn);
    if !drawn {
        return Err("nothing of this SVG can be shown: it has no plain shapes".into());
    }
    // Escaping may make a hostile file larger than it was.
    if out.len() > LOGO_BYTES_MAX { Err("choose a smaller drawing".into()) } else { Ok(out) }
}

fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name && node.tag_name().namespace() == Some(SVG)
}

/// Writes `node`, which lies `depth` deep, and what is in it as far as the bound.
fn write(node: Node<'_, '_>, depth: usize, out: &mut String, drawn: &mut bool) {
    let name = node.tag_name().name();
    out.push('<');
    out.push_str(name);
    if node.parent().is_some_and(|parent| parent.node_type() == NodeType::Root) {
        out.push_str(" xmlns=\"http://www.w3.org/2000/svg\"");
    }
    let mut written: Vec<&str> = Vec::new();
    // What a style says wins over the attribute of the same name.
    let styled = node.attribute("style").unwrap_or_default().split(';');
    let styled = styled.filter_map(|rule| rule.split_once(':'));
    let plain = node.attributes().filter(|it| it.namespace().is_none());
    let plain = plain.map(|it| (it.name(), it.value()));
    for (name, value) in styled.map(|(name, value)| (name.trim(), value.trim())).chain(plain) {
        let known = ATTRIBUTES.iter().find(|known| **known == name);
        let Some(name) = known.filter(|name| !written.contains(name) && is_plain(value)) else {
            continue;
        };
        written.push(name);
        let _ = write!(out, " {name}=\"");
        escape(value, out);
        out.push('"');
    }
    out.push('>');
    let holds_text = matches!(name, "text" | "tspan" | "title" | "desc");
    if depth == LOGO_DEPTH_MAX {
        let _ = write!(out, "</{name}>");
        return;
    }
    for child in node.children() {
        if child.is_text() && holds_text {
            escape(child.text().unwrap_or_default(), out);
        } else if child.is_element()
            && ELEMENTS.iter().any(|name| is(child, name))
            && !is(child, "svg")
        {
            let shape = !matches!(child.tag_name().name(), "g" | "defs" | "title" | "desc");
            *drawn |= shape && !child.tag_name().name().ends_with("Gradient");
            write(child, depth + 1, out, drawn);
        }
    }
    let _ = write!(out, "</{name}>");
}

/// Whether a value neither leads anywhere nor does anything: `url(#id)` alone may stand for a
/// gradient of the same drawing.
fn is_plain(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    if let Some(inside) = lower.strip_prefix("url(#").and_then(|rest| rest.strip_suffix(')')) {
        return inside
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    }
    !["url", ":", "\\", "expression", "import", "//", "@"].iter().any(|part| lower.contains(part))
        && !value.contains(|c: char| c.is_control() && !c.is_whitespace())
}

fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LOGO_DEPTH_MAX, clean};

    fn drawing(inside: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
             viewBox=\"0 0 10 10\">{inside}<rect width=\"1\" height=\"1\"/></svg>"
        )
    }

    #[test]
    fn drawings_stay_what_they_are() {
        let inside = "<title>A &amp; B</title><defs><linearGradient id=\"a\"><stop offset=\"0\" \
             stop-color=\"#f00\"/></linearGradient></defs><g fill=\"url(#a)\" transform=\"scale(2)\">\
             <path d=\"M0 0h1v1z\"/><text x=\"1\" font-family=\"sans-serif\">Grüße <tspan>x</tspan></text></g>";
        let out = clean(&drawing(inside)).unwrap();
        for part in [
            "<title>A &amp; B</title>",
            "<linearGradient id=\"a\"><stop offset=\"0\" stop-color=\"#f00\"></stop>",
            "<g fill=\"url(#a)\" transform=\"scale(2)\"><path d=\"M0 0h1v1z\"></path>",
            "Grüße <tspan>x</tspan>",
        ] {
            assert!(out.contains(part), "{part}: {out}");
        }
        assert_eq!(clean(&out).unwrap(), out, "clean stays clean");
        let styled = clean(&drawing(
            "<path fill=\"red\" style=\"fill: #00f; behavior: url(x); -x:y\" d=\"M0 0\"/>",
        ));
        assert!(styled.unwrap().contains("<path fill=\"#00f\" d=\"M0 0\">"));
    }

    #[test]
    fn nothing_that_acts_or_leads_elsewhere_stays() {
        for inside in [
            "<script>alert(1)</script>",
            "<script href=\"http://evil.example/x.js\"/>",
            "<style>@import url(http://evil.example)</style>",
            "<foreignObject><body xmlns=\"http://www.w3.org/1999/xhtml\" onload=\"alert(1)\">alert</body></foreignObject>",
            "<image href=\"http://evil.example/a.png\"/>",
            "<image xlink:href=\"data:image/svg+xml,alert\"/>",
            "<use href=\"http://evil.example/a.svg#x\"/>",
            "<a href=\"javascript:alert(1)\"><text>alert</text></a>",
            "<path d=\"M0 0\" onclick=\"alert(1)\"/>",
            "<rect width=\"1\" height=\"1\" fill=\"url(http://evil.example/x)\"/>",
            "<rect width=\"1\" height=\"1\" fill=\"url(javascript:alert(1))\"/>",
            "<rect width=\"1\" height=\"1\" style=\"fill:url('http://evil.example/x')\"/>",
            "<rect width=\"1\" height=\"1\" style=\"fill:u\\72l(http://evil.example)\"/>",
            "<animate attributeName=\"href\" values=\"javascript:alert(1)\"/>",
            "<set attributeName=\"onload\" to=\"alert(1)\"/>",
            "<handler xmlns=\"http://www.w3.org/2001/xml-events\">alert(1)</handler>",
            "<filter id=\"f\"><feImage href=\"http://evil.example\"/></filter>",
            "<svg onload=\"alert(1)\"><script>alert(1)</script></svg>",
            "<x:script xmlns:x=\"http://www.w3.org/2000/svg\">alert(1)</x:script>",
            "<path d=\"M0 0\" xlink:href=\"http://evil.example\" xml:base=\"http://evil.example\"/>",
            "<!-- alert --><?xml-stylesheet href=\"http://evil.example\"?>",
            "<![CDATA[<script>alert(1)</script>]]>",
        ] {
            let out = clean(&drawing(inside)).unwrap();
            let lower = out.to_lowercase();
            for bad in [
                "alert", "evil", "script", "href", "onload", "onclick", "style", "foreign", "url(",
                "import", "data:",
            ] {
                assert!(!lower.contains(bad), "{inside}: {bad}: {out}");
            }
            assert!(out.contains("<rect width=\"1\" height=\"1\">"), "{out}");
        }
    }

    #[test]
    fn texts_of_hostile_drawings_are_escaped() {
        let out = clean(&drawing("<text><![CDATA[<script>alert(1)</script>\"&]]></text>")).unwrap();
        assert!(out.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;"), "{out}");
        let out = clean(&drawing("<path d=\"&quot;&gt;&lt;script&gt;\"/>")).unwrap();
        assert!(out.contains("d=\"&quot;&gt;&lt;script&gt;\""), "{out}");
    }

    #[test]
    fn bombs_and_other_documents_are_refused() {
        let lol = "<!DOCTYPE svg [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;\">]>";
        for (text, why) in [
            (format!("{lol}{}", drawing("<text>&c;</text>")), "document type"),
            ("<!DOCTYPE svg SYSTEM \"file:///etc/passwd\"><svg/>".to_owned(), "document type"),
            (drawing(&"<g/>".repeat(20_000)), "too many parts"),
            ("<svg>".to_owned(), "cannot be read"),
            ("<html><svg/></html>".to_owned(), "not an SVG"),
            ("<svg viewBox=\"0 0 1 1\"/>".to_owned(), "not an SVG"),
            ("<svg xmlns=\"http://www.w3.org/2000/svg\"><path/></svg>".to_owned(), "no size"),
            (
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"><g/></svg>"
                    .to_owned(),
                "no plain shapes",
            ),
        ] {
            let error = clean(&text).unwrap_err();
            assert!(error.contains(why), "{why}: {error}");
        }
        // Deep nesting ends in an answer, not in a crash, on the stack that requests have.
        let deep = drawing(&format!("{}{}", "<g>".repeat(9900), "</g>".repeat(9900)));
        let thread = std::thread::Builder::new()
            .stack_size(crate::base::limits::CONNECTION_STACK_BYTES)
            .spawn(move || clean(&deep).map(|out| out.matches("<g>").count()));
        assert_eq!(thread.unwrap().join().unwrap(), Ok(LOGO_DEPTH_MAX));
    }
}
