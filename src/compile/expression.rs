//! JSONata expressions: their code, and what their names are read from.
//!
//! Only the parts of `$states` that an expression reads are handed in, and variables by their slots; a name that stands
//! for nothing where it is written is left to the language, to which it is a built-in function or nothing. Must not know
//! how an expression is evaluated.

use super::Compiler;
use crate::asl::model::Jsonata;
use crate::jsonata::{self, Code, Dialect, References};
use crate::program::{
    ExpressionId, ExpressionUse, Global, GlobalSource, Instruction, NumberField, Source, Work,
};
use crate::value::Key;

/// What the expressions that are being compiled may read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scene {
    /// Where `$states.input` is.
    pub(super) input: Source,
    /// What else `$states` has.
    pub(super) work: Work,
}

impl Scene {
    /// Of fields that are evaluated before the state's work.
    pub(super) const BEFORE_WORK: Scene = Scene {
        input: Source::Input,
        work: Work::None,
    };
    /// Of fields that see `$states.result`.
    pub(super) const AFTER_WORK: Scene = Scene {
        input: Source::Input,
        work: Work::Result,
    };
    /// Of a catcher's fields.
    pub(super) const CATCH: Scene = Scene {
        input: Source::Input,
        work: Work::ErrorOutput,
    };
    /// Of an item processor's state that runs in the Map's frame.
    pub(super) const INLINE: Scene = Scene {
        input: Source::Data,
        work: Work::None,
    };
}

/// An expression's code, what the names that it is given are read from, and for what it was compiled.
pub(super) struct Ahead {
    pub(super) code: Code,
    pub(super) sources: Vec<GlobalSource>,
    scene: Scene,
}

/// The names that an expression is compiled with, and what each is read from.
struct Names {
    names: Vec<String>,
    sources: Vec<GlobalSource>,
}

impl Names {
    fn add(&mut self, name: String, source: GlobalSource) {
        self.names.push(name);
        self.sources.push(source);
    }
}

impl Compiler {
    /// Emits code that pushes an expression's value.
    pub(super) fn push_jsonata(&mut self, jsonata: &Jsonata) -> ExpressionId {
        let id = self.jsonata(jsonata);
        self.code.emit(Instruction::Expression(id));
        id
    }

    /// Emits code that pushes the number that a field's expression makes.
    pub(super) fn push_number(&mut self, jsonata: &Jsonata, field: NumberField) {
        let id = self.jsonata(jsonata);
        self.code.emit(Instruction::Number(id, field));
    }

    /// Emits code that pushes the state's input, for a field that is not there.
    pub(super) fn push_states_input(&mut self, field: &str) {
        let text = "$states.input";
        if let Ok(expression) = jsonata::parse(text) {
            let expression = Jsonata {
                field: field.to_owned(),
                text: text.to_owned(),
                expression: expression.into(),
            };
            self.push_jsonata(&expression);
        }
    }

    /// Adds a use of an expression.
    pub(super) fn jsonata(&mut self, jsonata: &Jsonata) -> ExpressionId {
        let ahead = self.ahead.remove(&std::ptr::from_ref(jsonata));
        let ahead = ahead.filter(|ahead| ahead.scene == self.scene);
        let Ahead {
            mut code, sources, ..
        } = ahead.unwrap_or_else(|| self.compiled(jsonata));
        code.link(&mut self.program.constants);
        let chains = self.found_chains(&code, &sources);
        let gathered = |from| Global {
            from,
            is_gathered: true,
        };
        let mut globals: Vec<Global> = sources.into_iter().map(gathered).collect();
        let missed = code.chains().zip(&chains).filter(|(_, place)| place.is_none());
        let missed = missed.filter_map(|(chain, _)| Some(chain?.0));
        for global in code.whole_reads().chain(missed) {
            globals[global].is_gathered = false;
        }
        self.note_context(&globals);
        let using = ExpressionUse {
            is_gathered: globals.iter().all(|global| global.is_gathered),
            found: chains.first().copied().flatten().filter(|_| code.is_chain()),
            chains,
            code,
            text: jsonata.text.as_str().into(),
            field: self.string(&jsonata.field),
            globals,
        };
        let id = ExpressionId(self.program.expressions.len() as u32);
        self.program.expressions.push(using);
        id
    }

    /// Compiles an expression before the code that it stands in.
    pub(super) fn compile_ahead(&mut self, jsonata: &Jsonata) -> &Ahead {
        let ahead = self.compiled(jsonata);
        let place = self.ahead.entry(jsonata).insert_entry(ahead);
        place.into_mut()
    }

    /// Returns an expression's code, each time anew.
    fn compiled(&mut self, jsonata: &Jsonata) -> Ahead {
        let names = self.names(&jsonata.expression.references());
        Ahead {
            code: code_of(jsonata, &names),
            sources: names.sources,
            scene: self.scene,
        }
    }

    /// Returns for each chain of a code where the walk before it leaves its value.
    fn found_chains(&self, code: &Code, sources: &[GlobalSource]) -> Vec<Option<u32>> {
        let place = |chain: Option<(usize, &[Key])>| {
            let (global, keys) = chain?;
            match sources[global] {
                GlobalSource::Of(source) => self.gathered_keys(keys.iter().map(Key::name), source),
                GlobalSource::States(_) => None,
            }
        };
        code.chains().map(place).collect()
    }

    /// Returns the names that an expression reads and that mean something here.
    fn names(&mut self, references: &References) -> Names {
        let mut names = Names {
            names: Vec::new(),
            sources: Vec::new(),
        };
        let scene = self.scene;
        if references.whole_states {
            names.add("states".into(), GlobalSource::States(scene.work));
        } else {
            for field in &references.states {
                let source = match (field.name.as_str(), scene.work) {
                    ("input", _) => scene.input,
                    ("context", _) => Source::Context,
                    ("result", Work::Result) | ("errorOutput", Work::ErrorOutput) => Source::Result,
                    _ => continue,
                };
                names.add(format!("states.{}", field.name), GlobalSource::Of(source));
            }
        }
        for variable in &references.variables {
            if let Some(source) = self.known_variable(&variable.name) {
                names.add(variable.name.clone(), GlobalSource::Of(source));
            }
        }
        names
    }

    fn note_context(&mut self, globals: &[Global]) {
        let reads = |global: &Global| {
            matches!(
                global.from,
                GlobalSource::Of(Source::Context) | GlobalSource::States(_)
            )
        };
        if globals.iter().any(reads) {
            self.program.uses_context = true;
            self.program.shows_execution = true;
        }
    }
}

/// Compiles an expression. What cannot be compiled was refused when the definition was checked.
fn code_of(jsonata: &Jsonata, names: &Names) -> Code {
    #[cfg(test)]
    tests::COMPILED.with_borrow_mut(|texts| texts.push(jsonata.text.clone()));
    let names: Vec<&str> = names.names.iter().map(String::as_str).collect();
    let compiled = jsonata.expression.compile(Dialect::States, &names);
    compiled.unwrap_or_else(|_| {
        let nothing = jsonata::compile("$nothing", Dialect::States, &[]);
        nothing.expect("a variable is an expression")
    })
}

#[cfg(test)]
mod tests {
    use crate::asl;
    use std::cell::RefCell;

    thread_local! {
        /// The expressions that were compiled on this thread.
        pub(super) static COMPILED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    /// An expression may be most of a megabyte: reading it twice would double the time that a definition takes to load.
    #[test]
    fn an_expression_is_compiled_once() {
        let definition = &r#"{"QueryLanguage":"JSONata","StartAt":"A","States":{
            "A":{"Type":"Pass","Assign":{"v":"{% $states.input.a1 %}","w":"{% $states.input.a2 + 1 %}"},
                "Output":{"x":["{% $states.input.o1 %}","{% $states.input.o2 %}"]},"Next":"B"},
            "B":{"Type":"Choice","Choices":[{"Condition":"{% $states.input.c1 %}","Next":"C","Output":"{% $v.c2 %}"},
                {"Condition":"{% $states.input.c3 %}","Next":"C"},{"Condition":true,"Next":"C"},
                {"Condition":"{% $states.input.c4 %}","Next":"C"}],"Output":{"c":"{% $states.input.c5 %}",
                    "long":"LONG"}},
            "C":{"Type":"Map","Items":"{% $states.input.m1 %}","MaxConcurrency":"{% $v.m2 %}",
                "ItemSelector":{"a":"{% $states.input.m3 %}","b":"{% $states.context.m4 %}"},
                "ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","Next":"J",
                    "Output":["{% $states.input.i1 %}","{% $states.input.i2 %}"]},"J":{"Type":"Succeed"}}},
                "Output":"{% $states.result.m5 %}","End":true}}}"#.replace("LONG", &"x".repeat(20_000));
        let source = asl::Source {
            name: "test",
            text: definition,
            format: asl::Format::Json,
        };
        let report = asl::check(&source, &asl::Options::default());
        let machine = report
            .machine
            .unwrap_or_else(|| panic!("{:#?}", report.diagnostics));
        COMPILED.with_borrow_mut(Vec::clear);
        crate::compile::compile(&machine);
        let mut texts = COMPILED.with_borrow(Vec::clone);
        texts.sort();
        let mut once = texts.clone();
        once.dedup();
        assert_eq!(texts, once);
        assert_eq!(texts.len(), definition.matches("{%").count());
    }
}
