//! Paths that are read together, those of JSONata expressions too: found in one walk over the value, not in one walk
//! each.
//!
//! `$.order.id`, `$.order.total` and `$.customer.name` share their beginnings, and finding any of them
//! looks at every member on the way, since the last of duplicate keys counts. One walk does for all.

use super::Compiler;
use crate::asl::model::{Choice, Comparison, Jsonata, OrPath, Template, Test};
use crate::intrinsic::{Argument, Call};
use crate::path::{Path, Root, Step};
use crate::program::{Gather, GatherId, GlobalSource, Instruction, Likely, ShapeId, Source};
use crate::value::Key;

/// Most paths that are worth a walk of their own; each is compared with every member.
const PATHS_MAX: usize = 24;
/// Most paths of a Choice that are found before its first test: it may need only that one.
const CHOICE_PATHS_MAX: usize = 6;
/// How many shapes are looked through for the one that a state is likely to read.
const SHAPES_MAX: usize = 64;
/// Longest path that is found in a walk.
const STEPS_MAX: usize = 8;

/// The walk whose paths are being compiled.
pub(super) struct Gathering {
    source: Source,
    tree: Vec<Entry>,
}

/// One key of the tree; `parent` is `None` at the root.
struct Entry {
    parent: Option<usize>,
    name: String,
}

impl Compiler {
    /// Emits a template's code, its paths found in one walk where that pays.
    pub(super) fn template(&mut self, template: &Template, data: Source) {
        let (mut paths, mut expressions) = (Vec::new(), Vec::new());
        of_template(template, &mut paths, &mut expressions);
        match expressions.is_empty() {
            true => self.gather(paths_of_keys(&paths), data, PATHS_MAX),
            false => self.gather_expressions(&expressions, PATHS_MAX),
        }
        self.template_part(template, data);
        self.gathering = None;
    }

    /// Emits the walk for what a Choice reads; its tests find their values there.
    pub(super) fn gather_choice(&mut self, choice: &Choice) {
        let (mut paths, mut expressions) = (Vec::new(), Vec::new());
        choice
            .rules
            .iter()
            .for_each(|rule| of_test(&rule.test, &mut paths, &mut expressions));
        match expressions.is_empty() {
            true => self.gather(paths_of_keys(&paths), Source::Data, CHOICE_PATHS_MAX),
            false => self.gather_expressions(&expressions, CHOICE_PATHS_MAX),
        }
    }

    /// Emits the walk for the chains of expressions: of what most of them begin at.
    fn gather_expressions(&mut self, expressions: &[&Jsonata], most: usize) {
        let mut chains: Vec<(Source, Vec<String>)> = Vec::new();
        for jsonata in expressions {
            let ahead = self.compile_ahead(jsonata);
            let (code, sources) = (&ahead.code, &ahead.sources);
            for (global, keys) in code.chains().flatten() {
                if let GlobalSource::Of(source @ (Source::Input | Source::Data | Source::Result)) =
                    sources[global]
                    && (1..=STEPS_MAX).contains(&keys.len())
                {
                    chains.push((source, keys.iter().map(|key| key.name().to_owned()).collect()));
                }
            }
        }
        let count = |source| chains.iter().filter(|(known, _)| *known == source).count();
        let input = self.scene.input;
        let source = match count(Source::Result) > count(input) {
            true => Source::Result,
            false => input,
        };
        let paths = chains.into_iter().filter(|(known, _)| *known == source);
        self.gather(paths.map(|(_, keys)| keys).collect(), source, most);
    }

    fn gather(&mut self, paths: Vec<Vec<String>>, source: Source, most: usize) {
        let mut tree = Vec::new();
        for path in &paths {
            let mut parent = None;
            for name in path {
                parent = Some(find(&tree, parent, name).unwrap_or_else(|| {
                    tree.push(Entry {
                        parent,
                        name: name.clone(),
                    });
                    tree.len() - 1
                }));
            }
            // Looked through for each path: no more of it than is of use.
            if tree.len() > most {
                return;
            }
        }
        if paths.len() < 2 || self.options.trace {
            return;
        }
        let mut gather = lay_out(&mut tree, source);
        gather.likely = self.likely(&tree[..gather.top as usize]);
        let id = GatherId(self.program.gathers.len() as u32);
        self.program.gathers.push(gather);
        self.code.emit(Instruction::Gather(id));
        self.gathering = Some(Gathering { source, tree });
    }

    /// Returns the latest shape that has all the keys: what a state reads is mostly what one before it built.
    fn likely(&mut self, keys: &[Entry]) -> Option<Likely> {
        let names: Vec<_> = keys.iter().map(|key| self.string(&key.name)).collect();
        let shapes = self.program.shapes.iter().enumerate().rev();
        shapes.take(SHAPES_MAX).find_map(|(at, shape)| {
            let place = |name| shape.keys().position(|key| key == name);
            let places: Option<Box<[u32]>> = names
                .iter()
                .map(|&name| place(name).map(|place| place as u32))
                .collect();
            Some(Likely {
                shape: ShapeId(at as u32),
                places: places?,
            })
        })
    }

    /// Returns where the current walk leaves the value of a path, if it does.
    pub(super) fn gathered(&self, path: &Path, source: Source) -> Option<u32> {
        self.gathered_keys(keys_of(path)?.into_iter(), source)
    }

    /// As [`Compiler::gathered`], by the keys of the path.
    pub(super) fn gathered_keys<'a>(
        &self,
        keys: impl Iterator<Item = &'a str>,
        source: Source,
    ) -> Option<u32> {
        let gathering = self
            .gathering
            .as_ref()
            .filter(|gathering| gathering.source == source)?;
        let mut found = None;
        for name in keys {
            found = Some(find(&gathering.tree, found, name)?);
        }
        found.map(|found| found as u32)
    }
}

/// Returns the keys of a path that can be found in a walk.
fn keys_of(path: &Path) -> Option<Vec<&str>> {
    if path.root != Root::Input || !(1..=STEPS_MAX).contains(&path.steps.len()) {
        return None;
    }
    let keys = path.steps.iter().map(|step| match step {
        Step::Key(name) => Some(name.as_str()),
        _ => None,
    });
    keys.collect()
}

fn paths_of_keys(paths: &[&Path]) -> Vec<Vec<String>> {
    let paths = paths.iter().filter_map(|path| keys_of(path));
    paths
        .map(|keys| keys.into_iter().map(str::to_owned).collect())
        .collect()
}

fn find(tree: &[Entry], parent: Option<usize>, name: &str) -> Option<usize> {
    tree.iter()
        .position(|entry| entry.parent == parent && entry.name == name)
}

/// Orders the tree so that siblings stand side by side, parents before children.
fn lay_out(tree: &mut Vec<Entry>, source: Source) -> Gather {
    let mut ordered: Vec<Entry> = Vec::with_capacity(tree.len());
    let mut old: Vec<usize> = Vec::with_capacity(tree.len());
    let mut parents = Vec::new();
    let add =
        |parent: Option<usize>, place: Option<usize>, ordered: &mut Vec<Entry>, old: &mut Vec<usize>| {
            let start = ordered.len() as u32;
            for (at, entry) in tree
                .iter()
                .enumerate()
                .filter(|(_, entry)| entry.parent == parent)
            {
                ordered.push(Entry {
                    parent: place,
                    name: entry.name.clone(),
                });
                old.push(at);
            }
            start..ordered.len() as u32
        };
    let top = add(None, None, &mut ordered, &mut old);
    let mut at = 0;
    while at < ordered.len() {
        let children = add(Some(old[at]), Some(at), &mut ordered, &mut old);
        if !children.is_empty() {
            parents.push((at as u32, children));
        }
        at += 1;
    }
    *tree = ordered;
    let keys = tree.iter().map(|entry| Key::new(&entry.name)).collect();
    Gather {
        source,
        keys,
        top: top.end,
        parents,
        likely: None,
    }
}

fn of_template<'a>(template: &'a Template, paths: &mut Vec<&'a Path>, expressions: &mut Vec<&'a Jsonata>) {
    let mut part = |part| of_template(part, paths, expressions);
    match template {
        Template::Constant(_) => {}
        Template::Jsonata(jsonata) => expressions.push(jsonata),
        Template::Path { path, .. } => paths.push(path),
        Template::Call { call, .. } => of_call(call, paths),
        Template::Object(members) => members.iter().for_each(|(_, member)| part(member)),
        Template::Array(elements) => elements.iter().for_each(part),
    }
}

fn of_call<'a>(call: &'a Call, paths: &mut Vec<&'a Path>) {
    for argument in &call.arguments {
        match argument {
            Argument::Path(path) => paths.push(path),
            Argument::Call(call) => of_call(call, paths),
            _ => {}
        }
    }
}

fn of_test<'a>(test: &'a Test, paths: &mut Vec<&'a Path>, expressions: &mut Vec<&'a Jsonata>) {
    match test {
        Test::And(tests) | Test::Or(tests) => tests.iter().for_each(|test| of_test(test, paths, expressions)),
        Test::Not(test) => of_test(test, paths, expressions),
        Test::Jsonata(jsonata) => expressions.push(jsonata),
        Test::Literal(_) => {}
        Test::Compare { variable, comparison } => {
            paths.push(variable);
            match comparison {
                Comparison::String(_, OrPath::Path(path))
                | Comparison::Numeric(_, OrPath::Path(path))
                | Comparison::Timestamp(_, OrPath::Path(path))
                | Comparison::Boolean(OrPath::Path(path)) => paths.push(path),
                _ => {}
            }
        }
    }
}
