use rolegate::authz::Permit;

pub(crate) fn permit() -> Permit {
    Permit::local_only()
}
