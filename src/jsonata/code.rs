//! The flat code of an expression.
//!
//! Owns the instructions and their tables. Operands stand on a stack; the context item (`$`) and the environment are
//! registers. Must not know trees or runs. Invariant: jumps lead to instructions of the same code, and what an
//! instruction names is in its table.

use super::function::signature::Signature;
use crate::value::{Heap, Key, ValueRef};

/// Where an instruction stands.
pub(super) type Address = u32;

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Op {
    /// Pushes nothing.
    Nothing,
    /// Pushes a constant.
    Constant(u32),
    /// Pushes a number.
    Number(u32),
    /// Pushes the context item.
    Context,
    /// Pushes a variable.
    Load(u32),
    /// Binds the value on top to a slot of an environment; the value stays.
    Bind {
        hops: u16,
        slot: u16,
    },
    /// Pushes the member of the context item; of an array, of all of its elements.
    Name(u32),
    /// Pushes what a path of names alone finds.
    Chain {
        first: u32,
        count: u32,
    },
    /// Pushes what a path of a variable and names finds.
    VariableChain(u32),
    /// Pushes all values of the context item.
    Wildcard,
    /// Pushes the context item and all below it.
    Descendants,
    /// Ends an expression: of a sequence of none nothing, of one the element.
    Close {
        keep: bool,
    },
    /// Pushes the context item as the input of a path.
    PathInput {
        variable: bool,
    },
    /// Replaces a path's sequence by what a name finds in it.
    StepName {
        key: u32,
        last: bool,
    },
    /// Replaces a path's input by the value of an array constructor or block that is its first step; a step that binds
    /// a focus is evaluated, and the input stays.
    StepFirst {
        body: Address,
        focus: bool,
    },
    /// Begins to evaluate a step for each element of the sequence on top.
    MapBegin {
        exit: Address,
    },
    /// Takes the step's value for one element and goes on to the next.
    MapEnd {
        body: Address,
        last: bool,
    },
    /// Leaves a path whose sequence is empty.
    JumpEmpty(Address),
    /// Keeps the path's result an array.
    KeepSingleton,
    /// Selects by a literal index.
    FilterIndex(u32),
    /// Begins to evaluate a predicate for each element.
    FilterBegin {
        exit: Address,
        scope: u32,
    },
    /// Takes the predicate's value for one element and goes on to the next.
    FilterEnd {
        body: Address,
        scope: u32,
    },
    /// A step whose results are tuples.
    TupleStep(u32),
    /// A sort as a step among tuples.
    TupleSort(u32),
    /// Replaces tuples by their values.
    TupleValues,
    /// Sorts the sequence on top.
    Sort(u32),
    /// Groups the sequence on top.
    Group(u32),
    /// Makes an object of the context item, keys known when it runs.
    Object(u32),
    /// Begins an object with constant keys; of an array as context item its elements are taken together.
    ObjectBegin,
    /// Makes an object of the values on the stack.
    ObjectEnd(u32),
    /// Makes an array of the values on the stack.
    Array {
        parts: u32,
        constructs: bool,
    },
    /// Arithmetic, comparison and the like on the two values on top.
    Binary(Operator),
    Negate,
    /// Replaces the value on top by whether it is true.
    ToBoolean,
    /// `and`, `or`: leaves the boolean and jumps when the left side decides.
    JumpIf {
        decided: bool,
        exit: Address,
    },
    /// Takes the value on top and jumps unless it is true.
    JumpUnless(Address),
    Jump(Address),
    /// Drops the value on top.
    Drop,
    /// Exchanges the two values on top.
    Swap,
    /// Fails where what a site calls, on top, is nothing, and is a function with a `$` in front: before its arguments
    /// are looked at.
    Missing(u32),
    /// Opens an environment with slots.
    Enter(u32),
    /// Closes it; unless a function has kept it, it is free.
    Leave {
        captured: bool,
    },
    /// Calls the function below its arguments.
    Call {
        count: u32,
        site: u32,
    },
    /// Calls a built-in function.
    CallBuiltin {
        id: u16,
        count: u16,
        site: u32,
    },
    /// Calls in place of the function that is running.
    TailCall {
        count: u32,
        site: u32,
    },
    /// Pushes a call that is still to be made.
    Thunk(Address),
    /// Applies a function to some of its arguments.
    Partial {
        site: u32,
        parts: u32,
    },
    /// `value ~> function`.
    Apply {
        site: u32,
    },
    /// Pushes a lambda.
    Lambda(u32),
    /// Pushes a regular expression.
    Regex(u32),
    /// Pushes a transformer.
    Transform(u32),
    /// Ends a body: its value is on top.
    Return,
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Concat,
    Range,
    In,
}

impl Operator {
    /// Returns the operator as it is written.
    pub(super) fn text(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
            Operator::Equal => "=",
            Operator::Unequal => "!=",
            Operator::Less => "<",
            Operator::LessEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterEqual => ">=",
            Operator::Concat => "&",
            Operator::Range => "..",
            Operator::In => "in",
        }
    }

    /// Returns the operator of a text.
    pub(super) fn of(text: &str) -> Option<Operator> {
        use Operator::*;
        let all = [
            Add,
            Subtract,
            Multiply,
            Divide,
            Remainder,
            Equal,
            Unequal,
            Less,
            LessEqual,
            Greater,
            GreaterEqual,
            Concat,
            Range,
            In,
        ];
        all.into_iter().find(|operator| operator.text() == text)
    }
}

/// Where a variable may be found, first to last: the first place that is bound has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Variable {
    pub(super) places: Vec<Place>,
    pub(super) last: Last,
}

/// A slot of an environment: how many environments outwards, and which of its slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) hops: u16,
    pub(super) slot: u16,
}

/// What a variable is when no environment has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Last {
    Nothing,
    /// A name that the caller may bind, and the built-in function that it is while it is not bound.
    Global(u32, Option<u16>),
    /// The document.
    Root,
    Builtin(u16),
}

/// A place where a function is called.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) position: u32,
    /// The function's name as written.
    pub(super) token: Option<Box<str>>,
    /// The variable of the same name, for the advice that a `$` may be missing.
    pub(super) meant: Option<u32>,
}

/// A path of a variable and names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChainCode {
    pub(super) variable: u32,
    pub(super) first: u32,
    pub(super) count: u32,
}

/// A predicate, or the numbering of what is left, behind a step among tuples.
#[derive(Clone, Copy, Debug)]
pub(super) enum StageCode {
    Number(f64),
    Filter { body: Address, scope: u32 },
    Index(u16),
}

/// A step whose results are tuples.
#[derive(Clone, Debug)]
pub(super) struct TupleStep {
    pub(super) first: bool,
    pub(super) body: Address,
    pub(super) scope: u32,
    pub(super) focus: Option<u16>,
    pub(super) index: Option<u16>,
    pub(super) ancestor: Option<u16>,
    pub(super) stages: Vec<StageCode>,
    /// The terms, if the step is a sort.
    pub(super) sort: Option<u32>,
}

/// An order-by clause.
#[derive(Clone, Debug)]
pub(super) struct SortCode {
    pub(super) terms: Vec<SortTerm>,
    pub(super) position: u32,
    pub(super) scope: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct SortTerm {
    pub(super) body: Address,
    pub(super) descending: bool,
}

/// A grouping clause, or an object constructor.
#[derive(Clone, Debug)]
pub(super) struct GroupCode {
    pub(super) pairs: Vec<(Address, Address)>,
    pub(super) position: u32,
    pub(super) scope: u32,
}

/// The names of an object with constant keys: decoded, and as constants.
#[derive(Clone, Debug)]
pub(super) struct ShapeCode {
    pub(super) names: Box<[Box<str>]>,
    pub(super) keys: Box<[u32]>,
}

/// A lambda.
#[derive(Clone, Debug)]
pub(super) struct LambdaCode {
    pub(super) body: Address,
    pub(super) parameters: u16,
    pub(super) slots: u16,
    pub(super) signature: Option<Signature>,
    /// How deep its nodes are nested.
    pub(super) depth: u32,
    /// Whether it makes functions that keep its environment.
    pub(super) captured: bool,
}

/// A transformer.
#[derive(Clone, Copy, Debug)]
pub(super) struct TransformCode {
    pub(super) pattern: Address,
    pub(super) update: Address,
    pub(super) delete: Option<Address>,
    pub(super) update_position: u32,
    pub(super) delete_position: u32,
    /// The variable `$clone`.
    pub(super) clone: u32,
    pub(super) position: u32,
}

/// A range of code in which an error takes the place and name of the operator around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guard {
    pub(super) start: Address,
    pub(super) end: Address,
    pub(super) position: u32,
    pub(super) token: &'static str,
}

/// What an instruction stands for in the text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    /// UTF-16 units up to the end of its token.
    pub(super) position: u32,
    /// How deep its node is nested in its body.
    pub(super) depth: u32,
}

/// A compiled expression.
///
/// Its constants are JSON texts until [`Code::link`] puts them into a heap of constants.
#[derive(Debug, Default)]
pub struct Code {
    pub(super) ops: Vec<Op>,
    pub(super) marks: Vec<Mark>,
    pub(super) guards: Vec<Guard>,
    /// Bodies that are entered from elsewhere.
    pub(super) bodies: Vec<(Address, Address)>,
    pub(super) constants: Vec<Box<str>>,
    pub(super) linked: Vec<ValueRef>,
    pub(super) numbers: Vec<f64>,
    pub(super) keys: Vec<Key>,
    pub(super) variables: Vec<Variable>,
    pub(super) chains: Vec<ChainCode>,
    pub(super) sites: Vec<Site>,
    pub(super) flags: Vec<Box<[bool]>>,
    pub(super) tuple_steps: Vec<TupleStep>,
    pub(super) sorts: Vec<SortCode>,
    pub(super) groups: Vec<GroupCode>,
    pub(super) shapes: Vec<ShapeCode>,
    pub(super) lambdas: Vec<LambdaCode>,
    pub(super) transforms: Vec<TransformCode>,
    pub(super) regexes: Vec<super::regex::Pattern>,
    /// How many slots a tuple has.
    pub(super) tuple_slots: u16,
    /// How many slots the outermost environment has.
    pub(super) root_slots: u16,
    /// How deep the nodes of the expression itself are nested.
    pub(super) depth: u32,
    /// What the expression uses that is not its input.
    pub(super) impure: bool,
    /// Whether the dialect is AWS's.
    pub(super) states: bool,
    /// Whether it may be evaluated without the machine.
    pub(super) quick: bool,
}

impl Code {
    /// Puts the constants into a heap of constants; needed once before the first evaluation.
    ///
    /// # Panics
    /// When the heap of constants is full.
    pub fn link(&mut self, heap: &mut Heap) {
        self.linked.clear();
        for text in &self.constants {
            let constant = heap.constant(text.as_bytes()).expect("a constant is JSON");
            self.linked.push(constant);
        }
    }

    /// Says whether two evaluations with the same values may differ: it asks for the time, a random number or an
    /// identifier.
    pub fn is_impure(&self) -> bool {
        self.impure
    }

    /// Says whether the value of a name that the caller binds, by its index, may be read.
    pub fn reads(&self, global: usize) -> bool {
        let mut variables = self.variables.iter();
        variables.any(|variable| matches!(variable.last, Last::Global(own, _) if own as usize == global))
    }

    /// Says whether the code is one path of [`Code::chains`] and nothing else.
    pub fn is_chain(&self) -> bool {
        self.ops == [Op::VariableChain(0), Op::Return]
    }

    /// Returns the names that the caller binds, by index, whose values may be read other than by a path of
    /// [`Code::chains`] with keys; a name may come more than once.
    pub fn whole_reads(&self) -> impl Iterator<Item = usize> {
        let loads = self.ops.iter().filter_map(|op| match op {
            Op::Load(variable) => Some(*variable),
            _ => None,
        });
        let copies = self.transforms.iter().map(|transform| transform.clone);
        let chains = self.chains.iter().filter(|chain| {
            let is_open = !self.variables[chain.variable as usize].places.is_empty();
            chain.count == 0 || is_open
        });
        let chains = chains.map(|chain| chain.variable);
        let global = |variable| match self.variables[variable as usize].last {
            Last::Global(global, _) => Some(global as usize),
            _ => None,
        };
        loads.chain(copies).chain(chains).filter_map(global)
    }

    /// Returns the paths that are a name of the caller and keys alone: the index of the name and the keys. Whoever
    /// has found their values hands them in by the same order, see [`super::Request::chains`].
    pub fn chains(&self) -> impl Iterator<Item = Option<(usize, &[Key])>> {
        self.chains.iter().map(|chain| {
            let variable = &self.variables[chain.variable as usize];
            match variable.last {
                Last::Global(global, _) if variable.places.is_empty() => {
                    let first = chain.first as usize;
                    Some((global as usize, &self.keys[first..first + chain.count as usize]))
                }
                _ => None,
            }
        })
    }

    /// Returns the address of the last instruction, which ends a body.
    pub(super) fn end(&self) -> usize {
        self.ops.len() - 1
    }

    /// Returns how deep the nodes of the expression are nested, without those of the functions that it calls.
    pub fn depth(&self) -> u32 {
        self.depth
    }
}
