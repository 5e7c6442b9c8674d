//! Linearizability by its definition: try every order. For a handful of operations.

use quorate_sim::history::{Answer, Operation, Outcome, Prefix, Request, Value};

/// Both registers of a key.
#[derive(Clone, Default)]
pub(crate) struct Registers {
    pub(crate) cell: Option<Value>,
    pub(crate) list: Vec<Value>,
}

impl Registers {
    pub(crate) fn prefix(&self) -> Prefix {
        self.list
            .iter()
            .fold(Prefix::EMPTY, |prefix, &value| prefix.then(value))
    }

    /// Carries a request out.
    pub(crate) fn carry_out(&mut self, request: Request) -> Answer {
        match request {
            Request::Get => Answer::Value(self.cell),
            Request::CompareAndSet { expected, .. } if expected != self.cell => Answer::Value(self.cell),
            Request::Put(value) | Request::CompareAndSet { new: value, .. } => {
                self.cell = Some(value);
                Answer::Done
            }
            Request::GetList => Answer::List(self.prefix()),
            Request::Append(value) => {
                self.list.push(value);
                Answer::List(self.prefix())
            }
        }
    }
}

/// Whether some order explains every answer, and ends as wanted.
pub(crate) fn explained(operations: &[Operation], wanted: &dyn Fn(&Registers) -> bool) -> bool {
    search(operations, &Registers::default(), wanted)
}

fn search(left: &[Operation], registers: &Registers, wanted: &dyn Fn(&Registers) -> bool) -> bool {
    let Some(first_end) = left.iter().filter_map(Operation::answered_at).min() else {
        return wanted(registers) || unknown_ones(left, registers, wanted);
    };
    left.iter().enumerate().any(|(at, operation)| {
        operation.called < first_end
            && carried_out(left, at, registers).is_some_and(|next| search(&next.0, &next.1, wanted))
    })
}

fn unknown_ones(left: &[Operation], registers: &Registers, wanted: &dyn Fn(&Registers) -> bool) -> bool {
    (0..left.len()).any(|at| carried_out(left, at, registers).is_some_and(|next| search(&next.0, &next.1, wanted)))
}

/// The rest, and the registers, after one operation took effect; none if it cannot be the next.
fn carried_out(left: &[Operation], at: usize, registers: &Registers) -> Option<(Vec<Operation>, Registers)> {
    let mut registers = registers.clone();
    let given = registers.carry_out(left[at].request);
    let fits = match left[at].outcome {
        Outcome::Answered { answer, .. } => answer == given,
        Outcome::Unknown => true,
        Outcome::Refused => false,
    };
    let mut rest = left.to_vec();
    rest.remove(at);
    fits.then_some((rest, registers))
}
