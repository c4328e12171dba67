//! Chains of Pass states that only pass on or write constants, a Succeed behind them, as one step. In JSONata
//! `$merge([$states.input, {…}])` writes constants.
//!
//! A program that keeps no events may take the whole chain at once ([`Instruction::Fused`]); the
//! states' own instructions stay where they are for everyone else, and for inputs so large or so
//! shaped that one of the states might fail. Ten such states cost what one costs (W3, W3b).

use super::state::Labels;
use super::{Compiler, target};
use crate::asl::model::{DataPath, Flow, Pass, State, StateKind, Template, Transition};
use crate::path::{Path, Root, Step};
use crate::program::{Fused, FusedId, Instruction, Write, WriteValue};
use crate::value::{DEPTH_MAX, Key};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Most states of one chain.
const CHAIN_STATES_MAX: usize = 64;

/// The chains of a flow by the name of their first state.
pub(super) type Chains<'a> = HashMap<&'a str, Vec<&'a State>>;

type Fusible<'a> = HashMap<&'a str, (&'a State, Link<'a>)>;

/// What a state does in a chain.
struct Link<'a> {
    /// The constants it writes, and where.
    writes: Vec<Constant<'a>>,
    /// What comes next; `None` ends the flow.
    next: Option<&'a str>,
}

/// A constant that is written: at which keys, and its JSON text.
struct Constant<'a> {
    keys: Vec<Cow<'a, str>>,
    json: Cow<'a, str>,
}

/// Finds the chains of a flow. None ends in the first state of another one: its last state stands for
/// itself. `has_merge` says that `$merge` is the built-in function, and no variable of the flow.
pub(super) fn chains(flow: &Flow, has_merge: bool) -> Chains<'_> {
    let fusible: Fusible<'_> = flow
        .states
        .iter()
        .filter(|state| has_merge || state.output.is_none())
        .filter_map(|state| link(state).map(|link| (state.name.as_str(), (state, link))))
        .collect();
    let followers: HashSet<&str> = fusible.values().filter_map(|(_, link)| link.next).collect();
    let (inner, heads): (Vec<&State>, Vec<&State>) = flow
        .states
        .iter()
        .partition(|state| followers.contains(state.name.as_str()));
    let mut covered: HashSet<&str> = HashSet::new();
    let mut chains = Chains::new();
    // Behind the heads, what is left is in cycles.
    for state in heads.into_iter().chain(inner) {
        let mut first = Some(state.name.as_str());
        // A chain that was cut goes on in the next one.
        while let Some(name) = first.filter(|name| !covered.contains(name)) {
            let chain = chain_from(name, &fusible, &chains);
            covered.extend(chain.iter().map(|state| state.name.as_str()));
            first = chain
                .last()
                .and_then(|last| fusible.get(last.name.as_str()))
                .and_then(|(_, link)| link.next);
            // An evaluation costs more than a state: one that merges is worth a chain of its own.
            let merges = chain.first().is_some_and(|state| state.output.is_some());
            if chain.len() >= 2 || merges {
                chains.insert(name, chain);
            } else if chain.is_empty() {
                break;
            }
        }
    }
    chains
}

/// Follows the states from the first one to where the chain must end: in front of another chain, too.
fn chain_from<'a>(first: &str, fusible: &Fusible<'a>, chains: &Chains<'a>) -> Vec<&'a State> {
    let mut chain: Vec<&State> = Vec::new();
    let mut at = Some(first);
    while let Some((state, link)) = at.and_then(|name| fusible.get(name)) {
        let name = state.name.as_str();
        let ends = chain.len() == CHAIN_STATES_MAX || chain.iter().any(|known| known.name == name);
        if ends || chains.contains_key(name) {
            break;
        }
        chain.push(state);
        at = link.next;
    }
    chain
}

/// Returns what a state does if that is only to pass its input on or to write constants.
fn link(state: &State) -> Option<Link<'_>> {
    let plain = state.input_path == DataPath::Whole
        && state.output_path == DataPath::Whole
        && state.assign.is_empty();
    if !plain {
        return None;
    }
    match &state.kind {
        StateKind::Succeed if state.output.is_none() => Some(Link {
            writes: Vec::new(),
            next: None,
        }),
        StateKind::Pass(pass) if pass.parameters.is_none() => Some(Link {
            writes: match &state.output {
                Some(output) => merged(output)?,
                None => written(pass)?,
            },
            next: match &pass.transition {
                Transition::Next(name) => Some(name.as_str()),
                Transition::End => None,
            },
        }),
        _ => None,
    }
}

/// Returns what a Pass state writes at a path of keys.
fn written(pass: &Pass) -> Option<Vec<Constant<'_>>> {
    match (&pass.result, &pass.result_path) {
        (None, DataPath::Whole) | (_, DataPath::Null) => Some(Vec::new()),
        (Some(json), DataPath::Path(path)) if is_of_keys(path) => Some(vec![Constant {
            keys: keys_of(path),
            json: json.as_str().into(),
        }]),
        _ => None,
    }
}

/// Returns what an `Output` in JSONata adds to the input.
fn merged(output: &Template) -> Option<Vec<Constant<'_>>> {
    let Template::Jsonata(jsonata) = output else {
        return None;
    };
    let members = jsonata.expression.merged_constants()?.into_iter();
    let constants = members.map(|(name, json)| Constant {
        keys: vec![name.into()],
        json: json.into(),
    });
    Some(constants.collect())
}

fn keys_of(path: &Path) -> Vec<Cow<'_, str>> {
    let keys = path.steps.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str().into()),
        _ => None,
    });
    keys.collect()
}

fn is_of_keys(path: &Path) -> bool {
    path.root == Root::Input && path.steps.iter().all(|step| matches!(step, Step::Key(_)))
}

/// What a chain writes: a tree by key, in the order of the first write.
#[derive(Default)]
struct Tree<'a> {
    members: Vec<(&'a str, Node<'a>)>,
}

enum Node<'a> {
    Constant(&'a str),
    Object(Tree<'a>),
}

impl<'a> Tree<'a> {
    /// Adds a write; `None` where it would go through a constant, which is for the states to do.
    fn write(&mut self, keys: &'a [Cow<'a, str>], json: &'a str) -> Option<()> {
        let (key, rest) = keys.split_first()?;
        let key = key.as_ref();
        let at = match self.members.iter().position(|(known, _)| *known == key) {
            Some(at) => at,
            None => {
                self.members.push((key, Node::Object(Tree::default())));
                self.members.len() - 1
            }
        };
        let node = &mut self.members[at].1;
        match (rest.is_empty(), node) {
            // The earlier write inside fails where something else than an object stands; this one would
            // hide that. An empty tree was made just now.
            (true, Node::Object(tree)) if !tree.members.is_empty() => return None,
            (true, node) => *node = Node::Constant(json),
            (false, Node::Object(tree)) => tree.write(rest, json)?,
            (false, Node::Constant(_)) => return None,
        }
        Some(())
    }

    /// Returns how many levels are added at most.
    fn depth(&self) -> u32 {
        let deepest = self.members.iter().map(|(_, node)| match node {
            Node::Constant(json) => nesting(json),
            Node::Object(tree) => tree.depth(),
        });
        1 + deepest.max().unwrap_or(0)
    }
}

/// Returns how deep a dense JSON text is nested.
fn nesting(json: &str) -> u32 {
    let (mut depth, mut deepest) = (0u32, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

impl Compiler {
    /// Emits the chain's step in front of its first state.
    pub(super) fn fuse(&mut self, chain: &[&State], labels: &Labels<'_>) {
        let links: Vec<Link<'_>> = chain.iter().filter_map(|state| link(state)).collect();
        let mut tree = Tree::default();
        let mut bytes = 0;
        for Constant { keys, json } in links.iter().flat_map(|link| &link.writes) {
            // Each key: at most six bytes a character when escaped, quotes, colon, comma, brackets.
            bytes += json.len() + keys.iter().map(|key| key.len() * 6 + 6).sum::<usize>();
            if tree.write(keys, json).is_none() {
                return;
            }
        }
        let depth = if tree.members.is_empty() { 0 } else { tree.depth() };
        if depth > DEPTH_MAX {
            return;
        }
        let Some(last) = chain.last() else { return };
        let next = links
            .last()
            .and_then(|link| link.next)
            .map(|name| target(labels, name));
        let writes = self.writes(&tree);
        // The states are compiled in order: the chain's last one may not have its number yet.
        let id = FusedId(self.program.fused.len() as u32);
        let last_state = match chain {
            // Its own label leads to this step.
            [_] => self.code.label(),
            _ => target(labels, &last.name),
        };
        self.program.fused.push(Fused {
            writes,
            states: chain.len() as u32,
            bytes,
            depth,
            last_state,
            next,
        });
        self.code.emit(Instruction::Fused(id));
        if let [_] = chain {
            self.code.place(last_state);
        }
    }

    fn writes(&mut self, tree: &Tree<'_>) -> Vec<Write> {
        let mut writes = Vec::with_capacity(tree.members.len());
        for (key, node) in &tree.members {
            let value = match node {
                Node::Constant(json) => WriteValue::Constant(self.constant(json)),
                Node::Object(inner) => {
                    let whole = self.whole(inner);
                    WriteValue::Object {
                        whole: self.constant(&whole),
                        members: self.writes(inner),
                    }
                }
            };
            writes.push(Write {
                key: Key::new(key),
                name: self.string(key),
                value,
            });
        }
        writes
    }

    /// Returns the JSON text of what a tree writes where nothing stood before.
    fn whole(&mut self, tree: &Tree<'_>) -> String {
        let mut json = String::from("{");
        for (at, (key, node)) in tree.members.iter().enumerate() {
            if at > 0 {
                json.push(',');
            }
            json.push('"');
            let mut escaped = Vec::new();
            crate::value::escape_into(&mut escaped, key);
            json.push_str(&String::from_utf8_lossy(&escaped));
            json.push_str("\":");
            match node {
                Node::Constant(text) => json.push_str(text),
                Node::Object(inner) => json.push_str(&self.whole(inner)),
            }
        }
        json.push('}');
        json
    }
}
