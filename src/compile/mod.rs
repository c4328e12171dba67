//! Compiles an accepted state machine to a flat program.
//!
//! Owns the translation and nothing that runs. The pipeline: scopes give every variable a slot
//! (`scope`); each state becomes a run of instructions (`state`), its templates postfix code
//! (`template`), its JSONata code of their own (`expression`), its Choice rules jumps or a table (`choice`); labels become places at the end
//! (`emit`); `usage` notes what may be known of a task before it runs. Must not know text positions: a definition that gets here has been accepted.

mod choice;
mod emit;
mod expression;
mod fuse;
mod gather;
mod inline;
mod leave;
mod scope;
mod state;
mod template;
mod usage;

use crate::asl::model::{Flow, Jsonata, StateMachine};
use crate::program::{FlowId, FlowInfo, Instruction, Pc, Program, StateId, StateInfo, StateType, Words};
use crate::value::Heap;
use emit::Code;
use expression::{Ahead, Scene};
use scope::Scope;
use std::collections::HashMap;

/// What the compiler may add for tools.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Emit [`Instruction::Trace`] and [`Instruction::Matched`], and fold nothing.
    pub trace: bool,
}

/// Compiles a state machine. Its tables are indexed by 32-bit numbers; a definition, which has at most a million
/// characters, cannot fill one.
pub fn compile(machine: &StateMachine) -> Program {
    compile_with(machine, Options::default())
}

/// Compiles a state machine with options.
pub fn compile_with(machine: &StateMachine, options: Options) -> Program {
    let mut constants = Heap::for_constants();
    let words = Words::add_to(&mut constants);
    let mut compiler = Compiler {
        program: Program {
            constants,
            words,
            code: Vec::new(),
            states: Vec::new(),
            flows: Vec::new(),
            paths: Vec::new(),
            calls: Vec::new(),
            formats: Vec::new(),
            expressions: Vec::new(),
            fused: Vec::new(),
            tests: Vec::new(),
            switches: Vec::new(),
            rejoins: Vec::new(),
            assigns: Vec::new(),
            tasks: Vec::new(),
            waits: Vec::new(),
            fails: Vec::new(),
            containers: Vec::new(),
            timeout_seconds: machine.timeout_seconds,
            gathers: Vec::new(),
            shapes: Vec::new(),
            shadows: Vec::new(),
            uses_context: false,
            shows_execution: false,
        },
        code: Code::default(),
        scopes: Vec::new(),
        current_flow: FlowId(0),
        constants: HashMap::new(),
        options,
        gathering: None,
        ahead: HashMap::new(),
        scene: Scene::BEFORE_WORK,
    };
    compiler.flow(&machine.flow);
    let Compiler {
        mut program, code, ..
    } = compiler;
    code.finish(&mut program);
    program.constants.pad();
    program
}

/// A program under construction.
struct Compiler {
    program: Program,
    code: Code,
    /// The scopes around what is being compiled, outermost first.
    scopes: Vec<Scope>,
    /// The innermost flow that is being compiled.
    current_flow: FlowId,
    /// Constants by their text, so that each is kept once.
    constants: HashMap<String, crate::value::ValueRef>,
    options: Options,
    /// The walk behind which paths are being compiled.
    gathering: Option<gather::Gathering>,
    /// Expressions that a walk was laid out for, compiled already.
    ahead: HashMap<*const Jsonata, Ahead>,
    /// What JSONata expressions see of the state.
    scene: Scene,
}

impl Compiler {
    /// Compiles a flow and everything inside it.
    fn flow(&mut self, flow: &Flow) -> FlowId {
        let id = FlowId(self.program.flows.len() as u32);
        let entry = self.code.label();
        self.program.flows.push(FlowInfo {
            entry,
            variables: Vec::new(),
        });
        self.scopes.push(Scope::of(flow));
        let around = std::mem::replace(&mut self.current_flow, id);
        let labels: HashMap<&str, Pc> = flow
            .states
            .iter()
            .map(|state| (state.name.as_str(), self.code.label()))
            .collect();
        self.program.flows[id.at()].entry = target(&labels, &flow.start_at);
        let chains = if self.options.trace {
            fuse::Chains::new()
        } else {
            fuse::chains(flow, !self.is_variable("merge"))
        };
        for state in &flow.states {
            self.state(state, &labels, chains.get(state.name.as_str()).map(Vec::as_slice));
        }
        self.current_flow = around;
        if let Some(scope) = self.scopes.pop() {
            self.program.flows[id.at()].variables = scope.into_names();
        }
        id
    }

    fn new_state(&mut self, name: &str, kind: StateType, enter: Pc) -> StateId {
        let id = StateId(self.program.states.len() as u32);
        let name_value = self.string(name);
        let body = self.code.label();
        self.code.emit(Instruction::Enter(id));
        self.code.place(body);
        self.program.states.push(StateInfo {
            name: name.into(),
            name_value,
            kind,
            flow: self.current_flow,
            enter,
            body,
            retriers: Vec::new(),
            catchers: Vec::new(),
        });
        id
    }
}

/// Returns the label of a state; validation has made sure that it is there.
fn target(labels: &HashMap<&str, Pc>, name: &str) -> Pc {
    labels.get(name).copied().unwrap_or(Pc(0))
}
