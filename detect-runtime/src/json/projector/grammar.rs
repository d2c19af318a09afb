//! JSON's grammar between two values, and what it means for the layout.

use super::Parts;
use super::learned::OUTSIDE;
use crate::event::FieldId;
use crate::json::layout::{Flags, NodeId};
use crate::json::{Malformed, Reason, escape};

/// Where a walk is: what is open, and what may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(pub(super) u32);

/// What may come at a [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Expect {
    /// The object that is the line.
    Start,
    /// A comma or a closing bracket; outside of everything the end.
    After,
    /// A key, or the end of the object.
    Key,
    /// A value, or the end of the array.
    Value,
}

impl Place {
    pub(super) fn new(context: u32, expect: Expect) -> Place {
        Place(context << 2 | expect as u32)
    }

    pub(super) fn context(self) -> u32 {
        self.0 >> 2
    }

    pub(super) fn expect(self) -> Expect {
        match self.0 & 3 {
            0 => Expect::Start,
            1 => Expect::After,
            2 => Expect::Key,
            _ => Expect::Value,
        }
    }
}

/// What comes behind a piece of glue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum What {
    /// The text of a wanted string, its quote is part of the glue.
    Text,
    /// The text of another string.
    OtherText,
    /// A wanted number.
    Number,
    /// Another number.
    OtherNumber,
    /// Nothing: the glue ends with a wanted `true`.
    True,
    /// Nothing: the glue ends with a wanted `false`.
    False,
    /// The inside of an object or array without wanted fields.
    Skip,
    /// The same, and its text is wanted.
    KeepAndSkip,
    /// The inside of an object or array of which the text is wanted, too.
    Keep,
    /// The next piece of the same glue.
    More,
    /// The last piece of the same glue, which is empty: this one shows that there
    /// are objects at the paths of fields that want to know.
    Objects,
    /// The end of the line.
    End,
}

/// Where a walk has to stop because something comes that is no glue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    /// End of the glue.
    pub(super) at: usize,
    /// What comes.
    pub(super) what: What,
    /// Whose value; 0 if it has no field.
    pub(super) field: FieldId,
    /// Where the walk will be behind the value.
    pub(super) place: Place,
}

/// The state of one call of [`Parts::parse`].
struct Glue<'p, 't, 'l> {
    parts: &'p mut Parts<'t>,
    line: &'l [u8],
    at: usize,
    context: u32,
}

impl Parts<'_> {
    /// Parses glue from `at` on. Fields of which an object (with a member) comes
    /// to light on the way are left in `self.objects`.
    pub(super) fn parse(
        &mut self,
        line: &[u8],
        at: usize,
        place: Place,
    ) -> Result<Stop, Malformed> {
        self.objects.clear();
        let mut glue = Glue { parts: self, line, at, context: place.context() };
        let mut expect = place.expect();
        loop {
            match glue.step(expect)? {
                Step::Go(next) => expect = next,
                Step::Stop(stop) => return Ok(stop),
            }
        }
    }
}

/// What one step of the grammar leads to.
enum Step {
    Go(Expect),
    Stop(Stop),
}

impl Glue<'_, '_, '_> {
    fn step(&mut self, expect: Expect) -> Result<Step, Malformed> {
        self.space();
        match expect {
            Expect::Start => self.start(),
            Expect::After if self.context == OUTSIDE => self.end(),
            Expect::After => self.after(),
            Expect::Key if self.byte() == Some(b'}') => Ok(self.leave()),
            Expect::Key => self.member(true),
            Expect::Value if self.byte() == Some(b']') => Ok(self.leave()),
            Expect::Value => self.element(),
        }
    }

    fn start(&mut self) -> Result<Step, Malformed> {
        match self.byte() {
            Some(b'{') => {
                let root = self.parts.layout.root();
                self.enter(root, false)?;
                Ok(Step::Go(Expect::Key))
            }
            _ => Err(Reason::NotObject.at(self.at)),
        }
    }

    fn end(&mut self) -> Result<Step, Malformed> {
        match self.byte() {
            None => Ok(self.stop(What::End, None)),
            Some(_) => Err(Reason::Trailing.at(self.at)),
        }
    }

    fn after(&mut self) -> Result<Step, Malformed> {
        let array = self.parts.learned.context(self.context).array;
        match (self.byte(), array) {
            (Some(b','), false) => {
                self.at += 1;
                self.space();
                self.member(false)
            }
            (Some(b','), true) => {
                self.at += 1;
                self.space();
                self.element()
            }
            (Some(b'}'), false) | (Some(b']'), true) => Ok(self.leave()),
            _ => Err(self.unexpected()),
        }
    }

    /// A key and what follows it. `first`: it is the first of its object.
    fn member(&mut self, first: bool) -> Result<Step, Malformed> {
        if self.byte() != Some(b'"') {
            return Err(self.unexpected());
        }
        let start = self.at + 1;
        let end = self.parts.index.quotes().first(start);
        let Some(key) = self.line.get(start..end) else {
            return Err(Reason::UnterminatedString.at(self.at));
        };
        self.at = end + 1;
        self.space();
        if self.byte() != Some(b':') {
            return Err(self.unexpected());
        }
        self.at += 1;
        self.space();
        let node = self.parts.learned.context(self.context).node;
        if first {
            self.object(node);
        }
        let target = self.target(node, key);
        self.value(target)
    }

    fn element(&mut self) -> Result<Step, Malformed> {
        let node = self.parts.learned.context(self.context).node;
        self.value(Some(node))
    }

    /// The node that a key leads to. Nodes that a dotted key passes are objects
    /// with a member.
    fn target(&mut self, node: NodeId, key: &[u8]) -> Option<NodeId> {
        if !key.contains(&b'\\') {
            return self.follow(node, key);
        }
        let mut resolved = core::mem::take(&mut self.parts.key);
        resolved.clear();
        escape::append(core::str::from_utf8(key).unwrap_or_default(), &mut resolved);
        let target = self.follow(node, resolved.as_bytes());
        self.parts.key = resolved;
        target
    }

    /// The same for a key without escapes.
    fn follow(&mut self, mut node: NodeId, key: &[u8]) -> Option<NodeId> {
        let mut pieces = key.split(|&byte| byte == b'.').peekable();
        while let Some(piece) = pieces.next() {
            node = self.parts.layout.child(node, piece)?;
            if pieces.peek().is_some() {
                self.object(node);
            }
        }
        Some(node)
    }

    /// Notes that there is an object with a member at a node.
    fn object(&mut self, node: NodeId) {
        let node = self.parts.layout.node(node);
        if let Some(field) = node.field
            && node.flags.has(Flags::OBJECT)
            && !self.parts.objects.contains(&field)
        {
            self.parts.objects.push(field);
        }
    }

    fn value(&mut self, target: Option<NodeId>) -> Result<Step, Malformed> {
        let field = target.and_then(|node| self.parts.layout.node(node).field);
        match self.byte() {
            Some(b'"') => {
                self.at += 1;
                let what = if field.is_some() { What::Text } else { What::OtherText };
                Ok(self.stop(what, field))
            }
            Some(b'-' | b'0'..=b'9') => {
                let what = if field.is_some() { What::Number } else { What::OtherNumber };
                Ok(self.stop(what, field))
            }
            Some(b't') => self.literal(b"true", What::True, field),
            Some(b'f') => self.literal(b"false", What::False, field),
            Some(b'n') => self.literal(b"null", What::True, None),
            Some(b'{') => self.composite(target, false),
            Some(b'[') => self.composite(target, true),
            _ => Err(self.unexpected()),
        }
    }

    fn literal(
        &mut self,
        literal: &[u8],
        what: What,
        field: Option<FieldId>,
    ) -> Result<Step, Malformed> {
        if !self.line[self.at..].starts_with(literal) {
            return Err(self.unexpected());
        }
        self.at += literal.len();
        match field {
            Some(_) => Ok(self.stop(what, field)),
            None => Ok(Step::Go(Expect::After)),
        }
    }

    /// An object or array: entered if there may be something wanted in it, else
    /// skipped.
    fn composite(&mut self, target: Option<NodeId>, array: bool) -> Result<Step, Malformed> {
        let around = self.parts.learned.context(self.context);
        let node = target.map(|id| (id, self.parts.layout.node(id)));
        let keep = node.and_then(|(id, node)| {
            let inside = around.array && around.node == id;
            (node.flags.has(Flags::ELEMENTS) && !inside).then_some(node.field).flatten()
        });
        match node {
            Some((id, node)) if array || node.children => {
                self.enter(id, array)?;
                let expect = if array { Expect::Value } else { Expect::Key };
                match keep {
                    Some(field) => {
                        let place = Place::new(self.context, expect);
                        Ok(Step::Stop(Stop { at: self.at, what: What::Keep, field, place }))
                    }
                    None => Ok(Step::Go(expect)),
                }
            }
            _ => self.skip(target, keep),
        }
    }

    fn skip(&mut self, target: Option<NodeId>, keep: Option<FieldId>) -> Result<Step, Malformed> {
        let Some(&open) = self.line.get(self.at) else { return Err(self.unexpected()) };
        let start = self.at;
        let depth = self.parts.learned.context(self.context).depth;
        if depth as usize >= crate::json::MAX_DEPTH {
            return Err(Reason::TooDeep.at(start));
        }
        self.at += 1;
        self.space();
        if self.byte() == Some(open + 2) && keep.is_none() {
            self.at += 1;
            return Ok(Step::Go(Expect::After));
        }
        // That an object has members must be seen in the glue itself: so its
        // first quote is taken in where that matters.
        let flagged = target.is_some_and(|id| self.parts.layout.node(id).flags.has(Flags::OBJECT));
        match (target, self.byte()) {
            (Some(node), Some(b'"')) if flagged => {
                self.object(node);
                self.at += 1;
            }
            _ => self.at = start + 1,
        }
        let what = if keep.is_some() { What::KeepAndSkip } else { What::Skip };
        Ok(self.stop(what, keep))
    }

    fn stop(&self, what: What, field: Option<FieldId>) -> Step {
        Step::Stop(Stop {
            at: self.at,
            what,
            field: field.unwrap_or(0),
            place: Place::new(self.context, Expect::After),
        })
    }

    fn enter(&mut self, node: NodeId, array: bool) -> Result<(), Malformed> {
        match self.parts.learned.enter(self.context, node, array) {
            Some(context) => {
                self.context = context;
                self.at += 1;
                Ok(())
            }
            None => Err(Reason::TooDeep.at(self.at)),
        }
    }

    fn leave(&mut self) -> Step {
        self.context = self.parts.learned.leave(self.context);
        self.at += 1;
        Step::Go(Expect::After)
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.byte() {
            self.at += 1;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn unexpected(&self) -> Malformed {
        match self.byte() {
            Some(_) => Reason::Unexpected.at(self.at),
            None => Reason::Unterminated.at(self.at),
        }
    }
}

/// End of the number at `at`.
pub(super) fn number(line: &[u8], at: usize) -> Result<usize, Malformed> {
    let digits = |from: usize| {
        line.get(from..)
            .unwrap_or_default()
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .map_or(line.len(), |count| from + count)
    };
    let whole = at + usize::from(line.get(at) == Some(&b'-'));
    let mut end = digits(whole);
    let mut good = end > whole && (line[whole] != b'0' || end == whole + 1);
    if line.get(end) == Some(&b'.') {
        let fraction = end + 1;
        end = digits(fraction);
        good &= end > fraction;
    }
    if let Some(b'e' | b'E') = line.get(end) {
        let sign = usize::from(matches!(line.get(end + 1), Some(b'+' | b'-')));
        let exponent = end + 1 + sign;
        end = digits(exponent);
        good &= end > exponent;
    }
    if good && line.get(end).is_none_or(|&byte| ends_value(byte)) {
        Ok(end)
    } else {
        Err(Reason::Number.at(at))
    }
}

/// Whether a byte may stand right behind a value.
#[inline(always)]
pub(super) fn ends_value(byte: u8) -> bool {
    matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n')
}
