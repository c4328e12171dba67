//! The variables of the Serverless Framework: `${self:custom.table}`, `${opt:stage, 'dev'}`.
//!
//! Owns their grammar and what they stand for; adds their part to [`Evaluator`]. `${Name}` without a source is
//! none of them and is left as it is. Invariant: variables of variables end after [`DEPTH_MAX`] steps, and a
//! file has at most [`VARIABLES_MAX`] of them.

use super::evaluate::Evaluator;
use super::lookup::Lookup;
use super::mapped::Mapped;
use super::placeholders::{NUMBER, last_word};
use crate::asl::syntax::{Node, Span, Value};

/// How many steps a variable may be away from its value: more is a circle.
const DEPTH_MAX: usize = 10;

/// The most variables that are looked up for one file.
const VARIABLES_MAX: usize = 20_000;

/// The stage when a file names none.
const STAGE: &str = "dev";

/// The sources of variables; an address follows a colon or an opening bracket.
const SOURCES: [&str; 12] = [
    "AWS", "aws", "cf", "env", "file", "opt", "output", "param", "s3", "self", "sls", "ssm",
];

/// What variables refer to, and how many were looked up.
#[derive(Clone)]
pub(super) struct Variables<'a> {
    root: &'a Node,
    lookup: &'a Lookup,
    depth: usize,
    looked_up: usize,
}

/// What a variable stands for.
enum Meaning<'a> {
    Text(String),
    /// A number or a switch, as JSON has it.
    Plain(String),
    Node(&'a Node),
    /// The name of what only a deployment knows.
    Unknown(String),
}

impl<'a> Variables<'a> {
    pub(super) fn new(root: &'a Node, lookup: &'a Lookup) -> Variables<'a> {
        Variables {
            root,
            lookup,
            depth: 0,
            looked_up: 0,
        }
    }
}

impl<'a> Evaluator<'a> {
    /// Returns a text with its variables filled in.
    pub(super) fn filled(&mut self, text: &Mapped, span: &Span) -> Mapped {
        let mut out = Mapped::default();
        let mut done = 0;
        for range in variables_in(text.text()) {
            let place = text.place(&range);
            let place = if place.is_empty() { span.clone() } else { place };
            let Some(meaning) = self.meaning(inside(&text.text()[range.clone()]), &place) else {
                continue;
            };
            out.append_range(text, done..range.start);
            done = range.end;
            let value = self.as_text(meaning, &place);
            out.append(&value);
        }
        out.append_range(text, done..text.len());
        self.made(out, span)
    }

    /// Returns the JSON of the value if a text is one variable that stands for something else than a text.
    pub(super) fn whole_variable(&mut self, text: &str, span: &Span) -> Option<Mapped> {
        self.variables.as_ref()?;
        if !is_one_variable(text) {
            return None;
        }
        let node = match self.meaning(inside(text), span)? {
            Meaning::Plain(json) => return Some(self.made(Mapped::standing_for(&json, span.clone()), span)),
            Meaning::Text(given) if self.wants_number && is_plain(&given) && self.is_given(text) => {
                return Some(self.made(Mapped::standing_for(&given, span.clone()), span));
            }
            Meaning::Unknown(name) if self.wants_number => {
                self.unresolved(&name, span);
                return Some(self.made(Mapped::sample(NUMBER, span.clone()), span));
            }
            Meaning::Node(node) if node.as_text().is_none_or(is_one_variable) => node,
            _ => return None,
        };
        let mut out = Mapped::default();
        if self.go_deeper(span) {
            self.write(node, &mut out);
        } else {
            out.stand_in("null", span.clone());
        }
        self.go_back();
        if self.is_included {
            out = Mapped::standing_for(out.text(), span.clone());
        }
        Some(self.made(out, span))
    }

    fn is_given(&self, text: &str) -> bool {
        let alternatives = alternatives(inside(text));
        alternatives
            .into_iter()
            .any(|one| self.names.given(one).is_some())
    }

    fn as_text(&mut self, meaning: Meaning<'a>, span: &Span) -> Mapped {
        match meaning {
            Meaning::Text(text) | Meaning::Plain(text) => Mapped::standing_for(&text, span.clone()),
            // Its address has dots, and is no name.
            Meaning::Unknown(name) if name.starts_with("file(") => {
                self.unresolved(&name, span);
                Mapped::unknown(last_word(&name), span.clone())
            }
            Meaning::Unknown(name) => self.named(&name, span),
            Meaning::Node(node) => {
                let text = if self.go_deeper(span) {
                    self.text(node)
                } else {
                    Mapped::default()
                };
                self.go_back();
                Mapped::standing_for(text.text(), span.clone())
            }
        }
    }

    /// Says whether a variable of a variable may be followed; reports it when not.
    fn go_deeper(&mut self, span: &Span) -> bool {
        let Some(variables) = &mut self.variables else {
            return false;
        };
        variables.depth += 1;
        let goes_on = variables.depth <= DEPTH_MAX;
        if !goes_on {
            let message =
                format!("This variable is more than {DEPTH_MAX} variables away from its value: a circle?");
            self.fault(span, message, "");
        }
        goes_on
    }

    fn go_back(&mut self) {
        if let Some(variables) = &mut self.variables {
            variables.depth -= 1;
        }
    }

    /// Returns what the inside of a `${…}` stands for; `None` when it is no variable.
    fn meaning(&mut self, inside: &str, span: &Span) -> Option<Meaning<'a>> {
        let variables = self.variables.as_mut()?;
        variables.looked_up += 1;
        if variables.looked_up > VARIABLES_MAX {
            if variables.looked_up == VARIABLES_MAX + 1 {
                self.fault(
                    span,
                    format!("The file has more than {VARIABLES_MAX} variables"),
                    "",
                );
            }
            return None;
        }
        if !is_variable(inside) {
            return None;
        }
        let inside = if inside.contains("${") {
            if !self.go_deeper(span) {
                self.go_back();
                return None;
            }
            let filled = self.filled(&Mapped::standing_for(inside, span.clone()), span);
            self.go_back();
            filled.text().to_owned()
        } else {
            inside.to_owned()
        };
        let alternatives = alternatives(&inside);
        let found = alternatives
            .iter()
            .find_map(|one| self.alternative(one, &alternatives));
        let found = found.or_else(|| alternatives.iter().find_map(|one| self.default_option(one)));
        let name = alternatives.first().copied().unwrap_or_default();
        Some(found.unwrap_or_else(|| Meaning::Unknown(name.to_owned())))
    }

    /// Returns what an option is when nobody gives it and no alternative has a value.
    fn default_option(&self, text: &str) -> Option<Meaning<'a>> {
        match text {
            "opt:stage" => Some(Meaning::Text(STAGE.to_owned())),
            "opt:region" => Some(Meaning::Text(self.names.home().region.clone())),
            _ => None,
        }
    }

    /// Returns what one of the alternatives stands for: what is given, or what the file says.
    fn alternative(&self, text: &str, all: &[&str]) -> Option<Meaning<'a>> {
        let Some(given) = self.names.given(text) else {
            return self.of_file(text);
        };
        // What is given is a text; in the place of a number it is one.
        let replaced = all.iter().find_map(|other| self.of_file(other));
        let is_plain_there = match replaced {
            Some(Meaning::Plain(_)) => true,
            Some(Meaning::Node(node)) => matches!(node.value, Value::Number(_) | Value::Bool(_)),
            _ => false,
        };
        Some(match is_plain_there && is_plain(given) {
            true => Meaning::Plain(given.to_owned()),
            false => Meaning::Text(given.to_owned()),
        })
    }

    fn of_file(&self, text: &str) -> Option<Meaning<'a>> {
        let quoted = ['\'', '"']
            .iter()
            .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
        if let Some(literal) = quoted {
            return Some(Meaning::Text(literal.to_owned()));
        }
        let variables = self.variables.as_ref()?;
        let root = variables.root;
        let at = |path: &str| at(variables.lookup, root, path).map(Meaning::Node);
        let home = self.names.home();
        let (source, address) = text.split_once(':').unwrap_or((text, ""));
        match (source, address) {
            ("self", "service") => {
                let service = root.get("service")?;
                Some(Meaning::Node(service.get("name").unwrap_or(service)))
            }
            ("self", "provider.stage") | ("sls", "stage") => {
                let option = self.names.given("opt:stage").filter(|_| source == "sls");
                let option = option.map(|stage| Meaning::Text(stage.to_owned()));
                let stage = option.or_else(|| at("provider.stage"));
                Some(stage.unwrap_or_else(|| Meaning::Text(STAGE.to_owned())))
            }
            ("aws", "region") | ("AWS", ":Region") => Some(Meaning::Text(home.region.clone())),
            ("aws", "accountId") => Some(Meaning::Text(home.account.clone())),
            ("self", _) => at(address),
            ("param", _) => at(&format!("params.default.{address}")),
            ("AWS", _) => Some(Meaning::Unknown(text.to_owned())),
            _ => is_plain(text).then(|| Meaning::Plain(text.to_owned())),
        }
    }
}

/// Returns what stands at a path of keys and indices.
fn at<'a>(lookup: &Lookup, root: &'a Node, path: &str) -> Option<&'a Node> {
    path.split('.').try_fold(root, |node, step| match &node.value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => lookup.get(node, step),
    })
}

/// Says whether a text is a number or a switch, as JSON has it.
fn is_plain(text: &str) -> bool {
    crate::asl::syntax::scalar::is_json_number(text) || ["true", "false"].contains(&text)
}

/// Says whether a text is a variable and nothing else.
fn is_one_variable(text: &str) -> bool {
    matches!(variables_in(text).as_slice(), [range] if *range == (0..text.len()))
}

fn is_variable(inside: &str) -> bool {
    SOURCES.iter().any(|source| {
        inside
            .trim_start()
            .strip_prefix(source)
            .is_some_and(|rest| rest.starts_with(':') || (*source == "file" && rest.starts_with('(')))
    })
}

/// Returns what stands between `${` and `}`.
fn inside(text: &str) -> &str {
    text.get(2..text.len() - 1).unwrap_or_default().trim()
}

/// Returns the outermost `${…}` of a text, in its order.
fn variables_in(text: &str) -> Vec<Span> {
    let (mut found, mut open) = (Vec::new(), Vec::new());
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' if at > 0 && bytes[at - 1] == b'$' => open.push(at - 1),
            b'}' => {
                if let Some(start) = open.pop()
                    && open.is_empty()
                {
                    found.push(start..at + 1);
                }
            }
            b'\n' => open.clear(),
            _ => {}
        }
    }
    found
}

/// Returns what the commas outside of quotes and brackets separate.
fn alternatives(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(' | '{') => depth += 1,
            (None, ')' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_and_taken_apart() {
        let text = "a ${self:custom.${opt:stage}.x} b ${Name} {}";
        let found: Vec<&str> = variables_in(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["${self:custom.${opt:stage}.x}", "${Name}"]);
        assert_eq!(
            alternatives("opt:stage, 'a, b', file(x, y):z, 3"),
            ["opt:stage", "'a, b'", "file(x, y):z", "3"]
        );
        assert!(is_variable("self:a") && is_variable("file(x)") && !is_variable("Name"));
    }
}
