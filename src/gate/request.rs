//! What a request looks like to its handler: method, path, headers. Values only; how they are read
//! off the wire is `head`'s business.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Request method; names are case-sensitive as in RFC 9110.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Read without the body.
    Head,
    /// Submit.
    Post,
    /// Replace.
    Put,
    /// Change.
    Patch,
    /// Remove.
    Delete,
    /// Ask what is allowed.
    Options,
    /// Any other token; the handler decides (405 usually).
    Other(String),
}

impl Method {
    /// The method called `name`.
    pub fn parse(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Its name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Other(name) => name,
        }
    }

    /// Whether it only reads (RFC 9110 9.2.1), so that it needs no proof against forgery.
    pub fn is_safe(&self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options)
    }
}

/// Header fields in the order they came; names are kept in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Headers from names and values; for tests and for callers that build a [`Head`] by hand.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
        )
    }

    /// The first value of `name`, in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of `name`, in any case.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The first cookie called `name` (case matters), without surrounding quotes.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.all("cookie")
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.split_once('='))
            .find(|(have, _)| have.trim() == name)
            .map(|(_, value)| {
                let value = value.trim();
                value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
            })
    }

    /// All fields as lower-case name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The head of a request and what is known about its connection.
#[derive(Clone, Debug)]
pub struct Head {
    /// What to do.
    pub method: Method,
    /// Percent-decoded path: starts with `/`, UTF-8, no control characters, no dot segments.
    pub path: String,
    /// The path as it was sent.
    pub raw_path: String,
    /// The query as it was sent, without `?`; parse it with [`super::form::Form`].
    pub query: String,
    /// Header fields.
    pub headers: Headers,
    /// The other end of the connection; IPv4-mapped addresses are IPv4.
    pub peer: SocketAddr,
    /// Whose request it is: the peer, or the client behind a trusted proxy.
    pub client: IpAddr,
    /// Whether the connection is encrypted.
    pub secure: bool,
    /// Whether the client speaks HTTP/1.1 (otherwise 1.0).
    pub version_1_1: bool,
}

impl Head {
    /// A plain request without headers from no address; a start for tests.
    pub fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            raw_path: path.to_owned(),
            query: String::new(),
            headers: Headers::default(),
            peer: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
            client: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            secure: false,
            version_1_1: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Headers, Method};

    #[test]
    fn names_match_in_any_case_and_the_first_value_wins() {
        let headers = Headers::from_pairs([("X-A", "1"), ("x-a", "2"), ("B", "")]);
        assert_eq!(headers.get("x-A"), Some("1"));
        assert_eq!(headers.all("X-a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(headers.get("b"), Some(""));
        assert_eq!(headers.get("c"), None);
    }

    #[test]
    fn cookies() {
        let check = |line: &str, name: &str, expected: Option<&str>| {
            assert_eq!(Headers::from_pairs([("cookie", line)]).cookie(name), expected, "{line}");
        };
        check("a=1; b=2", "b", Some("2"));
        check("a=1;b=2", "a", Some("1"));
        check("a=\"x y\"", "a", Some("x y"));
        check("a=b=c", "a", Some("b=c"));
        check("A=1", "a", None);
        check("aa=1", "a", None);
        check("; ;=;a", "a", None);
        check("a=1; a=2", "a", Some("1"));
        check("a=\"", "a", Some("\""));
    }

    #[test]
    fn methods_are_case_sensitive() {
        assert_eq!(Method::parse("GET"), Method::Get);
        assert_eq!(Method::parse("get"), Method::Other("get".into()));
        assert_eq!(Method::parse("PURGE").as_str(), "PURGE");
    }
}
