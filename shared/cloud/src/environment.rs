//! The environment, read once, refused with the full list of what is missing.

use std::collections::BTreeMap;
use std::sync::Mutex;
use thiserror::Error;

/// A process's environment. It holds secrets, and shows its names only.
#[derive(Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    missing: Mutex<Vec<String>>,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

/// What the environment lacks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the environment lacks {}; the deployment sets them (cdk/)", .0.join(", "))]
pub struct EnvironmentFaults(pub Vec<String>);

impl Environment {
    /// This process's.
    #[must_use]
    pub fn of_process() -> Self {
        Self::from(std::env::vars().collect::<BTreeMap<_, _>>())
    }

    /// The value of a variable, if it is set to something.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable that must be set; what is missing is remembered for [`Environment::check`].
    #[must_use]
    pub fn required(&self, name: &str) -> String {
        match self.get(name) {
            Some(value) => value.to_owned(),
            None => {
                self.missing.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(name.to_owned());
                String::new()
            }
        }
    }

    /// Whether all that was required is there.
    ///
    /// # Errors
    /// [`EnvironmentFaults`]: every name that is missing.
    pub fn check(&self) -> Result<(), EnvironmentFaults> {
        let missing = self.missing.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if missing.is_empty() { Ok(()) } else { Err(EnvironmentFaults(missing)) }
    }

    /// All variables.
    #[must_use]
    pub const fn all(&self) -> &BTreeMap<String, String> {
        &self.variables
    }
}

impl From<BTreeMap<String, String>> for Environment {
    fn from(variables: BTreeMap<String, String>) -> Self {
        Self { variables, missing: Mutex::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let given = BTreeMap::from([("A".to_owned(), "1".to_owned()), ("B".to_owned(), String::new())]);
        let environment = Environment::from(given);
        assert_eq!(format!("{environment:?}"), r#"{"A", "B"}"#);
        assert_eq!(environment.required("A"), "1");
        assert_eq!(environment.check(), Ok(()));
        let _ = (environment.required("B"), environment.required("C"));
        let faults = environment.check().unwrap_err();
        assert_eq!(faults, EnvironmentFaults(vec!["B".to_owned(), "C".to_owned()]));
        assert!(faults.to_string().contains("lacks B, C"));
    }
}
