//! One client of an experiment, as small as can be: 24 bytes beside its scores.

use bellwether_core::treatment::Treatment;

/// A fact about a client that is true or not.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    /// A version that went live within the window gives the client another treatment, or one was seen.
    Moved,
    /// Another treatment was seen within the window.
    SeenMoved,
    /// As `Moved`, but of the arm: another model answers.
    MovedArm,
    /// As `SeenMoved`, but of the arm.
    SeenMovedArm,
    /// A prediction within the window was of high risk.
    HighRisk,
    /// The client is said to have left within the window.
    Churned,
    /// The client is said to have been there at the window's end.
    Stayed,
    /// The client is said to have left before the first prediction.
    ChurnedBefore,
}

/// What stands about a client in a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Given something else within the window.
    Moved,
    /// The window is not over.
    Immature,
    /// It is over, and nobody said what became of the client.
    Unknown,
    /// It is over, and this is known.
    Compared {
        /// Whether the client left within it.
        churned: bool,
    },
}

/// One client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    /// The first counting prediction, in milliseconds since 1970.
    pub(crate) exposed_at: i64,
    /// The lifetime value told then.
    pub(crate) ltv: f64,
    /// The setting of shares that held then.
    pub(crate) regime: u16,
    /// Position of the arm that answered; of no meaning unless `treatment` is a model's prediction.
    pub(crate) arm: u16,
    pub(crate) treatment: Treatment,
    marks: u8,
}

impl Client {
    pub(crate) fn new(exposed_at: i64, ltv: f64, regime: u16, treatment: Treatment, arm: u16) -> Self {
        Self { exposed_at, ltv, regime, arm, treatment, marks: 0 }
    }

    pub(crate) fn mark(&mut self, mark: Mark) {
        self.marks |= 1 << mark as u8;
    }

    pub(crate) fn is(&self, mark: Mark) -> bool {
        self.marks & (1 << mark as u8) != 0
    }

    /// What stands about the client at `as_of` with a window of so many milliseconds; as one of an arm's clients, or
    /// of a treatment's.
    pub(crate) fn standing(&self, at: Moment, of_arm: bool) -> Standing {
        if self.is(Mark::Moved) || of_arm && self.is(Mark::MovedArm) {
            Standing::Moved
        } else if self.exposed_at + at.window > at.as_of {
            Standing::Immature
        } else if self.is(Mark::Churned) {
            Standing::Compared { churned: true }
        } else if self.is(Mark::Stayed) || at.silence_is_stay {
            Standing::Compared { churned: false }
        } else {
            Standing::Unknown
        }
    }
}

/// What standing depends on beside the client; times in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) as_of: i64,
    pub(crate) window: i64,
    pub(crate) silence_is_stay: bool,
}
