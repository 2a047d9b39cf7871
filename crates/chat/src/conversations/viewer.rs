//! Who looks at a conversation, as far as that decides what is seen of it: private notes, and what Parlor noted down for
//! the staff, are for the staff. Owns that rule, as a function and as SQL.

use crate::person::Actor;

/// Who looks at a conversation, as far as that decides what is seen of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// The staff.
    Staff,
    /// Everybody who reads it, contacts as well.
    Public,
}

impl Viewer {
    pub fn of(actor: &Actor) -> Viewer {
        if actor.is_staff() { Viewer::Staff } else { Viewer::Public }
    }

    /// What everybody sees who reads a message: a note is read by the staff only.
    pub fn of_readers(is_private: bool) -> Viewer {
        if is_private { Viewer::Staff } else { Viewer::Public }
    }

    /// The rule: whether they see a message.
    pub fn sees(self, is_private: bool) -> bool {
        self.is_staff() || !is_private
    }

    /// The parameter of the rule as SQL.
    pub fn is_staff(self) -> bool {
        self == Viewer::Staff
    }
}

/// The rule as SQL: whether the message of a row is seen, `$staff` being [`Viewer::is_staff`].
macro_rules! seen {
    ($message:literal, $staff:literal) => {
        concat!("(", $message, ".is_private = FALSE OR ", $staff, ")")
    };
}
pub(crate) use seen;

/// A place in the conversation of a row as it is seen: nobody is shown to stand at a message that one does not see.
macro_rules! seen_place {
    ($row:literal, $column:literal, $staff:literal) => {
        concat!(
            "(CASE WHEN ",
            $staff,
            " THEN ",
            $row,
            ".",
            $column,
            " ELSE COALESCE((SELECT n.seq FROM messages n
                WHERE n.tenant = ",
            $row,
            ".tenant AND n.conversation_id = ",
            $row,
            ".conversation_id
                  AND n.seq <= ",
            $row,
            ".",
            $column,
            " AND n.is_private = FALSE ORDER BY n.seq DESC LIMIT 1), 0) END)"
        )
    };
}
pub(crate) use seen_place;
