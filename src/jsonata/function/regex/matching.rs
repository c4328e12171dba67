//! Runs a compiled pattern over a text, with backtracking on an explicit stack.
//!
//! Invariant: every instruction, every character of a run and every frame that is taken back costs a step,
//! so the time is bounded by the steps that were granted; the memory by [`FRAMES_MAX`](super::FRAMES_MAX).

use super::fold::canonical;
use super::program::{Entry, Instruction, Regex, Taker};
use super::stack::{Frame, NONE, Scratch};
use crate::jsonata::Error;
use crate::jsonata::function::error::too_large;

impl Regex {
    /// Finds the first match that begins at `from` bytes or behind; [`Scratch::group`] says where.
    ///
    /// # Errors
    ///
    /// The bound of time when the steps are used up, the memory bound.
    pub fn find(&self, text: &str, from: usize, scratch: &mut Scratch) -> Result<bool, Error> {
        if u32::try_from(text.len()).is_err() {
            return Err(too_large());
        }
        let found = self.search(text, from, scratch);
        scratch.shrink();
        found
    }

    fn search(&self, text: &str, from: usize, scratch: &mut Scratch) -> Result<bool, Error> {
        scratch.groups = self.groups();
        let mut start = from;
        while let Some(position) = self.next_start(text, start, scratch)? {
            scratch.step(u64::from(self.slots) / 8)?;
            scratch.slots.clear();
            scratch.slots.resize(self.slots as usize, NONE);
            scratch.frames.clear();
            scratch.looks.clear();
            let mut matcher = Matcher {
                regex: self,
                text,
                scratch,
            };
            if let Some(end) = matcher.run(position as u32)? {
                scratch.slots[0] = position as u32;
                scratch.slots[1] = end;
                return Ok(true);
            }
            start = position + text[position..].chars().next().map_or(1, char::len_utf8);
        }
        Ok(false)
    }

    /// Returns the next place where a match can begin.
    fn next_start(&self, text: &str, start: usize, scratch: &mut Scratch) -> Result<Option<usize>, Error> {
        let Some(rest) = text.get(start..) else {
            return Ok(None);
        };
        let found = match &self.entry {
            Entry::Start => (start == 0).then_some(0),
            Entry::Anywhere => Some(0),
            Entry::Literal(literal) => rest.find(literal.as_ref()),
            Entry::Among { ascii, others } => rest.bytes().position(|byte| match byte {
                0..128 => ascii >> byte & 1 == 1,
                // The first byte of a character.
                192.. => *others,
                _ => false,
            }),
        };
        scratch.step(1 + found.unwrap_or(rest.len()) as u64 / 16)?;
        Ok(found.map(|index| start + index))
    }
}

struct Matcher<'a> {
    regex: &'a Regex,
    text: &'a str,
    scratch: &'a mut Scratch,
}

/// How an instruction ended: where to go on, or not at all.
type Way = Option<(u32, u32)>;

impl Matcher<'_> {
    /// Runs from a position; returns where the match ends.
    fn run(&mut self, start: u32) -> Result<Option<u32>, Error> {
        let (mut pc, mut position) = (0, start);
        loop {
            self.scratch.step(1)?;
            let way = match self.regex.instructions[pc as usize] {
                Instruction::Match => return Ok(Some(position)),
                instruction => self.execute(instruction, pc, position)?,
            };
            match way {
                Some((next, at)) => (pc, position) = (next, at),
                None => match self.backtrack()? {
                    Some((next, at)) => (pc, position) = (next, at),
                    None => return Ok(None),
                },
            }
        }
    }

    fn execute(&mut self, instruction: Instruction, pc: u32, position: u32) -> Result<Way, Error> {
        let next = pc + 1;
        let go_if = |condition: bool| condition.then_some((next, position));
        Ok(match instruction {
            Instruction::Take { taker, back } => self.take(taker, position, back).map(|at| (next, at)),
            Instruction::Run { .. } => self.begin_run(pc, position)?,
            Instruction::Split { first, second } => {
                self.scratch.push(Frame::Branch { pc: second, position })?;
                Some((first, position))
            }
            Instruction::Jump(target) => Some((target, position)),
            Instruction::Save(slot) => {
                self.scratch.set(slot, position)?;
                Some((next, position))
            }
            Instruction::Clear { from, to } => {
                self.scratch.step(u64::from(to - from))?;
                for slot in from..to {
                    self.scratch.set(slot, NONE)?;
                }
                Some((next, position))
            }
            Instruction::Start => go_if(position == 0),
            Instruction::End => go_if(position as usize == self.text.len()),
            Instruction::LineStart => go_if(self.before(position).is_none_or(is_line_end)),
            Instruction::LineEnd => go_if(self.after(position).is_none_or(is_line_end)),
            Instruction::Boundary { negated } => {
                let is_word = |character: Option<char>| character.is_some_and(is_word);
                let differs = is_word(self.before(position)) != is_word(self.after(position));
                go_if(differs != negated)
            }
            Instruction::Backreference { group, back } => {
                self.backreference(group, position, back)?.map(|at| (next, at))
            }
            Instruction::Look { negated, end } => {
                self.scratch.looks.push(self.scratch.frames.len() as u32);
                self.scratch.push(Frame::Look {
                    pc: end,
                    position,
                    negated,
                })?;
                Some((next, position))
            }
            Instruction::LookEnd { negated } => self.end_look(negated, next)?,
            Instruction::LoopBegin { register } => {
                self.scratch.set(register, 0)?;
                Some((next, position))
            }
            Instruction::LoopTest {
                register,
                min,
                max,
                greedy,
                exit,
            } => {
                let count = self.scratch.slot(register);
                if count < min {
                    Some((next, position))
                } else if count >= max {
                    Some((exit, position))
                } else {
                    let (first, second) = if greedy { (next, exit) } else { (exit, next) };
                    self.scratch.push(Frame::Branch { pc: second, position })?;
                    Some((first, position))
                }
            }
            Instruction::LoopEnter { register } => {
                let count = self.scratch.slot(register);
                self.scratch.set(register, count.saturating_add(1))?;
                self.scratch.set(register + 1, position)?;
                Some((next, position))
            }
            Instruction::LoopNext { register, min, test } => {
                let is_needed = self.scratch.slot(register) <= min;
                let took_nothing = self.scratch.slot(register + 1) == position;
                (is_needed || !took_nothing).then_some((test, position))
            }
            Instruction::Match => None,
        })
    }

    /// Goes back to the last place where there was another way.
    fn backtrack(&mut self) -> Result<Way, Error> {
        while let Some(frame) = self.scratch.frames.pop() {
            self.scratch.step(1)?;
            match frame {
                Frame::Branch { pc, position } => return Ok(Some((pc, position))),
                Frame::Restore { slot, value } => self.scratch.slots[slot as usize] = value,
                Frame::Shorten { pc, position, least } => {
                    if position != least {
                        return Ok(Some((pc + 1, self.shorten(pc, position, least)?)));
                    }
                }
                Frame::Extend { pc, position, count } => {
                    if let Some(way) = self.extend(pc, position, count)? {
                        return Ok(Some(way));
                    }
                }
                Frame::Look {
                    pc,
                    position,
                    negated,
                } => {
                    self.scratch.looks.pop();
                    if negated {
                        return Ok(Some((pc, position)));
                    }
                }
            }
        }
        Ok(None)
    }

    fn before(&self, position: u32) -> Option<char> {
        self.text.get(..position as usize)?.chars().next_back()
    }

    fn after(&self, position: u32) -> Option<char> {
        self.text.get(position as usize..)?.chars().next()
    }

    /// Takes one character; returns the position behind it, or before it if it goes back.
    fn take(&self, taker: u32, position: u32, back: bool) -> Option<u32> {
        let character = if back {
            self.before(position)
        } else {
            self.after(position)
        }?;
        let fits = match self.regex.takers.get(taker as usize)? {
            Taker::Char(expected) => character == *expected,
            Taker::Folded(expected) => canonical(character) == *expected,
            Taker::Any => !is_line_end(character),
            Taker::Set(set) => set.contains(character),
            Taker::Never => false,
        };
        let length = character.len_utf8() as u32;
        fits.then_some(if back {
            position - length
        } else {
            position + length
        })
    }

    /// Begins the run of the instruction at `pc`.
    fn begin_run(&mut self, pc: u32, start: u32) -> Result<Way, Error> {
        let Some(Instruction::Run {
            taker,
            min,
            max,
            greedy,
            back,
            atomic,
        }) = self.regex.instructions.get(pc as usize)
        else {
            return Ok(None);
        };
        let (least, count) = self.span(*taker, start, *min, *back);
        self.scratch.step(u64::from(count))?;
        if count < *min {
            return Ok(None);
        }
        if !greedy {
            if max > min {
                self.scratch.push(Frame::Extend {
                    pc,
                    position: least,
                    count: max - min,
                })?;
            }
            return Ok(Some((pc + 1, least)));
        }
        let (position, count) = self.span(*taker, least, max - min, *back);
        self.scratch.step(u64::from(count))?;
        if position != least && !atomic {
            self.scratch.push(Frame::Shorten { pc, position, least })?;
        }
        Ok(Some((pc + 1, position)))
    }

    /// Takes characters while they fit; returns where that ends, and how many there were.
    fn span(&self, taker: u32, start: u32, max: u32, back: bool) -> (u32, u32) {
        let ascii = self.regex.takers.get(taker as usize).map_or(0, Taker::ascii);
        let bytes = self.text.as_bytes();
        let (mut position, mut count) = (start, 0);
        while count < max {
            position = match bytes.get(position as usize) {
                Some(byte @ 0..128) if !back && ascii >> byte & 1 == 1 => position + 1,
                Some(0..128) | None if !back => break,
                _ => match self.take(taker, position, back) {
                    Some(next) => next,
                    None => break,
                },
            };
            count += 1;
        }
        (position, count)
    }

    /// Gives one character of a greedy run back.
    fn shorten(&mut self, pc: u32, position: u32, least: u32) -> Result<u32, Error> {
        let character = if least < position {
            self.before(position)
        } else {
            self.after(position)
        };
        let length = character.map_or(1, char::len_utf8) as u32;
        let position = if least < position {
            position - length
        } else {
            position + length
        };
        if position != least {
            self.scratch.push(Frame::Shorten { pc, position, least })?;
        }
        Ok(position)
    }

    /// Lets a lazy run take one character more.
    fn extend(&mut self, pc: u32, position: u32, count: u32) -> Result<Way, Error> {
        let Some(Instruction::Run { taker, back, .. }) = self.regex.instructions.get(pc as usize) else {
            return Ok(None);
        };
        let Some(position) = self.take(*taker, position, *back) else {
            return Ok(None);
        };
        if count > 1 {
            let count = count - 1;
            self.scratch.push(Frame::Extend { pc, position, count })?;
        }
        Ok(Some((pc + 1, position)))
    }

    /// Ends the body of a look that matched: the ways inside it are closed.
    fn end_look(&mut self, negated: bool, next: u32) -> Result<Way, Error> {
        let Some(look) = self.scratch.looks.pop().map(|look| look as usize) else {
            return Ok(None);
        };
        let count = self.scratch.frames.len() - look;
        self.scratch.step(count as u64)?;
        let Some(Frame::Look { position, .. }) = self.scratch.frames.get(look).copied() else {
            return Ok(None);
        };
        if negated {
            for frame in self.scratch.frames.drain(look..).rev() {
                if let Frame::Restore { slot, value } = frame {
                    self.scratch.slots[slot as usize] = value;
                }
            }
            return Ok(None);
        }
        // Groups keep what they matched, until going back beyond the look puts them back.
        let mut kept = look;
        for index in look + 1..self.scratch.frames.len() {
            if matches!(self.scratch.frames[index], Frame::Restore { .. }) {
                self.scratch.frames[kept] = self.scratch.frames[index];
                kept += 1;
            }
        }
        self.scratch.frames.truncate(kept);
        Ok(Some((next, position)))
    }

    /// Matches what a group matched; a group that took no part matches nothing, successfully.
    fn backreference(&mut self, group: u32, position: u32, back: bool) -> Result<Option<u32>, Error> {
        let (start, end) = (self.scratch.slot(2 * group), self.scratch.slot(2 * group + 1));
        if start == NONE || end == NONE {
            return Ok(Some(position));
        }
        let Some(captured) = self.text.get(start as usize..end as usize) else {
            return Ok(None);
        };
        self.scratch.step(captured.len() as u64)?;
        let same = |a: char, b: char| a == b || (self.regex.ignore_case && canonical(a) == canonical(b));
        let mut length = 0;
        let (head, tail) = self.text.split_at(position as usize);
        let (mut before, mut after) = (head.chars().rev(), tail.chars());
        let (mut forward, mut backward) = (captured.chars(), captured.chars().rev());
        loop {
            let expected = if back { backward.next() } else { forward.next() };
            let Some(expected) = expected else {
                return Ok(Some(if back {
                    position - length
                } else {
                    position + length
                }));
            };
            let found = if back { before.next() } else { after.next() };
            match found.filter(|found| same(*found, expected)) {
                Some(found) => length += found.len_utf8() as u32,
                None => return Ok(None),
            }
        }
    }
}

fn is_line_end(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}
