//! Owns: the second company of the demo, where a hierarchy decides who may write to whom. Data only.

/// Slug and shown name of its tenant.
pub(super) const ERP: (&str, &str) = ("erp", "Groupe Valmont");

/// The matrix: a role, and the roles its users may write to.
pub(super) static MATRIX: [(&str, &[&str]); 3] =
    [("PDG", &["PDG", "DG", "Employé"]), ("DG", &["PDG", "DG", "Employé"]), ("Employé", &["DG", "Employé"])];

/// How the scripts call them, name, role.
pub(super) static PEOPLE: [(&str, &str, &str); 4] = [
    ("odile", "Odile Valmont", "PDG"),
    ("karim", "Karim Haddad", "DG"),
    ("julie", "Julie Petit", "Employé"),
    ("marc", "Marc Olivier", "Employé"),
];

/// What somebody of a role may do, for the list of sign-ins.
pub(super) fn may(role: &str) -> &'static str {
    match role {
        "Employé" => "writes to DG and Employé; writing to the PDG is refused",
        _ => "writes to everybody",
    }
}
