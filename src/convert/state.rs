//! One state: its fields of JSONPath become `Arguments`, `Items`, `Output` and their like.
//!
//! Owns which field becomes which, and where it stands: a new field takes the place of the first that it replaces.
//! The data is followed in the order of AWS: InputPath, Parameters, the work, ResultSelector, ResultPath, OutputPath.
//! `ResultPath` writes into the state's input as it came, not into what `InputPath` chose of it.

use super::data::Data;
use super::literal;
use super::reason::differs;
use super::scribe::{Scribe, placeholder, with_value};
use super::{choice, flow};
use crate::asl::place::Place;
use crate::asl::syntax::{Member, Node, Value};
use crate::path::Step;

/// What `$` is when a state begins.
const INPUT: &str = "$states.input";
/// What a Task, Parallel or Map has worked out.
const RESULT: &str = "$states.result";
/// What a catcher has caught.
const ERROR: &str = "$states.errorOutput";

/// The fields that JSONata does not have; what they say stands in others.
const REPLACED: [&str; 9] = [
    "QueryLanguage",
    "InputPath",
    "Parameters",
    "Result",
    "ResultSelector",
    "ResultPath",
    "OutputPath",
    "ItemsPath",
    "ItemSelector",
];

/// The fields with which a number, time or text comes from the data: their names lose `Path`.
const PATHS: [&str; 9] = [
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "MaxConcurrencyPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
    "SecondsPath",
    "TimestampPath",
    "ErrorPath",
    "CausePath",
];

/// A new field, and the old one in whose place it stands.
struct Field {
    name: &'static str,
    anchor: &'static str,
    value: Node,
}

/// A state that is being rewritten.
struct State<'a> {
    scribe: &'a mut Scribe,
    node: &'a Node,
    place: &'a Place<'a>,
    /// What `InputPath` leaves of the input.
    data: Data,
    /// What `$` is in `Assign`.
    assigned: Data,
    fields: Vec<Field>,
}

/// Rewrites a state of JSONPath, and the states in it.
pub(super) fn rewrite(scribe: &mut Scribe, node: &Node, place: &Place<'_>) -> Node {
    let mut state = State {
        scribe,
        node,
        place,
        data: Data::named(INPUT),
        assigned: Data::named(RESULT),
        fields: Vec::new(),
    };
    state.data = state.path("InputPath", &Data::named(INPUT));
    state.work();
    let mut out = Vec::new();
    for member in node.as_object().unwrap_or_default() {
        state.replace(member, &mut out);
        out.extend(state.member(member));
    }
    state.say_what_is_unused(&out);
    Node {
        span: node.span.clone(),
        value: Value::Object(out),
    }
}

impl State<'_> {
    /// Follows the data through the state, by its type.
    fn work(&mut self) {
        match self.node.get("Type").and_then(Node::as_text).unwrap_or_default() {
            "Pass" => {
                self.assigned = match self.node.get("Result") {
                    Some(result) => Data::Template(literal::constant(result)),
                    None => self.template("Parameters").unwrap_or_else(|| self.data.clone()),
                };
                self.limit_copies();
                self.finish(self.assigned.clone(), INPUT);
            }
            "Task" | "Parallel" => {
                let given = self.template("Parameters").unwrap_or_else(|| self.data.clone());
                self.add("Arguments", &["Parameters", "InputPath"], &given, INPUT);
                self.select();
            }
            "Map" => {
                let items = self.path("ItemsPath", &self.data.clone());
                self.add("Items", &["ItemsPath", "InputPath"], &items, INPUT);
                for name in ["ItemSelector", "Parameters"] {
                    if let Some(selector) = self.template(name) {
                        self.add("ItemSelector", &[name], &selector, "");
                    }
                }
                self.select();
            }
            // What waits, chooses or succeeds passes its data on.
            _ => {
                self.assigned = self.data.clone();
                self.output(&self.data.clone(), INPUT);
            }
        }
    }

    /// Keeps a state whose variables would repeat a large template: each may take the whole of it.
    fn limit_copies(&mut self) {
        let Data::Template(template) = &self.assigned else {
            return;
        };
        let assign = self.node.get("Assign").map_or(0, |assign| assign.to_json().len());
        let copies_max = assign / COPY_BYTES_MIN;
        if copies_max.saturating_mul(template.to_json().len()) > COPIES_BYTES_MAX {
            let reason = "the variables would repeat the state's result too often".to_owned();
            self.scribe.keep(self.place, &self.node.span, reason);
            self.assigned = Data::named(INPUT);
        }
    }

    /// Follows the result of the work.
    fn select(&mut self) {
        let result = Data::named(RESULT);
        let selected = match self.node.get("ResultSelector") {
            Some(node) => Data::Template(self.scribe.template(
                node,
                &self.place.key("ResultSelector"),
                &result,
            )),
            None => result,
        };
        self.finish(selected, RESULT);
    }

    fn finish(&mut self, result: Data, default: &str) {
        let put = put(self.scribe, self.node, self.place, result);
        self.output(&put, default);
    }

    fn output(&mut self, data: &Data, default: &str) {
        let output = self.path("OutputPath", data);
        let mut anchors = vec!["ResultSelector", "Result", "ResultPath", "OutputPath"];
        if default == INPUT {
            anchors.extend(["Parameters", "InputPath"]);
        }
        self.add("Output", &anchors, &output, default);
    }

    /// Adds a field, unless it says what is so without it.
    fn add(&mut self, name: &'static str, anchors: &[&'static str], data: &Data, default: &str) {
        let anchor = anchors
            .iter()
            .find_map(|anchor| self.node.member(anchor).map(|member| (*anchor, member)));
        let Some((anchor, member)) = anchor.filter(|_| !data.is_named(default)) else {
            return;
        };
        let value = self
            .scribe
            .field(data, &self.place.key(anchor), &member.value.span);
        self.fields.push(Field { name, anchor, value });
    }

    /// Returns what a path field leaves of the data.
    fn path(&mut self, name: &str, root: &Data) -> Data {
        match self.node.get(name) {
            None => root.clone(),
            Some(node) if node.value == Value::Null => Data::Template(Node {
                span: node.span.clone(),
                value: Value::Object(Vec::new()),
            }),
            Some(node) => self.scribe.data(node, &self.place.key(name), root),
        }
    }

    fn template(&mut self, name: &str) -> Option<Data> {
        let node = self.node.get(name)?;
        let template = self.scribe.template(node, &self.place.key(name), &self.data);
        Some(Data::Template(template))
    }

    /// Says which old fields are evaluated no more, as nothing needs what they give.
    fn say_what_is_unused(&mut self, rewritten: &[Member]) {
        let is_discarded = self
            .node
            .get("ResultPath")
            .is_some_and(|path| path.value == Value::Null);
        let is_pass = self.node.get("Type").and_then(Node::as_text) == Some("Pass");
        let is_evaluated = |data: &Data| match data {
            Data::Expression(expression) => rewritten
                .iter()
                .any(|member| member.value.to_json().contains(expression.text())),
            Data::Template(_) | Data::Put { .. } => true,
        };
        let unused = [
            (
                "InputPath",
                !self.data.is_named(INPUT) && !is_evaluated(&self.data),
            ),
            ("ResultSelector", is_discarded),
            ("Parameters", is_discarded && is_pass),
        ];
        for (name, _) in unused.into_iter().filter(|(_, is_unused)| *is_unused) {
            let Some(field) = self.node.get(name) else {
                continue;
            };
            self.scribe
                .remark(&self.place.key(name), &field.span, vec![differs::UNUSED]);
        }
    }

    /// Writes the new fields that stand in a member's place.
    fn replace(&mut self, member: &Member, out: &mut Vec<Member>) {
        let (here, later) = std::mem::take(&mut self.fields)
            .into_iter()
            .partition(|field| field.anchor == member.key);
        self.fields = later;
        let here: Vec<Field> = here;
        out.extend(here.into_iter().map(|field| Member {
            key: field.name.to_owned(),
            key_span: member.key_span.clone(),
            value: field.value,
        }));
    }

    /// Rewrites a member that keeps its place; `None` for one whose place others take.
    fn member(&mut self, member: &Member) -> Option<Member> {
        let key = member.key.as_str();
        if REPLACED.contains(&key) {
            return None;
        }
        let place = self.place.key(key);
        if PATHS.contains(&key) {
            let data = self.scribe.data(&member.value, &place, &self.data);
            let value = self.scribe.field(&data, &place, &member.value.span);
            return Some(Member {
                key: key.trim_end_matches("Path").to_owned(),
                ..with_value(member, value)
            });
        }
        let node = &member.value;
        let value = match key {
            "Assign" => self.scribe.template(node, &place, &self.assigned),
            "Credentials" => self.scribe.template(node, &place, &self.data),
            "Error" | "Cause" | "Timestamp" => literal::constant(node),
            "Retry" => {
                items(node, &place, |node, place| error_names(self.scribe, node, place));
                node.clone()
            }
            "Catch" => self.catch(node, &place),
            "Choices" => self.choices(node, &place),
            "ItemReader" | "ItemBatcher" | "ResultWriter" => self.distributed(node, &place),
            _ => flow::inner(self.scribe, key, node, &place),
        };
        Some(with_value(member, value))
    }

    /// Rewrites a field of a distributed Map, which is an object with paths, a template, and perhaps another such object.
    fn distributed(&mut self, node: &Node, place: &Place<'_>) -> Node {
        let members = node.as_object().unwrap_or_default().iter();
        let members = members.map(|member| {
            let place = place.key(&member.key);
            let value = &member.value;
            let (key, value) = match member.key.as_str() {
                "Parameters" => ("Arguments", self.scribe.template(value, &place, &self.data)),
                "BatchInput" => ("BatchInput", self.scribe.template(value, &place, &self.data)),
                "ReaderConfig" => ("ReaderConfig", self.distributed(value, &place)),
                key => match key.strip_suffix("Path") {
                    Some(name) => {
                        let data = self.scribe.data(value, &place, &self.data);
                        (name, self.scribe.field(&data, &place, &value.span))
                    }
                    None => (key, value.clone()),
                },
            };
            Member {
                key: key.to_owned(),
                ..with_value(member, value)
            }
        });
        Node {
            span: node.span.clone(),
            value: Value::Object(members.collect()),
        }
    }

    fn catch(&mut self, node: &Node, place: &Place<'_>) -> Node {
        with_items(node, place, |catcher, place| {
            error_names(self.scribe, catcher, place);
            let error = Data::named(ERROR);
            let output = put(self.scribe, catcher, place, error.clone());
            let members = catcher.as_object().unwrap_or_default().iter();
            members
                .filter_map(|member| {
                    let place = place.key(&member.key);
                    Some(match member.key.as_str() {
                        "ResultPath" if output.is_named(ERROR) => return None,
                        "ResultPath" => Member {
                            key: "Output".to_owned(),
                            ..with_value(member, self.scribe.field(&output, &place, &member.value.span))
                        },
                        "Assign" => with_value(member, self.scribe.template(&member.value, &place, &error)),
                        _ => member.clone(),
                    })
                })
                .collect()
        })
    }

    fn choices(&mut self, node: &Node, place: &Place<'_>) -> Node {
        with_items(node, place, |rule, place| {
            let condition = choice::condition(self.scribe, rule, place, &self.data);
            let text = literal::field(&condition);
            let mut remarks = Vec::new();
            placeholder(&text, &mut remarks);
            self.scribe.remark(place, &rule.span, remarks);
            let mut text = Some(text);
            let members = rule.as_object().unwrap_or_default().iter();
            members
                .filter_map(|member| match member.key.as_str() {
                    "Next" | "Comment" => Some(member.clone()),
                    "Assign" => {
                        let value = self
                            .scribe
                            .template(&member.value, &place.key("Assign"), &self.data);
                        Some(with_value(member, value))
                    }
                    // What the condition was written with: a variable and an operator, or tests.
                    _ => text.take().map(|text| Member {
                        key: "Condition".to_owned(),
                        key_span: member.key_span.clone(),
                        value: Node {
                            span: member.value.span.clone(),
                            value: Value::Text(text),
                        },
                    }),
                })
                .collect()
        })
    }
}

/// What the variables of a Pass may repeat of its result, in bytes.
const COPIES_BYTES_MAX: usize = 67_108_864;

/// What a variable takes of the text at least: `"a.$":"$"`.
const COPY_BYTES_MIN: usize = 8;

/// The longest `ResultPath` that is rewritten: each name repeats those before it.
const KEYS_MAX: usize = 50;

/// Follows `ResultPath`: of a state, or of a catcher.
fn put(scribe: &mut Scribe, node: &Node, place: &Place<'_>, value: Data) -> Data {
    let Some(path) = node.get("ResultPath") else {
        return value;
    };
    if path.value == Value::Null {
        return Data::named(INPUT);
    }
    let keys = scribe.rewrite(&place.key("ResultPath"), &path.span, |_| {
        let path = crate::path::parse(path.as_text().unwrap_or_default()).map_err(|error| error.message)?;
        let steps = path.steps.iter();
        let keys = steps.map(|step| match step {
            Step::Key(key) => Ok(key.clone()),
            _ => Err("JSONata has no short way to write into an array".to_owned()),
        });
        let keys = keys.collect::<Result<Vec<String>, String>>()?;
        match keys.len() <= KEYS_MAX {
            true => Ok(keys),
            false => Err(format!("the path has more than {KEYS_MAX} names")),
        }
    });
    let keys = keys.unwrap_or_default();
    if keys.is_empty() {
        return value;
    }
    Data::Put {
        base: INPUT.to_owned(),
        keys,
        value: Box::new(value),
    }
}

/// Errors that only JSONPath has.
const ERRORS: [&str; 3] = [
    "States.ParameterPathFailure",
    "States.ResultPathMatchFailure",
    "States.IntrinsicFailure",
];

fn error_names(scribe: &mut Scribe, node: &Node, place: &Place<'_>) {
    let place = place.key("ErrorEquals");
    let names = node
        .get("ErrorEquals")
        .and_then(Node::as_array)
        .unwrap_or_default();
    for (index, name) in names.iter().enumerate() {
        if name.as_text().is_some_and(|name| ERRORS.contains(&name)) {
            scribe.remark(&place.index(index), &name.span, vec![differs::ERROR_NAME]);
        }
    }
}

/// Visits the items of an array with their places.
fn items(node: &Node, place: &Place<'_>, mut visit: impl FnMut(&Node, &Place<'_>)) {
    for (index, item) in node.as_array().unwrap_or_default().iter().enumerate() {
        visit(item, &place.index(index));
    }
}

/// Rewrites the items of an array of objects.
fn with_items(
    node: &Node,
    place: &Place<'_>,
    mut rewrite: impl FnMut(&Node, &Place<'_>) -> Vec<Member>,
) -> Node {
    let mut out = Vec::new();
    items(node, place, |item, place| {
        out.push(Node {
            span: item.span.clone(),
            value: Value::Object(rewrite(item, place)),
        });
    });
    Node {
        span: node.span.clone(),
        value: Value::Array(out),
    }
}
