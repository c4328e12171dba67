//! Names of functions: an ARN, a partial ARN or a name, each perhaps with a version or alias.
//!
//! Owns their grammar (facts 8.1, 8.2). Must not know who serves a function. Invariant: a parsed name and
//! its full ARN name the same function.

/// Most characters of a function's name.
const NAME_MAX: usize = 64;
/// Most characters of a version or alias.
const QUALIFIER_MAX: usize = 128;
/// The version that is not published.
const LATEST: &str = "$LATEST";

/// A function as a task names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its ARN without a qualifier; what the name left out is the service's own region and account.
    pub arn: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its version or alias, if one was given.
    pub qualifier: Option<Box<str>>,
}

/// Where the service is at home: what names leave out that do not say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The region, such as `us-east-1`.
    pub region: String,
    /// The account's 12 digits.
    pub account: String,
}

/// The parts of a name as they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts<'a> {
    partition: Option<&'a str>,
    region: Option<&'a str>,
    account: Option<&'a str>,
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl Function {
    /// Reads a name; `qualifier` is the parameter of that name, which counts if the name itself has none.
    pub fn parse(text: &str, qualifier: Option<&str>, home: &Home) -> Option<Function> {
        let parts = Parts::parse(text).filter(Parts::is_valid)?;
        let qualifier = parts.qualifier.or(qualifier);
        if !qualifier.is_none_or(is_qualifier) {
            return None;
        }
        let partition = parts.partition.unwrap_or("aws");
        let region = parts.region.unwrap_or(&home.region);
        let account = parts.account.unwrap_or(&home.account);
        let name = parts.name;
        Some(Function {
            arn: format!("arn:{partition}:lambda:{region}:{account}:function:{name}").into(),
            name: name.into(),
            qualifier: qualifier.map(Into::into),
        })
    }

    /// Returns the ARN with the qualifier, if there is one.
    pub fn qualified_arn(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", self.arn),
            None => self.arn.to_string(),
        }
    }

    /// Returns the version that is run: the qualifier if it is a number, else `$LATEST`.
    pub fn version(&self) -> &str {
        match &self.qualifier {
            Some(qualifier) if qualifier.bytes().all(|byte| byte.is_ascii_digit()) => qualifier,
            _ => LATEST,
        }
    }
}

/// Whether a text is letters, digits, `-` and `_` only, at least one and at most so many.
fn is_word(text: &str, length_max: usize) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=length_max).contains(&text.len()) && text.bytes().all(is_plain)
}

fn is_qualifier(text: &str) -> bool {
    text == LATEST || is_word(text, QUALIFIER_MAX)
}

impl<'a> Parts<'a> {
    /// Whether all parts follow AWS's grammar. Patterns of a configuration need not: they have `*`. A name may
    /// come from an event and becomes a part of a URL, where `..` would lead elsewhere.
    fn is_valid(&self) -> bool {
        let is_label = |text: &str| is_word(text, NAME_MAX);
        self.partition.is_none_or(is_label)
            && self.region.is_none_or(is_label)
            && self.account.is_none_or(is_label)
            && is_label(self.name)
    }

    /// Splits a name; `None` when it is none of the three forms.
    fn parse(text: &'a str) -> Option<Parts<'a>> {
        let mut parts = Parts {
            partition: None,
            region: None,
            account: None,
            name: text,
            qualifier: None,
        };
        let rest = if let Some(rest) = text.strip_prefix("arn:") {
            let mut fields = rest.splitn(6, ':');
            parts.partition = fields.next();
            if fields.next()? != "lambda" {
                return None;
            }
            parts.region = fields.next();
            parts.account = fields.next();
            if fields.next()? != "function" {
                return None;
            }
            fields.next()?
        } else if let Some((account, rest)) = text.split_once(":function:") {
            parts.account = Some(account);
            rest
        } else {
            text
        };
        (parts.name, parts.qualifier) = match rest.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (rest, None),
        };
        let is_word = |word: &str| !word.is_empty() && !word.contains(':');
        (is_word(parts.name) && parts.qualifier.is_none_or(is_word)).then_some(parts)
    }
}

/// Returns a pattern as one of ARNs: what a function's name leaves out is anything. Also returns how many
/// characters to add when patterns are compared: a name is not to be shorter than `arn:aws:lambda:…:*`.
pub(in crate::task) fn full_pattern(pattern: &str) -> (String, usize) {
    if pattern.starts_with("arn:") || pattern.starts_with("*:") {
        return (pattern.to_owned(), 0);
    }
    let Some(parts) = Parts::parse(pattern) else {
        return (pattern.to_owned(), 0);
    };
    let account = parts.account.unwrap_or("*");
    let mut full = format!("arn:*:lambda:*:{account}:function:{}", parts.name);
    if let Some(qualifier) = parts.qualifier {
        full.push(':');
        full.push_str(qualifier);
    }
    (full, "aws".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, qualifier: Option<&str>, expected: Option<(&str, &str)>) {
        let home = Home {
            region: "eu-west-1".into(),
            account: "999999999999".into(),
        };
        let found = Function::parse(text, qualifier, &home);
        let found = found.map(|function| (function.qualified_arn(), function.version().to_owned()));
        let found = found
            .as_ref()
            .map(|(arn, version)| (arn.as_str(), version.as_str()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn forms() {
        let home = "arn:aws:lambda:eu-west-1:999999999999:function:f";
        check("f", None, Some((home, "$LATEST")));
        check("f:$LATEST", None, Some((&format!("{home}:$LATEST"), "$LATEST")));
        let longest = "f".repeat(NAME_MAX);
        let arn = format!("arn:aws:lambda:eu-west-1:999999999999:function:{longest}");
        check(&longest, None, Some((&arn, "$LATEST")));
        check("f:7", None, Some((&format!("{home}:7"), "7")));
        check("f", Some("live"), Some((&format!("{home}:live"), "$LATEST")));
        check(
            "111111111111:function:f:live",
            Some("other"),
            Some(("arn:aws:lambda:eu-west-1:111111111111:function:f:live", "$LATEST")),
        );
        check(
            "arn:aws-cn:lambda:cn-north-1:111111111111:function:f",
            None,
            Some(("arn:aws-cn:lambda:cn-north-1:111111111111:function:f", "$LATEST")),
        );
    }

    #[test]
    fn no_names() {
        for text in [
            "",
            ":",
            "f:",
            "f:1:2",
            "arn:aws:sqs:r:a:f",
            "arn:aws:lambda:r:a:f",
            "1:function:",
            ".",
            "..",
            "a/../b",
            "a.b",
            "f?x",
            "f g",
            "f\n",
            "ü",
            "*",
            "f:..",
            "f:$OTHER",
            "1/..:function:f",
            "arn:aws:lambda:..:1:function:f",
            "arn:aws:lambda:r:1:function:..",
            &"f".repeat(NAME_MAX + 1),
        ] {
            check(text, None, None);
        }
        check("f", Some("../x"), None);
        check("f", Some(""), None);
    }
}
