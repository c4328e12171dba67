//! JSONPath as JSONata.
//!
//! Owns what each step of a path becomes, and what JSONata cannot say. A definite path is the same steps; any other
//! gives an array in JSONPath, so it stands in `[…]`: a sequence of one would be its element, and of none nothing.

use super::data::{Data, inner};
use super::expression::{Expression, Shape, level};
use super::filter;
use super::reason::differs;
use crate::asl::syntax::{Node, Value};
use crate::path::{Function, Path, Root, Step};

/// What is remarked while something is rewritten, and why it may fail.
pub(super) type Remarks = Vec<&'static str>;
/// The rewritten one, or why there is none.
pub(super) type Rewritten<T> = Result<T, String>;

/// Rewrites a path; `root` is what `$` stands for.
pub(super) fn data(path: &Path, root: &Data, remarks: &mut Remarks) -> Rewritten<Data> {
    if path.root != Root::Input {
        return expression(path, root, remarks).map(Data::Expression);
    }
    let mut data = root.clone();
    let mut steps = path.steps.as_slice();
    while let [Step::Key(key), rest @ ..] = steps
        && let Some(member) = data.known_member(key)
    {
        data = member;
        steps = rest;
    }
    if steps.is_empty() {
        return Ok(data);
    }
    if let (Data::Template(node), Some(step)) = (&data, steps.first())
        && let Some(reason) = dead_end(node, step)
    {
        return Err(reason);
    }
    let from = data.expression(remarks);
    follow(&from, steps, path, &data, remarks).map(Data::Expression)
}

/// Says why a step finds nothing in what a template says is there, whatever the input.
fn dead_end(node: &Node, step: &Step) -> Option<String> {
    let what = match (&node.value, step) {
        (Value::Object(_) | Value::Array(_), Step::Key(key)) => format!("the data has no \"{key}\" here"),
        (Value::Object(_) | Value::Array(_), _) => return None,
        (Value::Text(text), _) if inner(text).is_some() => return None,
        _ => "the data is no object or array here".to_owned(),
    };
    Some(format!("{what}, so the path fails whenever it is used"))
}

/// Rewrites a path as one expression.
pub(super) fn expression(path: &Path, root: &Data, remarks: &mut Remarks) -> Rewritten<Expression> {
    let from = match &path.root {
        Root::Input => return data(path, root, remarks).map(|data| data.expression(remarks)),
        Root::Context => Expression::whole("$states.context", Shape::Unknown),
        Root::Variable(name) => Expression::whole(format!("${name}"), Shape::Unknown),
    };
    follow(&from, &path.steps, path, root, remarks)
}

/// The longest path that is rewritten: deeper values are refused at the state's end anyway.
const STEPS_MAX: usize = crate::value::DEPTH_MAX as usize;

/// Adds steps of a path to an expression. `document` is what `$` stands for in filters.
fn follow(
    from: &Expression,
    steps: &[Step],
    path: &Path,
    document: &Data,
    remarks: &mut Remarks,
) -> Rewritten<Expression> {
    if steps.len() > STEPS_MAX {
        return Err(format!("the path has more than {STEPS_MAX} steps"));
    }
    let mut way = Way {
        at: from.clone(),
        is_list: false,
        is_starred: path.text.contains(".*"),
        hits: differs::HITS,
        before: Before::Place,
    };
    for (index, step) in steps.iter().enumerate() {
        let rest = steps.get(index + 1..).unwrap_or_default();
        way.step(step, rest, document, remarks)?;
    }
    Ok(way.end(remarks))
}

/// What the step before was, as far as the next one must know.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// A root, a key or an index: predicates belong to it.
    Place,
    /// All elements of what was reached.
    Elements,
    /// Elements that were chosen.
    Chosen,
    /// `..`, whose next step looks everywhere.
    Descent,
    /// A function: nothing may follow.
    Function,
}

/// A path that is being followed.
struct Way {
    at: Expression,
    /// It may find several.
    is_list: bool,
    /// A wildcard may be written `.*`, so objects are meant.
    is_starred: bool,
    /// What is said of the list.
    hits: &'static str,
    before: Before,
}

impl Way {
    fn step(&mut self, step: &Step, rest: &[Step], document: &Data, remarks: &mut Remarks) -> Rewritten<()> {
        let is_last = rest.is_empty();
        match (step, self.before) {
            (_, Before::Function) => return Err("a path continues after a function".to_owned()),
            (Step::Key(key), _) => self.key(key)?,
            (_, Before::Descent) => return Err("only a name may follow '..' in JSONata".to_owned()),
            (Step::Index(index), Before::Place) => {
                remarks.push(differs::INDEX);
                self.predicate(&index.to_string());
            }
            (Step::Index(_), Before::Elements) => {
                return Err("an index behind a wildcard takes that element of each array; JSONata looks it up in the list".to_owned());
            }
            (Step::Index(_), _) => {
                return Err("an index behind a filter or slice looks into each element, and finds nothing in an object; \
                            in JSONata it would take the list's element: say which is meant"
                    .to_owned());
            }
            (Step::Wildcard, Before::Place) => self.wildcard()?,
            (Step::Wildcard, _) => {
                return Err("two wildcards in a row have no equivalent in \
                JSONata"
                    .to_owned());
            }
            (Step::Slice { start, end, .. }, Before::Place) => {
                self.slice(*start, *end)?;
            }
            (Step::Indices(indices), Before::Place) => self.indices(indices, remarks)?,
            (Step::Filter(condition), Before::Place | Before::Elements) => {
                let condition = filter::condition(condition, document, remarks)?;
                self.choose(condition.text());
            }
            (Step::Descend, Before::Place) => {
                self.at = self.at.then(".**");
                self.is_list = true;
                self.before = Before::Descent;
            }
            (Step::Keys(keys), Before::Place) if is_last && !self.is_list => self.keys(keys),
            (Step::Function(function), Before::Place) if is_last => self.function(*function, remarks)?,
            (
                Step::Slice { .. }
                | Step::Indices(_)
                | Step::Filter(_)
                | Step::Descend
                | Step::Keys(_)
                | Step::Function(_),
                _,
            ) => {
                return Err("these steps, one behind the other, have no equivalent in JSONata".to_owned());
            }
        }
        Ok(())
    }

    fn key(&mut self, key: &str) -> Rewritten<()> {
        if self.is_list && super::expression::step(key).is_none() {
            return Err(format!("a step of JSONata cannot be called {key:?}"));
        }
        self.at = self.at.member(key);
        self.before = Before::Place;
        Ok(())
    }

    /// `.*`: the values of an object, the elements of an array. Of `[*]` only the elements are meant: those a step of
    /// JSONata looks through in any case.
    fn wildcard(&mut self) -> Rewritten<()> {
        if self.is_starred {
            if self.is_list {
                return Err(
                    "'.*' after a step that may find several values has no equivalent in \
                    JSONata"
                        .to_owned(),
                );
            }
            let kind = Expression::call("type", &[&self.at], Shape::Text);
            let array = Expression::string("array");
            let is_array = Expression::binary(&kind, "=", level::COMPARISON, &array, Shape::Other);
            self.at = Expression::conditional(&is_array, &self.at, &self.at.then(".*"));
        } else {
            self.hits = differs::ELEMENTS;
        }
        self.is_list = true;
        self.before = Before::Elements;
        Ok(())
    }

    fn predicate(&mut self, text: &str) {
        self.at = self.at.then(&format!("[{text}]"));
    }

    fn choose(&mut self, text: &str) {
        self.predicate(text);
        self.is_list = true;
        self.before = Before::Chosen;
    }

    /// `[a:b]`: an array of the indices as predicate.
    fn slice(&mut self, start: Option<i64>, end: Option<i64>) -> Rewritten<()> {
        let last = match end {
            // The last one, whose index a negative one says.
            None => "-1".to_owned(),
            Some(end) => (end - 1).to_string(),
        };
        let first = start.unwrap_or(0);
        let is_open = end.is_none();
        let range = match (start, end) {
            (None, None) => {
                self.is_list = true;
                self.hits = differs::ELEMENTS;
                self.before = Before::Elements;
                return Ok(());
            }
            (_, Some(end)) if first >= 0 && end >= 0 => format!("[{first}..{last}]"),
            _ if first < 0 && is_open => format!("[{first}..-1]"),
            _ if first >= 0 && !self.is_list => {
                let behind = match end {
                    Some(end) => format!(" - {}", 1 - end),
                    None => " - 1".to_owned(),
                };
                format!("[{first}..$count({}){behind}]", self.at.text())
            }
            _ => return Err("this slice has no equivalent in JSONata".to_owned()),
        };
        self.choose(&range);
        Ok(())
    }

    fn indices(&mut self, indices: &[i64], remarks: &mut Remarks) -> Rewritten<()> {
        let is_ascending = indices.windows(2).all(|pair| pair[0] < pair[1]);
        if !is_ascending || indices.first().is_some_and(|first| *first < 0) {
            return Err("JSONata takes elements in the array's order, not in that of the indices".to_owned());
        }
        remarks.push(differs::INDEX);
        let list: Vec<String> = indices.iter().map(i64::to_string).collect();
        self.choose(&format!("[{}]", list.join(", ")));
        Ok(())
    }

    /// `['a','b']`: an object of those that are there.
    fn keys(&mut self, keys: &[String]) {
        let members: Vec<(String, Expression)> = keys
            .iter()
            .enumerate()
            .filter(|(index, key)| !keys[..*index].contains(key))
            .map(|(_, key)| (key.clone(), self.at.member(key)))
            .collect();
        self.at = Expression::object(&members);
        self.before = Before::Function;
    }

    fn function(&mut self, function: Function, remarks: &mut Remarks) -> Rewritten<()> {
        let is_scan = self.at.text().contains(".**.");
        if self.is_list && !is_scan {
            return Err("a function behind a wildcard is applied to each hit alone".to_owned());
        }
        let name = match function {
            Function::Length | Function::Size if !is_scan => "count",
            Function::Min => "min",
            Function::Max => "max",
            Function::Sum => "sum",
            Function::Avg => "average",
            Function::First if !is_scan => return self.end_of_list("0", remarks),
            Function::Last if !is_scan => return self.end_of_list("-1", remarks),
            Function::Keys if !is_scan => {
                remarks.push(differs::KEYS);
                let keys = Expression::call("keys", &[&self.at], Shape::Array);
                self.at = Expression::array(&[keys]);
                self.before = Before::Function;
                return Ok(());
            }
            other => return Err(format!("JSONata has no function like '{}()' here", other.name())),
        };
        let is_count = name == "count";
        remarks.push(if is_count {
            differs::COUNT
        } else {
            differs::NUMBERS
        });
        self.at = Expression::call(name, &[&self.at], Shape::Number);
        self.is_list = false;
        self.before = Before::Function;
        Ok(())
    }

    fn end_of_list(&mut self, index: &str, remarks: &mut Remarks) -> Rewritten<()> {
        remarks.push(differs::INDEX);
        self.predicate(index);
        self.before = Before::Function;
        Ok(())
    }

    fn end(self, remarks: &mut Remarks) -> Expression {
        if !self.is_list {
            return self.at;
        }
        remarks.push(self.hits);
        Expression::array(&[self.at])
    }
}
