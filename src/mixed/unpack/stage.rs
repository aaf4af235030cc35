//! A stage of the conversion of an input. The first bytes determine whether the stage converts the input.

use std::io::{self, Read};

/// A conversion of inputs of one form.
pub(super) trait Converter: Sized {
    /// Returns whether the first bytes of an input determine its form.
    fn is_enough(head: &[u8]) -> bool;

    /// Creates the converter of an input with these first bytes. Returns `None` for an input of another form.
    fn new(head: &[u8]) -> io::Result<Option<Self>>;

    /// Reads converted bytes. `input` continues after the first bytes. Returns 0 if there are no bytes now.
    fn read(&mut self, input: &mut impl Read, room: &mut [u8]) -> io::Result<usize>;
}

/// An input that is converted, if its first bytes have the form of `C`.
pub(super) struct Stage<R, C> {
    input: R,
    state: State<C>,
}

enum State<C> {
    /// The first bytes have not been inspected.
    Start(Head),
    /// The input has another form; the first bytes are given first.
    Plain(Head),
    Converted(Box<C>),
}

impl<R, C> Stage<R, C> {
    pub(super) fn new(input: R) -> Self {
        Self { input, state: State::Start(Head::default()) }
    }

    /// Creates a stage that does not convert the input.
    pub(super) fn plain(input: R) -> Self {
        Self { input, state: State::Plain(Head::default()) }
    }

    pub(super) fn is_converted(&self) -> bool {
        matches!(self.state, State::Converted(_))
    }

    /// Returns the converter, if the input is converted.
    #[cfg(unix)]
    pub(super) fn converter(&self) -> Option<&C> {
        match &self.state {
            State::Converted(converter) => Some(converter),
            _ => None,
        }
    }

    /// Returns the converter, as [`converter`](Self::converter), to change it.
    pub(super) fn converter_mut(&mut self) -> Option<&mut C> {
        match &mut self.state {
            State::Converted(converter) => Some(converter),
            _ => None,
        }
    }

    pub(super) fn input(&self) -> &R {
        &self.input
    }

    pub(super) fn input_mut(&mut self) -> &mut R {
        &mut self.input
    }

    pub(super) fn into_inner(self) -> R {
        self.input
    }
}

impl<R: Read, C: Converter> Stage<R, C> {
    /// Inspects the first bytes. Returns `false` if the input has no bytes now.
    fn start(&mut self) -> io::Result<bool> {
        let State::Start(head) = &mut self.state else { return Ok(true) };
        head.read(&mut self.input, C::is_enough)?;
        if head.bytes.is_empty() {
            return Ok(false);
        }
        self.state = match C::new(&head.bytes)? {
            Some(converter) => State::Converted(Box::new(converter)),
            None => State::Plain(std::mem::take(head)),
        };
        Ok(true)
    }
}

impl<R: Read, C: Converter> Read for Stage<R, C> {
    #[inline]
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if let State::Plain(head) = &mut self.state {
            let given = head.give(room);
            return if given > 0 { Ok(given) } else { self.input.read(room) };
        }
        if room.is_empty() || !self.start()? {
            return Ok(0);
        }
        match &mut self.state {
            State::Converted(converter) => converter.read(&mut self.input, room),
            _ => self.read(room),
        }
    }
}

/// The first bytes of an input, which are inspected before they are read.
#[derive(Default)]
struct Head {
    bytes: Vec<u8>,
    given: usize,
}

impl Head {
    /// Reads until `is_enough` accepts the bytes, or until the input has no more bytes.
    fn read(&mut self, input: &mut impl Read, is_enough: impl Fn(&[u8]) -> bool) -> io::Result<()> {
        while !is_enough(&self.bytes) {
            let mut room = [0; 64];
            let read = input.read(&mut room)?;
            if read == 0 {
                break;
            }
            self.bytes.extend_from_slice(room.get(..read).unwrap_or(&[]));
        }
        Ok(())
    }

    /// Copies the bytes that were not given.
    fn give(&mut self, room: &mut [u8]) -> usize {
        let rest = self.bytes.get(self.given..).unwrap_or(&[]);
        let len = rest.len().min(room.len());
        room[..len].copy_from_slice(&rest[..len]);
        self.given += len;
        len
    }
}
