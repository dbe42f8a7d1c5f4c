//! Names of regions on plates: states and provinces (ISO 3166-2) of the US, Canada, Mexico and
//! Australia, and countries. Knows the codes agents send, not where they are stored.

/// `code TAB name` lines, sorted by code; subdivisions as `us-ma`, countries as `fr`.
const TABLE: &str = include_str!("../../assets/data/regions.tsv");

/// Name of `region` as sent (`us-ma`, `ma`, `fr`), read by the `country` model (`us`, `eu`, `""`).
/// Unknown codes come back in upper case, so nothing that was sent is hidden.
pub fn name(region: &str, country: &str) -> String {
    let (region, country) = (region.to_ascii_lowercase(), country.to_ascii_lowercase());
    if region.is_empty() {
        return String::new();
    }
    // Old agents send bare US state codes, which are also codes of countries.
    let scoped = match country.as_str() {
        "" => format!("us-{region}"),
        country => format!("{country}-{region}"),
    };
    lookup(&region)
        .filter(|_| region.contains('-'))
        .or_else(|| lookup(&scoped))
        .or_else(|| lookup(&region))
        .or_else(|| region.rsplit_once('-').and_then(|(_, last)| lookup(last)))
        .map_or_else(|| region.to_uppercase(), str::to_owned)
}

/// Name with its country: `California, United States`; only the name when that is a country.
pub fn full_name(region: &str, country: &str) -> String {
    let name = name(region, country);
    let prefix = region.split_once('-').map_or(country, |(prefix, _)| prefix).to_ascii_lowercase();
    let prefix = if prefix.is_empty() && region.len() == 2 { "us".to_owned() } else { prefix };
    match lookup(&prefix) {
        Some(country) if country != "Europe" && country != name && !name.is_empty() => {
            format!("{name}, {country}")
        }
        _ => name,
    }
}

/// What stands on the badge: the last part in upper case, `CA` for `us-ca`, at most four letters.
pub fn short(region: &str) -> String {
    let last = region.rsplit('-').next().unwrap_or_default();
    last.chars().filter(|c| c.is_alphanumeric()).take(4).flat_map(char::to_uppercase).collect()
}

/// Every region as (code, name), sorted by code.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.lines().filter_map(|line| line.split_once('\t'))
}

fn lookup(code: &str) -> Option<&'static str> {
    all().find(|(known, _)| *known == code).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{all, full_name, name, short};

    #[test]
    fn names() {
        for (region, country, expected) in [
            ("us-ma", "us", "Massachusetts"),
            ("us-ma", "", "Massachusetts"),
            ("ma", "us", "Massachusetts"),
            ("ca", "", "California"),
            ("ca-on", "us", "Ontario"),
            ("fr", "eu", "France"),
            ("eu-fr", "eu", "France"),
            ("mx-jal", "mx", "Jalisco"),
            ("NSW", "au", "New South Wales"),
            ("zz-qq", "zz", "ZZ-QQ"),
            ("", "us", ""),
            ("<b>", "us", "<B>"),
        ] {
            assert_eq!(name(region, country), expected, "{region} {country}");
        }
    }

    #[test]
    fn names_with_country() {
        for (region, country, expected) in [
            ("us-ca", "us", "California, United States"),
            ("ca-qc", "us", "Quebec, Canada"),
            ("fr", "eu", "France"),
            ("eu", "eu", "Europe"),
            ("", "us", ""),
        ] {
            assert_eq!(full_name(region, country), expected, "{region} {country}");
        }
    }

    #[test]
    fn badges() {
        for (region, expected) in
            [("us-ca", "CA"), ("fr", "FR"), ("mx-jal", "JAL"), ("", ""), ("a-<script>", "SCRI")]
        {
            assert_eq!(short(region), expected, "{region}");
        }
    }

    #[test]
    fn table_is_sorted_and_whole() {
        let codes: Vec<_> = all().map(|(code, _)| code).collect();
        assert!(codes.is_sorted(), "sorted by code");
        assert_eq!(codes.len(), super::TABLE.lines().count(), "every line has two columns");
        assert!(codes.len() > 200);
    }
}
