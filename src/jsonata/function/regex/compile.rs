//! From a pattern's tree to instructions. Each part of the tree is emitted once, so their number is bounded
//! by the pattern's length.

use super::Flags;
use super::first::{First, entry, first, first_of};
use super::fold::canonical;
use super::program::{Instruction, Regex, Taker};
use super::syntax::{Node, Repeat, UNBOUNDED};

struct Compiler {
    instructions: Vec<Instruction>,
    takers: Vec<Taker>,
    flags: Flags,
    slots: u32,
}

pub(super) fn compile(tree: &Node, groups: u32, flags: Flags) -> Regex {
    let mut compiler = Compiler {
        instructions: Vec::new(),
        takers: Vec::new(),
        flags,
        slots: 2 * (groups + 1),
    };
    compiler.emit(tree, false, None);
    compiler.push(Instruction::Match);
    Regex {
        instructions: compiler.instructions.into(),
        takers: compiler.takers.into(),
        entry: entry(tree, flags.ignore_case, flags.multiline),
        ignore_case: flags.ignore_case,
        groups,
        slots: compiler.slots,
    }
}

impl Compiler {
    fn push(&mut self, instruction: Instruction) -> u32 {
        self.instructions.push(instruction);
        self.instructions.len() as u32 - 1
    }

    fn add(&mut self, instruction: Instruction) {
        self.push(instruction);
    }

    fn next(&self) -> u32 {
        self.instructions.len() as u32
    }

    /// Emits a part; `back` inside a look-behind, where texts are matched from their end. `follow` is what the
    /// text goes on with, if that is known.
    fn emit(&mut self, node: &Node, back: bool, follow: Option<First>) {
        if let Some(taker) = self.taker(node) {
            self.push(Instruction::Take { taker, back });
            return;
        }
        match node {
            Node::Start if self.flags.multiline => self.add(Instruction::LineStart),
            Node::Start => self.add(Instruction::Start),
            Node::End if self.flags.multiline => self.add(Instruction::LineEnd),
            Node::End => self.add(Instruction::End),
            Node::Boundary { negated } => self.add(Instruction::Boundary { negated: *negated }),
            Node::Backreference(group) => self.add(Instruction::Backreference { group: *group, back }),
            Node::Group(group, body) => self.group(*group, body, back, follow),
            Node::Look {
                is_behind,
                negated,
                body,
            } => self.look(body, *is_behind, *negated),
            Node::Concat(parts) if back => parts.iter().rev().for_each(|part| self.emit(part, back, None)),
            Node::Concat(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    let rest = &parts[index + 1..];
                    let follow = if rest.is_empty() {
                        follow
                    } else {
                        Some(first_of(rest, self.flags.ignore_case))
                    };
                    self.emit(part, back, follow);
                }
            }
            Node::Alternate(choices) => self.alternate(choices, back, follow),
            Node::Repeat(repeat) => self.repeat(repeat, back, follow),
            Node::Empty | Node::Char(_) | Node::Never | Node::Any | Node::Set(_) => {}
        }
    }

    fn group(&mut self, group: u32, body: &Node, back: bool, follow: Option<First>) {
        self.push(Instruction::Save(2 * group + u32::from(back)));
        self.emit(body, back, follow);
        self.push(Instruction::Save(2 * group + u32::from(!back)));
    }

    fn look(&mut self, body: &Node, is_behind: bool, negated: bool) {
        let look = self.push(Instruction::Look { negated, end: 0 });
        self.emit(body, is_behind, None);
        self.push(Instruction::LookEnd { negated });
        let end = self.next();
        self.instructions[look as usize] = Instruction::Look { negated, end };
    }

    /// Returns what takes one character, if that is what the part does.
    fn taker(&mut self, node: &Node) -> Option<u32> {
        let taker = match node {
            Node::Char(character) if self.flags.ignore_case => Taker::Folded(canonical(*character)),
            Node::Char(character) => Taker::Char(*character),
            Node::Never => Taker::Never,
            Node::Any => Taker::Any,
            Node::Set(set) => Taker::Set(set.clone()),
            _ => return None,
        };
        self.takers.push(taker);
        Some(self.takers.len() as u32 - 1)
    }

    fn alternate(&mut self, choices: &[Node], back: bool, follow: Option<First>) {
        let mut ends = Vec::new();
        let Some((last, others)) = choices.split_last() else {
            return;
        };
        for choice in others {
            let split = self.push(Instruction::Jump(0));
            self.emit(choice, back, follow);
            ends.push(self.push(Instruction::Jump(0)));
            let (first, second) = (split + 1, self.next());
            self.instructions[split as usize] = Instruction::Split { first, second };
        }
        self.emit(last, back, follow);
        let end = self.next();
        for jump in ends {
            self.instructions[jump as usize] = Instruction::Jump(end);
        }
    }

    fn repeat(&mut self, repeat: &Repeat, back: bool, follow: Option<First>) {
        if repeat.max == 0 {
            return;
        }
        if let Some(taker) = self.taker(&repeat.body) {
            let own = first(&repeat.body, self.flags.ignore_case);
            self.push(Instruction::Run {
                atomic: !back && follow.is_some_and(|follow| own.excludes(follow)),
                taker,
                min: repeat.min,
                max: repeat.max,
                greedy: repeat.greedy,
                back,
            });
        } else if repeat.body.may_be_empty() {
            self.counted_loop(repeat, back);
        } else if repeat.min == 1 && repeat.max == UNBOUNDED {
            self.loop_once(repeat, back);
        } else if repeat.min == 0 && matches!(repeat.max, 1 | UNBOUNDED) {
            self.simple_loop(repeat, back);
        } else {
            self.counted_loop(repeat, back);
        }
    }

    fn clear(&mut self, repeat: &Repeat) {
        if !repeat.groups.is_empty() {
            self.push(Instruction::Clear {
                from: 2 * repeat.groups.start,
                to: 2 * repeat.groups.end,
            });
        }
    }

    /// A loop whose rounds need no counting, since each takes a character.
    fn simple_loop(&mut self, repeat: &Repeat, back: bool) {
        let split = self.push(Instruction::Jump(0));
        self.clear(repeat);
        self.emit(&repeat.body, back, None);
        if repeat.max == UNBOUNDED {
            self.push(Instruction::Jump(split));
        }
        let (body, exit) = (split + 1, self.next());
        let (first, second) = if repeat.greedy { (body, exit) } else { (exit, body) };
        self.instructions[split as usize] = Instruction::Split { first, second };
    }

    /// A loop of one round at least, whose rounds take a character each.
    fn loop_once(&mut self, repeat: &Repeat, back: bool) {
        let body = self.next();
        self.clear(repeat);
        self.emit(&repeat.body, back, None);
        let exit = self.next() + 1;
        let (first, second) = if repeat.greedy { (body, exit) } else { (exit, body) };
        self.push(Instruction::Split { first, second });
    }

    fn counted_loop(&mut self, repeat: &Repeat, back: bool) {
        let register = self.slots;
        self.slots += 2;
        self.push(Instruction::LoopBegin { register });
        let test = self.push(Instruction::Jump(0));
        self.push(Instruction::LoopEnter { register });
        self.clear(repeat);
        self.emit(&repeat.body, back, None);
        let min = repeat.min;
        self.push(Instruction::LoopNext { register, min, test });
        self.instructions[test as usize] = Instruction::LoopTest {
            register,
            min,
            max: repeat.max,
            greedy: repeat.greedy,
            exit: self.next(),
        };
    }
}
