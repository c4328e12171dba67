//! The text form of a program, for people.
//!
//! Owns how a program looks when it is printed; must not know the machine. The form is stable: tests
//! compare it with files in `tests/data/disasm/`. A program is a list of flows, a flow a list of states
//! in the order of the definition, a state its handlers and its instructions:
//!
//! ```text
//! top level, begins at 0 (Check)
//!   variables: $stock
//!
//! Check (Task)
//!     retry 0: States.Timeout: after 3 s, rate 2, 2 attempts
//!     catch 0: States.ALL -> 4
//!      0  Enter
//!      1  Path             $.order  ; for Payload.$
//!      2  Task             arn:aws:states:::lambda:invoke
//!                          integration lambda, invoke
//!                          timeout 10 s
//!      3  Exit             -> 6 (Enough)
//!      4  Put              $.error
//!      5  Exit             -> 11 (Cancel)
//!
//! Enough (Choice)
//!      6  Enter
//!      7  If               $.ordered NumericLessThanPath $stock (slot 0) -> 9
//! ```
//!
//! * An instruction has its place, its name as in [`Instruction`], and its operands, resolved: what
//!   indices refer to is written out. What an operand consists of follows on lines of its own.
//! * A jump is `-> place (State)`; the state is left out where the jump stays within it.
//! * A path stands as the definition has it. Where `$` is not the effective input, `of result` (or
//!   `input`, `output`) says what it is; a variable has its slot, and how many flows up that is.
//!   `[#3]` says that the `Gather` before it leaves its value at place 3. Behind `;` stands the field it was written for, which causes of errors name.
//! * A constant is its JSON text; a long one is cut, and its length told.
//! * A JSONata expression has a number, behind its text. Below the flows each stands once more with what its names are
//!   read from and its own code: place, nesting, instruction.

mod expression;
mod line;
mod show;
mod table;

use super::{Branches, FlowId, Instruction, Pc, Program, StateId};
use std::fmt;

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listing = Listing::new(self);
        if let Some(seconds) = self.timeout_seconds {
            writeln!(f, "times out after {seconds} s\n")?;
        }
        for flow in 0..self.flows.len() as u32 {
            listing.flow(f, FlowId(flow))?;
        }
        listing.expressions(f)
    }
}

/// A program with what is needed to print it.
struct Listing<'a> {
    program: &'a Program,
    /// The states by where they begin, ascending.
    begins: Vec<(Pc, StateId)>,
    /// What each flow is called.
    titles: Vec<String>,
}

impl<'a> Listing<'a> {
    fn new(program: &'a Program) -> Listing<'a> {
        let states = program.states.iter().enumerate();
        let mut begins: Vec<(Pc, StateId)> = states
            .map(|(at, state)| (state.enter, StateId(at as u32)))
            .collect();
        begins.sort();
        Listing {
            program,
            begins,
            titles: titles(program),
        }
    }

    fn flow(&self, f: &mut fmt::Formatter<'_>, id: FlowId) -> fmt::Result {
        let flow = &self.program.flows[id.at()];
        let gap = if id.at() > 0 { "\n" } else { "" };
        writeln!(
            f,
            "{gap}{}, begins at {}",
            self.titles[id.at()],
            self.place(flow.entry)
        )?;
        if !flow.variables.is_empty() {
            let names: Vec<String> = flow.variables.iter().map(|name| format!("${name}")).collect();
            writeln!(f, "  variables: {}", names.join(", "))?;
        }
        for (at, &(begin, state)) in self.begins.iter().enumerate() {
            if self.program.states[state.at()].flow == id {
                let next = self.begins.get(at + 1).map(|next| next.0.0 as usize);
                let end = next.unwrap_or(self.program.code.len());
                self.state(f, state, begin.0 as usize..end)?;
            }
        }
        Ok(())
    }

    fn state(&self, f: &mut fmt::Formatter<'_>, id: StateId, places: std::ops::Range<usize>) -> fmt::Result {
        let state = &self.program.states[id.at()];
        writeln!(f, "\n{} ({:?})", state.name, state.kind)?;
        for (at, retrier) in state.retriers.iter().enumerate() {
            writeln!(f, "    retry {at}: {}", table::retrier(retrier))?;
        }
        for (at, catcher) in state.catchers.iter().enumerate() {
            let errors = catcher.errors.join(", ");
            writeln!(
                f,
                "    catch {at}: {errors} {}",
                self.jump(catcher.target, Some(id))
            )?;
        }
        for at in places {
            self.instruction(f, at, id)?;
        }
        Ok(())
    }

    /// Writes one instruction: its first line of operands beside its name, the others below.
    fn instruction(&self, f: &mut fmt::Formatter<'_>, at: usize, within: StateId) -> fmt::Result {
        let instruction = self.program.code[at];
        let operands = self.operands(instruction, within);
        let mut lines = operands.iter();
        let first = lines.next().map_or("", String::as_str);
        let line = format!("  {at:5}  {:<16} {first}", name(instruction));
        writeln!(f, "{}", line.trim_end())?;
        lines.try_for_each(|line| writeln!(f, "{:26}{line}", ""))
    }

    /// Returns the state that a place belongs to.
    fn state_at(&self, place: Pc) -> Option<StateId> {
        let after = self.begins.partition_point(|(begin, _)| *begin <= place);
        Some(self.begins[after.checked_sub(1)?].1)
    }

    /// Shows a place with its state.
    fn place(&self, place: Pc) -> String {
        match self.state_at(place) {
            Some(state) => format!("{} ({})", place.0, self.program.state_name(state)),
            None => place.0.to_string(),
        }
    }

    /// Shows where it goes on; without the state where that is the one `within`.
    fn jump(&self, to: Pc, within: Option<StateId>) -> String {
        match self.state_at(to) {
            state if state.is_some() && state == within => format!("-> {}", to.0),
            _ => format!("-> {}", self.place(to)),
        }
    }
}

/// Returns the instruction's name without its operands.
fn name(instruction: Instruction) -> String {
    let text = format!("{instruction:?}");
    let end = text.find('(').unwrap_or(text.len());
    text[..end].to_owned()
}

/// Names the flows: the top level, and the others by the state that runs them.
fn titles(program: &Program) -> Vec<String> {
    let mut titles = vec![String::from("top level"); program.flows.len()];
    for container in &program.containers {
        let state = program.state_name(container.state);
        match &container.branches {
            Branches::Parallel(flows) => flows
                .iter()
                .enumerate()
                .for_each(|(at, flow)| titles[flow.at()] = format!("Branch {at} of {state}")),
            Branches::Map(map) => titles[map.flow.at()] = format!("Processor of {state}"),
        }
    }
    titles
}
