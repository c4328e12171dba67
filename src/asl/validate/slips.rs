//! What was probably meant by an expression that is refused, or that cannot mean what its author thinks.
//!
//! Knows texts alone: other languages' operators and words, JSONPath and its functions, and what JSONata has in their
//! place. Invariant: says nothing where it cannot tell.

use crate::asl::suggest;
use crate::jsonata::function::signature::{AWS, BUILTINS};

use std::ops::Range;

/// The members of `$states` (facts 5.3).
pub(super) const STATES_FIELDS: [&str; 4] = ["input", "result", "errorOutput", "context"];

/// What the context object has (facts 5.2).
const CONTEXT_FIELDS: [&str; 5] = ["Execution", "State", "StateMachine", "Map", "Task"];

/// The longest path that a help repeats, in characters.
const PATH_CHARS_MAX: usize = 60;

/// Operators of other languages, the longer first, and what is written for them.
const OPERATORS: [(&str, &str); 14] = [
    ("===", "`=` compares: write `a = b`"),
    ("!==", "write `a != b`"),
    ("==", "`=` compares: write `a = b`"),
    (
        "=>",
        "a function is written `function($x) { $x + 1 }`; \"greater or equal\" is `>=`",
    ),
    ("<>", "write `a != b`"),
    ("&&", "write `a and b`; `&` joins texts"),
    ("||", "write `a or b`; `&` joins texts"),
    (
        "??",
        "this version of JSONata has no `??`: write `$exists(a) ? a : b`",
    ),
    (
        "?:",
        "this version of JSONata has no `?:`: write `$boolean(a) ? a : b`",
    ),
    (
        "?.",
        "write `a.b`: a path to a missing value yields nothing, not an error",
    ),
    ("[?", "a filter is written `[price > 10]`, without `?` and `@`"),
    ("[:", "a part of an array is `a[[0..2]]`"),
    (
        "..",
        "JSONata looks at every depth with `**`: `$states.input.**.name`",
    ),
    ("!", "write `$not(a)`; \"not equal\" is `!=`"),
];

/// Words of other languages that JSONata takes for names.
const WORDS: [(&str, &str); 11] = [
    ("True", "write `true`"),
    ("TRUE", "write `true`"),
    ("False", "write `false`"),
    ("FALSE", "write `false`"),
    ("None", "write `null`"),
    ("nil", "write `null`"),
    ("undefined", "test with `$exists(…)` whether something is there"),
    ("if", "write `condition ? then : else`"),
    ("let", LOCAL),
    ("const", LOCAL),
    ("var", LOCAL),
];

/// How a name is bound within an expression.
const LOCAL: &str = "a local variable is bound in a block: `($x := 1; $x + 1)`";

/// JSONPath's intrinsic functions, and what JSONata has in their place.
const INTRINSICS: [(&str, &str); 18] = [
    ("Array", "[a, b]"),
    ("ArrayPartition", "$partition(array, size)"),
    ("ArrayContains", "value in array"),
    ("ArrayRange", "$range(first, last, step)"),
    ("ArrayGetItem", "array[index]"),
    ("ArrayLength", "$count(array)"),
    ("ArrayUnique", "$distinct(array)"),
    ("Base64Encode", "$base64encode(text)"),
    ("Base64Decode", "$base64decode(text)"),
    ("Hash", "$hash(text, 'SHA-256')"),
    ("JsonMerge", "$merge([a, b])"),
    ("StringToJson", "$parse(text)"),
    ("JsonToString", "$string(value)"),
    ("MathAdd", "a + b"),
    ("MathRandom", "$random()"),
    ("StringSplit", "$split(text, ',')"),
    ("Format", "'text ' & value"),
    ("UUID", "$uuid()"),
];

/// Returns the names of the functions that AWS has, without `$`.
pub(super) fn functions<'a>() -> impl Iterator<Item = &'a str> {
    BUILTINS.iter().chain(AWS).map(|builtin| builtin.name)
}

/// Returns what was meant where an expression is no expression; `at` is the token that the error names.
pub(super) fn of_syntax(text: &str, at: &Range<usize>) -> Option<String> {
    if text.trim().is_empty() {
        return Some("put an expression between `{%` and `%}`".to_owned());
    }
    if text.contains("{%") || text.contains("%}") {
        return Some(whole_text().to_owned());
    }
    if let Some(help) = comma_too_many(text, at).or_else(|| mark(text, at).map(str::to_owned)) {
        return Some(help);
    }
    let end = at.end.min(text.len());
    let spans = |operator: &str| {
        let starts = (1..=operator.len()).filter_map(|length| text.get(end.checked_sub(length)?..));
        starts.into_iter().any(|rest| rest.starts_with(operator))
    };
    let found = OPERATORS.iter().find(|(operator, _)| spans(operator));
    let word = || {
        let first = text.split_whitespace().next()?;
        let (_, help) = WORDS.iter().find(|(word, _)| *word == first)?;
        Some((*help).to_owned())
    };
    let help = found.map(|(_, help)| (*help).to_owned()).or_else(word);
    help.or_else(|| missing_operator(text, at))
}

/// Returns what to do about two values with nothing between them.
fn missing_operator(text: &str, at: &Range<usize>) -> Option<String> {
    let (before, token) = (text.get(..at.start)?.trim_end(), text.get(at.clone())?.trim());
    let begins = |character: char| character.is_alphanumeric() || "_$\"'`".contains(character);
    let ends = |character: char| character.is_alphanumeric() || "_\"'`)]}".contains(character);
    if !before.ends_with(ends) || !token.starts_with(begins) {
        return None;
    }
    if let Some(operator) = ["and", "or", "in"]
        .into_iter()
        .find(|name| token.eq_ignore_ascii_case(name))
    {
        return Some(format!("operators are small letters: write `{operator}`"));
    }
    let shown: String = token.chars().take(PATH_CHARS_MAX).collect();
    Some(format!(
        "there is no operator before `{shown}`: `&` joins texts; `and`, `or` and `in` are words; a name with a blank stands in backquotes"
    ))
}

/// Returns what to do about a mark that means something else elsewhere.
fn mark(text: &str, at: &Range<usize>) -> Option<&'static str> {
    let (before, token) = (text.get(..at.start)?, text.get(at.start..)?);
    if token.starts_with(';') {
        return Some("several expressions stand in a block, and the last is its value: `( …; … )`");
    }
    if before.ends_with('/') && token.starts_with(char::is_alphabetic) {
        return Some("behind a regular expression may stand `i` and `m`, nothing else");
    }
    let is_comment = token.starts_with("//") || before.ends_with('/') && token.starts_with('/');
    is_comment.then_some("a comment is written `/* … */`")
}

/// Says whether a text speaks of a member of `$states` between the braces of another template language.
pub(super) fn reads_states(text: &str) -> bool {
    let has_braces = ["{{", "${"].iter().any(|open| text.contains(open)) && text.contains('}');
    has_braces
        && text.match_indices("$states.").any(|(at, found)| {
            let field = &text[at + found.len()..];
            STATES_FIELDS.iter().any(|known| field.starts_with(known))
        })
}

/// Returns what to do about a comma behind the last of several.
fn comma_too_many(text: &str, at: &Range<usize>) -> Option<String> {
    let before = text.get(..at.start)?.trim_end();
    let closes = text.get(at.start..)?.chars().next()?;
    let is_found = matches!(closes, '}' | ']' | ')') && before.ends_with(',');
    is_found.then(|| format!("remove the comma before `{closes}`"))
}

/// Returns what to do about an expression within a longer text.
pub(super) fn whole_text() -> &'static str {
    "an expression is the whole text, and joins its parts itself: `{% 'Hello ' & $states.input.name %}`"
}

/// Where a name that reads the document stands, and what else is known.
pub(super) struct Name<'a> {
    pub(super) name: &'a str,
    /// The expression before the name.
    pub(super) before: &'a str,
    /// The expression behind the name.
    pub(super) rest: &'a str,
    /// A variable of this name is assigned by a state, or bound by the expression.
    pub(super) is_variable: bool,
    /// The result of the state's work can be read.
    pub(super) has_result: bool,
}

/// Returns what was meant by a name that reads the document, which AWS has not (facts 5.3).
pub(super) fn of_top_level(name: &Name<'_>) -> String {
    let path = || path(name.rest);
    match name.name {
        "$" => {
            return format!(
                "write `$states.input{}`: an expression has no document of its own",
                path()
            );
        }
        "$$" => {
            let path = path();
            let member = path.trim_start_matches('.');
            let context = CONTEXT_FIELDS
                .iter()
                .any(|field| member.split(['.', '[']).next() == Some(field));
            let root = if context { "context" } else { "input" };
            return format!("write `$states.{root}{path}`");
        }
        "States" => {
            let call = name.rest.trim_start().strip_prefix('.').map(str::trim_start);
            if let Some(help) = call.and_then(intrinsic) {
                return help;
            }
        }
        _ => {}
    }
    let own = name.name;
    let is_path = name.rest.trim_start().starts_with(['.', '[']);
    if own == "states" && is_path {
        return format!("write `$states{}`: a variable begins with `$`", path());
    }
    if STATES_FIELDS.contains(&own) && is_path && !name.is_variable {
        let path = path();
        return format!(
            "write `$states.{own}{path}`, or `$states.input.{own}{path}` for a field of the input"
        );
    }
    if let Some((_, help)) = WORDS.iter().find(|(word, _)| *word == own) {
        return (*help).to_owned();
    }
    if let Some(help) = of_spelling(name) {
        return help;
    }
    if name.rest.trim_start().starts_with('(')
        && let Some(function) = suggest::closest(own, functions())
    {
        return format!("a function's name begins with `$`: `${function}(…)`");
    }
    if name.is_variable {
        return format!("write `${own}` for the variable, `$states.input.{own}` for a field of the input");
    }
    let result = match name.has_result {
        true => format!(", `$states.result.{own}` for one of the result"),
        false => String::new(),
    };
    format!("write `$states.input.{own}` for a field of the input{result}, `'{own}'` for a text")
}

/// Returns what was meant by a name that should have quotes of some kind.
fn of_spelling(name: &Name<'_>) -> Option<String> {
    let own = name.name;
    if own.starts_with(['\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}']) {
        return Some("a text stands in straight quotes, `'…'` or `\"…\"`".to_owned());
    }
    let before = name.before.trim_end();
    if before.ends_with(['{', ','])
        && name.rest.trim_start().starts_with(':')
        && !name.rest.trim_start().starts_with(":=")
    {
        return Some(format!("the key of an object is a text: `'{own}': …`"));
    }
    // A path with a name like `delivery-date` is a difference.
    let (path, end) = (name.before.strip_suffix('-')?, |c: char| {
        !c.is_alphanumeric() && c != '_' && c != '-'
    });
    let start = path.rfind(end).map_or(0, |at| at + 1);
    let first = &path[start..];
    let is_step = path[..start].ends_with('.') && !first.is_empty();
    is_step.then(|| format!("a name with `-` stands in backquotes: `` `{first}-{own}` ``; a field of the input is `$states.input.{own}`"))
}

/// Returns what JSONata has in the place of an intrinsic function.
fn intrinsic(call: &str) -> Option<String> {
    let name = call.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let (name, instead) = INTRINSICS.iter().find(|(known, _)| *known == name)?;
    Some(format!(
        "`States.{name}` is a function of JSONPath; in JSONata write `{instead}`"
    ))
}

/// Returns what was meant by a text that is an intrinsic call, in JSONata.
pub(super) fn of_call(text: &str) -> Option<String> {
    intrinsic(text.strip_prefix("States.")?)
}

/// Returns the expression for a JSONPath.
pub(super) fn of_path(text: &str) -> String {
    match text.strip_prefix("$$") {
        Some(rest) => format!("in JSONata it is `{{% $states.context{} %}}`", path(rest)),
        None => format!("in JSONata it is `{{% $states.input{} %}}`", path(&text[1..])),
    }
}

/// Returns the simple path that a text begins with.
fn path(text: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || "_.[]'\"`".contains(c);
    let path: String = text.chars().take_while(|c| is_part(*c)).collect();
    if path.chars().count() > PATH_CHARS_MAX || !path.starts_with(['.', '[']) {
        return String::new();
    }
    path.trim_end_matches('.').to_owned()
}

/// Returns what was meant by a field that `$states` has not.
pub(super) fn of_states_field(name: &str) -> String {
    let error = matches!(name, "error" | "Error" | "cause" | "Cause").then_some("errorOutput");
    match error.or_else(|| suggest::closest(name, STATES_FIELDS)) {
        Some(field) => format!("did you mean `$states.{field}`?"),
        None => format!("write `$states.input.{name}` for a field of the input"),
    }
}

/// Returns what a field of the other query language is called in this one, and what it becomes.
pub(super) fn of_field(name: &str, to_jsonata: bool) -> Option<String> {
    if !to_jsonata {
        let instead = match name {
            "Arguments" => "`Parameters`",
            "Output" => "`Parameters`, `ResultSelector`, `ResultPath` and `OutputPath`",
            "Items" => "`ItemsPath`",
            "Condition" => "`Variable` and an operator",
            _ => return None,
        };
        return Some(format!(
            "add \"QueryLanguage\": \"JSONata\" to the state or the machine; in JSONPath it is {instead}"
        ));
    }
    if let Some(plain) = name
        .strip_suffix("Path")
        .filter(|_| !matches!(name, "InputPath" | "OutputPath" | "ResultPath" | "ItemsPath"))
    {
        return Some(format!(
            "write the expression in `{plain}`: \"{{% $states.input.… %}}\""
        ));
    }
    Some(
        match name {
            "Parameters" => {
                "in JSONata a Task or Parallel gets `Arguments`, a Map builds each item with `ItemSelector`, and a \
                 Pass gives `Output`"
            }
            "InputPath" => "in JSONata every expression reads `$states.input` itself",
            "OutputPath" | "ResultSelector" => "in JSONata write it in `Output`: \"{% $states.result.… %}\"",
            "ResultPath" => {
                "in JSONata write it in `Output`: \"{% $merge([$states.input, {'name': $states.result}]) %}\""
            }
            "Result" => "in JSONata write it in `Output`",
            "ItemsPath" => "in JSONata write it in `Items`: \"{% $states.input.… %}\"",
            "Variable" | "And" | "Or" | "Not" => {
                "in JSONata a rule has a `Condition`: \"{% $states.input.… = 1 %}\""
            }
            _ => return None,
        }
        .to_owned(),
    )
}
